"""Suspensions added to a period: no day before the last answer, and questions that were asked late."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.law.clock.suspensions import countries, days, following

from afschrift.law.clock.calendar import Calendar, calendar
from afschrift.law.clock.deadline import Period, Suspension, add_months, deadline

NL = calendar("NL")

gaps = st.lists(st.integers(0, 40), min_size=2, max_size=6).filter(lambda n: len(n) % 2 == 0)


@given(days, gaps, countries, st.booleans(), st.booleans())
def test_never_due_before_the_last_answer_that_counted(
    received: date, gaps: list[int], place: Calendar, extended: bool, public: bool
) -> None:
    suspensions = following(received, gaps)
    found = deadline(
        received,
        place,
        suspensions=suspensions,
        extension_sent=received if extended else None,
        public_body=public,
    )
    without = "suspension_after_expiry:R42" in found.breaches
    answered = [suspension.end for suspension in suspensions if suspension.end]
    assert found.due is not None
    assert without or found.due >= max(answered)
    assert place.day_off(found.due) is None
    assert found.target < found.due


@given(days, st.integers(0, 40), st.integers(0, 40), gaps, countries)
def test_later_receipt_with_same_questions_is_not_due_earlier(
    received: date, later: int, start: int, gaps: list[int], place: Calendar
) -> None:
    second = received + timedelta(later)
    suspensions = following(second + timedelta(start), gaps)
    first_due = deadline(received, place, suspensions=suspensions).due
    second_due = deadline(second, place, suspensions=suspensions).due
    assert first_due is not None
    assert second_due is not None
    assert first_due <= second_due


def test_the_target_keeps_the_reading_without_the_answer() -> None:
    """A month and 13 days end on Friday 18 April, before the answer of Sunday 20 April."""
    asked = Suspension(date(2025, 4, 7), date(2025, 4, 20))
    found = deadline(date(2025, 3, 5), NL, suspensions=[asked])
    assert (found.due, found.notice_due) == (date(2025, 4, 22), date(2025, 4, 22))
    assert found.target == date(2025, 4, 17)
    assert found.steps[-3:] == (
        "1 month after Wed 2025-03-05, and 13 days: Fri 2025-04-18.",
        "The answer came after that: not before Sun 2025-04-20 (R43).",
        "Not a working day (Sunday, Easter Monday): Tue 2025-04-22 (Reg. 1182/71, Art. 3(4)).",
    )


@pytest.mark.parametrize(
    ("received", "asked", "late"),
    [
        (date(2025, 3, 5), [(6, 10)], False),
        (date(2025, 3, 5), [(12, 14)], False),  # five working days
        (date(2025, 3, 5), [(13, 14)], True),
        (date(2025, 3, 5), [(6, 28), (31, 31)], False),  # promptly after the answer to the first
    ],
)
def test_late_question_counts_and_is_a_breach(
    received: date, asked: list[tuple[int, int]], late: bool
) -> None:
    waits = [Suspension(date(2025, 3, a), date(2025, 3, b)) for a, b in asked]
    found = deadline(received, NL, suspensions=waits)
    assert found.breaches == (("suspension_asked_late:R42",) if late else ())
    shift = timedelta(sum(b - a for a, b in asked))
    assert found.due == NL.roll(add_months(received, 1) + shift)[0]
    assert any("R42 wants it asked without delay" in step for step in found.steps) == late


def test_question_after_the_target_is_late() -> None:
    """Until the answer of Saturday 5 April the day is Monday the 7th, and the target Friday the 4th."""
    waits = [Suspension(date(2025, 4, 3), date(2025, 4, 5)), Suspension(date(2025, 4, 7), date(2025, 4, 8))]
    found = deadline(date(2025, 3, 5), NL, suspensions=waits)
    assert found.breaches == ("suspension_asked_late:R42",)
    assert "The question of Mon 2025-04-07 was sent after the target, Fri 2025-04-04" in "".join(found.steps)


def test_a_question_on_the_target_itself_is_not_after_it() -> None:
    """Until the answer of Thursday 3 April the day is Monday the 7th, and the target Friday the 4th."""
    waits = [Suspension(date(2025, 4, 1), date(2025, 4, 3)), Suspension(date(2025, 4, 4), date(2025, 4, 5))]
    steps = "".join(deadline(date(2025, 3, 5), NL, suspensions=waits).steps)
    assert "The question of Tue 2025-04-01 was sent" in steps
    assert "The question of Fri 2025-04-04 was sent" not in steps


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P2Y", Period(years=2)),
        ("P1Y6M", Period(years=1, months=6)),
        ("P3W", Period(weeks=3)),
        ("P30D", Period(days=30)),
        ("P0Y", None),
        ("P", None),
        ("PT1H", None),
        ("2 years", None),
        ("as long as necessary", None),
        ("", None),
    ],
)
def test_what_is_a_period(text: str, period: Period | None) -> None:
    assert Period.parse(text) == period


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("P2Y", date(2025, 3, 1), date(2027, 3, 1)),
        ("P1Y", date(2024, 2, 29), date(2025, 2, 28)),
        ("P1M", date(2026, 1, 31), date(2026, 2, 28)),
        ("P6M", date(2026, 6, 16), date(2026, 12, 16)),
        ("P1M1W1D", date(2026, 1, 31), date(2026, 3, 8)),
        ("P1Y", date(9999, 1, 1), None),
    ],
)
def test_when_it_ends(text: str, start: date, end: date | None) -> None:
    period = Period.parse(text)
    assert period is not None
    assert period.after(start) == end


@given(st.text())
def test_any_text_is_a_period_or_none(text: str) -> None:
    Period.parse(text)
