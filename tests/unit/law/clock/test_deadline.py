"""The lawful clock: published examples, the traps of the calendar, and what always holds."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.law.clock.suspensions import countries, days, following

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.law.clock.calendar import Calendar, calendar
from afschrift.law.clock.deadline import Suspension, add_months, deadline, local_date

HERE = Path(__file__).parent
NL = calendar("NL")


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def due(row: dict[str, str]) -> date | None:
    place = calendar(row["country"])
    text = row["received"]
    received = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    day = local_date(received, row.get("zone") or place.zone or "UTC")
    suspended = [date.fromisoformat(part) for part in row["suspended"].split(":") if part]
    return deadline(
        day,
        place,
        suspensions=[Suspension(*suspended)] if suspended else [],
        extension_sent=day if row["extended"] == "yes" else None,
    ).due


@pytest.mark.parametrize("row", rows("deadlines.csv"), ids=lambda row: row["id"])
def test_vector(row: dict[str, str]) -> None:
    assert due(row) == date.fromisoformat(row["due"])


@pytest.mark.parametrize("row", rows("deadlines_of_wrong_methods.csv"), ids=lambda row: row["method"])
def test_a_wrong_method_is_not_ours(row: dict[str, str]) -> None:
    ours = due(row)
    assert ours == date.fromisoformat(row["due"])
    assert ours != date.fromisoformat(row["wrong"])


@given(days, countries, st.booleans())
def test_never_before_a_month_and_never_on_a_day_off(received: date, place: object, extended: bool) -> None:
    found = deadline(received, place, extension_sent=received if extended else None)  # type: ignore[arg-type]
    assert found.due is not None
    assert found.due >= add_months(received, 3 if extended else 1)
    assert found.due - add_months(received, 3 if extended else 1) <= timedelta(7)
    assert place.day_off(found.due) is None  # type: ignore[attr-defined]
    assert found.target < found.due
    assert place.day_off(found.target) is None  # type: ignore[attr-defined]
    assert place.not_settled(found.target) is None  # type: ignore[attr-defined]


@given(days, st.integers(0, 400), countries)
def test_who_comes_later_is_not_due_earlier(received: date, later: int, place: object) -> None:
    first = deadline(received, place).due  # type: ignore[arg-type]
    second = deadline(received + timedelta(later), place).due  # type: ignore[arg-type]
    assert first is not None
    assert second is not None
    assert first <= second


@given(days, st.lists(st.integers(0, 20), min_size=2, max_size=6).filter(lambda n: len(n) % 2 == 0))
def test_extensions_and_suspensions_never_shorten(received: date, gaps: list[int]) -> None:
    suspensions = following(received, gaps)
    plain = deadline(received, NL)
    suspended = deadline(received, NL, suspensions=suspensions)
    extended = deadline(received, NL, suspensions=suspensions, extension_sent=received)
    assert plain.due is not None
    assert suspended.due is not None
    assert extended.due is not None
    assert plain.due <= suspended.due < extended.due
    assert extended.notice_due == suspended.due


@given(days, st.integers(0, 40), st.integers(0, 200))
def test_extension_counts_if_sent_in_the_first_month(received: date, start: int, sent: int) -> None:
    found = deadline(received, NL, extension_sent=received + timedelta(sent))
    last = deadline(received, NL).due
    assert last is not None
    assert found.extended == (received + timedelta(sent) <= last)
    assert found.extended != ("extension_void:R41" in found.breaches)
    if not found.extended:
        assert found.due == last


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


def test_unsettled_day_off_counts_in_both_readings() -> None:
    """The bridge day of 15 May 2026 is decreed: Atw 3(3) makes it equal to a day off, and no more."""
    assert deadline(date(2026, 4, 14), NL).due == date(2026, 5, 15)
    bridge = calendar("nl", [date(2026, 5, 15)])
    found = deadline(date(2026, 4, 14), bridge)
    assert (found.due, found.notice_due, found.target) == (
        date(2026, 5, 15),
        date(2026, 5, 15),
        date(2026, 5, 13),
    )
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
    assert plain.due is not None
    assert settled.due is not None
    assert both.due == plain.due <= settled.due
    assert both.target <= plain.target


def test_question_after_the_last_day_is_named_as_a_breach() -> None:
    late = Suspension(date(2023, 1, 11), date(2023, 1, 29))
    found = deadline(date(2022, 12, 2), NL, suspensions=[late])
    assert found.due == date(2023, 1, 2)
    assert found.breaches == ("suspension_after_expiry:R42",)


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
    with pytest.raises(
        RefusedError, match=rf"{words} lies before the receipt of Wed 2025-03-05 \(R02\).*do: "
    ):
        deadline(date(2025, 3, 5), NL, **more)
    same_day = [Suspension(date(2025, 3, 5), date(2025, 3, 6))]
    assert deadline(date(2025, 3, 5), NL, suspensions=same_day, extension_sent=date(2025, 3, 5)).extended


def test_unknown_places() -> None:
    with pytest.raises(ConfigurationError, match="ISO 3166-1"):
        calendar("XX")
    with pytest.raises(ConfigurationError, match="ISO 3166-1"):
        calendar("NL-XX")
    with pytest.raises(ConfigurationError, match="IANA"):
        local_date(date(2025, 3, 5), "Europe/Atlantis")
    with pytest.raises(RefusedError, match="offset"):
        local_date(datetime(2025, 3, 5, 12), "Europe/Amsterdam")  # noqa: DTZ001


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001
def test_the_local_date_is_that_of_the_wall_clock(at: datetime) -> None:
    utc = at.replace(tzinfo=UTC)
    day = local_date(utc, "Europe/Amsterdam")
    assert timedelta(0) <= datetime.combine(day, at.time()) - at <= timedelta(1)


@given(days, st.integers(-300, 300))
def test_working_days_between(start: date, count: int) -> None:
    end = start + timedelta(count)
    assert NL.working_days(start, end) == -NL.working_days(end, start)


@given(days, st.integers(1, 20))
def test_so_many_working_days_before(day: date, count: int) -> None:
    earlier = NL.before(day, count)
    assert NL.day_off(earlier) is None
    assert NL.not_settled(earlier) is None
    between = (earlier + timedelta(n) for n in range(1, (day - earlier).days))
    assert sum(NL.day_off(day) is None and NL.not_settled(day) is None for day in between) == count - 1
