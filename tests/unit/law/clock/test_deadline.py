"""The lawful clock: published examples, the traps of the calendar, and what always holds."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.data import lines

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.law.clock.calendar import Calendar, calendar
from afschrift.law.clock.deadline import Period, Suspension, add_months, deadline, local_date

NL = calendar("NL")
days = st.dates(date(2020, 1, 1), date(2045, 12, 31))
countries = st.sampled_from(["NL", "BE", "DE", "DE-BY", "FR", "GB", "GB-SCT", "AT", "IE", "LU"]).map(calendar)
gaps = st.lists(st.integers(0, 40), min_size=2, max_size=6).filter(lambda n: len(n) % 2 == 0)


def following(start: date, gaps: list[int]) -> list[Suspension]:
    """Suspensions after a day, each gap being the time to the next question or answer."""
    at, ends = start, []
    for gap in gaps:
        at += timedelta(gap)
        ends.append(at)
    return [Suspension(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True)]


def due(row: dict[str, str]) -> date | None:
    place = calendar(row["country"])
    text = row["received"]
    received = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    day = local_date(received, row.get("zone") or place.zone or "UTC")
    suspended = [date.fromisoformat(part) for part in row["suspended"].split(":") if part]
    suspensions = [Suspension(*suspended)] if suspended else []
    return deadline(
        day, place, suspensions=suspensions, extension_sent=day if row["extended"] == "yes" else None
    ).due


@pytest.mark.parametrize("row", lines(__file__, "deadlines.csv"), ids=lambda row: row["id"])
def test_vector(row: dict[str, str]) -> None:
    assert due(row) == date.fromisoformat(row["due"])


@pytest.mark.parametrize(
    "row", lines(__file__, "deadlines_of_wrong_methods.csv"), ids=lambda row: row["method"]
)
def test_a_wrong_method_is_not_ours(row: dict[str, str]) -> None:
    ours = due(row)
    assert ours == date.fromisoformat(row["due"])
    assert ours != date.fromisoformat(row["wrong"])


@given(days, countries, st.booleans())
def test_never_before_a_month_and_never_on_a_day_off(received: date, place: Calendar, extended: bool) -> None:
    found = deadline(received, place, extension_sent=received if extended else None)
    month = add_months(received, 3 if extended else 1)
    assert found.due is not None
    assert month <= found.due <= month + timedelta(7)
    assert place.day_off(found.due) is None
    assert found.target < found.due
    assert place.day_off(found.target) is None
    assert place.not_settled(found.target) is None


@given(days, gaps)
def test_extensions_and_suspensions_never_shorten(received: date, gaps: list[int]) -> None:
    suspensions = following(received, gaps)
    plain = deadline(received, NL)
    suspended = deadline(received, NL, suspensions=suspensions)
    extended = deadline(received, NL, suspensions=suspensions, extension_sent=received)
    assert None not in (plain.due, suspended.due, extended.due)
    assert plain.due <= suspended.due < extended.due  # type: ignore[operator]
    assert extended.notice_due == suspended.due


def test_suspended_request_has_no_due_date_but_a_target() -> None:
    found = deadline(date(2025, 3, 5), NL, suspensions=[Suspension(date(2025, 3, 6))])
    assert (found.due, found.notice_due) == (None, None)
    assert found.target == deadline(date(2025, 3, 5), NL).target == date(2025, 4, 4)
    assert not found.overdue(date(2030, 1, 1))
    extended = deadline(
        date(2025, 3, 5), NL, suspensions=[Suspension(date(2025, 3, 6))], extension_sent=date(2025, 6, 1)
    )
    assert extended.extended


def test_the_target_takes_the_earliest_reading() -> None:
    """Counted on, the period ends on Saturday 8 March; begun again on 5 February, on 5 March."""
    found = deadline(date(2025, 1, 28), NL, suspensions=[Suspension(date(2025, 1, 28), date(2025, 2, 5))])
    assert (found.due, found.target) == (date(2025, 3, 10), date(2025, 3, 4))


def test_a_public_body_counts_a_day_less() -> None:
    suspended = [Suspension(date(2025, 3, 6), date(2025, 3, 10))]
    found = deadline(date(2025, 3, 5), NL, suspensions=suspended, public_body=True)
    assert found.due == date(2025, 4, 8)
    same_day = [Suspension(date(2025, 3, 6), date(2025, 3, 6))]
    assert deadline(date(2025, 3, 5), NL, suspensions=same_day, public_body=True).due == date(2025, 4, 7)


def test_proof_of_identity_begins_the_period_in_the_uk() -> None:
    ends = (date(2025, 9, 5), date(2025, 9, 10))
    gb = calendar("GB")
    assert deadline(date(2025, 9, 1), gb, suspensions=[Suspension(*ends)]).due == date(2025, 10, 10)
    question = Suspension(*ends, identity=False)
    assert deadline(date(2025, 9, 1), gb, suspensions=[question]).due == date(2025, 10, 6)
    before = Suspension(date(2025, 9, 2), date(2025, 9, 4), identity=False)  # its days do not count twice
    assert deadline(date(2025, 9, 1), gb, suspensions=[before, Suspension(*ends)]).due == date(2025, 10, 10)


def test_unsettled_day_off_counts_in_both_readings() -> None:
    """The bridge day of 15 May 2026 is decreed: Atw 3(3) makes it equal to a day off, and no more."""
    assert deadline(date(2026, 4, 14), NL).due == date(2026, 5, 15)
    bridge = calendar("nl", [date(2026, 5, 15)])
    found = deadline(date(2026, 4, 14), bridge)
    assert found.due == found.notice_due == date(2026, 5, 15)
    assert found.target == date(2026, 5, 13)
    assert found.steps[-1] == (
        "Fri 2026-05-15 may be a day off (by decree), which is not settled: of two readings the earlier day is "
        "due, and not Mon 2026-05-18."
    )
    after = deadline(date(2026, 4, 18), bridge)  # a working day before Monday, whichever reading holds
    assert (after.due, after.target) == (date(2026, 5, 18), date(2026, 5, 13))
    augsburg = [date(2025, 8, 8)]
    assert deadline(date(2025, 7, 8), calendar("DE-BY", augsburg)).due == date(2025, 8, 11)
    assert deadline(date(2025, 7, 8), calendar("DE-BY", unsettled=augsburg)).due == date(2025, 8, 8)


def test_good_friday_is_not_settled_in_the_netherlands() -> None:
    found = deadline(date(2026, 3, 3), NL)
    assert (found.due, found.target) == (date(2026, 4, 3), date(2026, 4, 2))
    assert "Fri 2026-04-03 may be a day off (Good Friday), which is not settled" in found.steps[-1]
    assert deadline(date(2026, 3, 4), NL).target == date(2026, 4, 2)


@given(days, countries, st.lists(st.integers(0, 60), max_size=8), st.booleans())
def test_unsettled_day_never_makes_a_day_later(
    received: date, place: Calendar, after: list[int], extended: bool
) -> None:
    off = [received + timedelta(n) for n in after]
    sent = received if extended else None
    plain = deadline(received, place, extension_sent=sent)
    both = deadline(received, calendar(place.country, unsettled=off), extension_sent=sent)
    settled = deadline(received, calendar(place.country, off), extension_sent=sent)
    assert None not in (plain.due, settled.due)
    assert both.due == plain.due <= settled.due  # type: ignore[operator]
    assert both.target <= plain.target


def test_steps_explain_the_day() -> None:
    found = deadline(date(2026, 3, 20), NL, suspensions=[Suspension(date(2026, 3, 23), date(2026, 3, 30))])
    assert found.steps == (
        "Received on Fri 2026-03-20 (NL).",
        "Suspended from Mon 2026-03-23 to Mon 2026-03-30: 7 days (R42, R43).",
        "1 month after Fri 2026-03-20, and 7 days: Mon 2026-04-27.",
        "Not a working day (King's Day): Tue 2026-04-28 (Reg. 1182/71, Art. 3(4)).",
    )


@pytest.mark.parametrize(
    "suspensions",
    [
        [Suspension(date(2025, 3, 6), date(2025, 3, 5))],
        [Suspension(date(2025, 3, 6), date(2025, 3, 10)), Suspension(date(2025, 3, 9), date(2025, 3, 12))],
        [Suspension(date(2025, 3, 6)), Suspension(date(2025, 3, 9), date(2025, 3, 12))],
    ],
)
def test_suspensions_that_cannot_be(suspensions: list[Suspension]) -> None:
    with pytest.raises(RefusedError, match=r"\(R42\).*What to do"):
        deadline(date(2025, 3, 5), NL, suspensions=suspensions)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"suspensions": [Suspension(date(2025, 3, 4), date(2025, 3, 10))]}, "question of Tue 2025-03-04"),
        ({"suspensions": [Suspension(date(2025, 3, 4))]}, "question of Tue 2025-03-04"),
        ({"extension_sent": date(2025, 3, 4)}, "extension of Tue 2025-03-04"),
    ],
)
def test_nothing_is_asked_or_announced_before_the_receipt(more: dict[str, Any], words: str) -> None:
    refusal = rf"{words} lies before the receipt of Wed 2025-03-05 \(R02\).*do: "
    with pytest.raises(RefusedError, match=refusal):
        deadline(date(2025, 3, 5), NL, **more)
    same_day = [Suspension(date(2025, 3, 5), date(2025, 3, 6))]
    assert deadline(date(2025, 3, 5), NL, suspensions=same_day, extension_sent=date(2025, 3, 5)).extended


@pytest.mark.parametrize("place", ["XX", "NL-XX"])
def test_unknown_places(place: str) -> None:
    with pytest.raises(ConfigurationError, match="ISO 3166-1"):
        calendar(place)
    with pytest.raises(ConfigurationError, match="IANA"):
        local_date(date(2025, 3, 5), "Europe/Atlantis")
    with pytest.raises(RefusedError, match="offset"):
        local_date(datetime(2025, 3, 5, 12), "Europe/Amsterdam")  # noqa: DTZ001


@given(days, st.integers(-300, 300), st.integers(1, 20))
def test_working_days_between_and_before(start: date, days: int, count: int) -> None:
    end = start + timedelta(days)
    assert NL.working_days(start, end) == -NL.working_days(end, start)
    earlier = NL.before(start, count)
    assert NL.day_off(earlier) is None
    assert NL.not_settled(earlier) is None
    between = (earlier + timedelta(n) for n in range(1, (start - earlier).days))
    assert sum(NL.day_off(day) is None and NL.not_settled(day) is None for day in between) == count - 1


@given(days, gaps, countries, st.booleans(), st.booleans())
def test_never_due_before_the_last_answer_that_counted(
    received: date, gaps: list[int], place: Calendar, extended: bool, public: bool
) -> None:
    suspensions, sent = following(received, gaps), received if extended else None
    found = deadline(received, place, suspensions=suspensions, extension_sent=sent, public_body=public)
    without = "suspension_after_expiry:R42" in found.breaches
    answered = [suspension.end for suspension in suspensions if suspension.end]
    assert found.due is not None
    assert without or found.due >= max(answered)
    assert place.day_off(found.due) is None
    assert found.target < found.due


@given(days, st.integers(0, 40), st.integers(0, 40), gaps | st.just([]), countries)
def test_later_receipt_with_same_questions_is_not_due_earlier(
    received: date, later: int, start: int, gaps: list[int], place: Calendar
) -> None:
    second = received + timedelta(later)
    suspensions = following(second + timedelta(start), gaps)
    dues = [deadline(day, place, suspensions=suspensions).due for day in (received, second)]
    assert None not in dues
    assert dues[0] <= dues[1]  # type: ignore[operator]


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
def test_late_question_counts_as_a_breach(received: date, asked: list[tuple[int, int]], late: bool) -> None:
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


def test_what_is_a_period() -> None:
    periods = {"P2Y": Period(years=2), "P1Y6M": Period(years=1, months=6), "P3W": Period(weeks=3)}
    periods["P30D"] = Period(days=30)
    assert {text: Period.parse(text) for text in periods} == periods
    for text in ("P0Y", "P", "PT1H", "2 years", "as long as necessary", ""):
        assert Period.parse(text) is None


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


@pytest.mark.parametrize("text", ["P1D", "P3W", "P1M", "P13M", "P1Y", "P7Y1M3D", "P999Y"])
@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 3, 1), date(2026, 12, 31)])
def test_last_day_from_which_it_is_over(text: str, today: date) -> None:
    period = Period.parse(text)
    assert period is not None
    last = period.last_over(today)
    ends = [period.after(last + timedelta(days=days)) for days in (0, 1)]
    assert None not in ends
    assert ends[0] <= today < ends[1]  # type: ignore[operator]
