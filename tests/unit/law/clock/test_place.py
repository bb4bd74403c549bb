"""The time zones of countries and their parts, held against the list of the tz database itself."""

from datetime import date, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import holidays
import pytest
from tests.support.data import lines

from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.deadline import deadline
from afschrift.law.clock.place import OF_COUNTRIES, OF_PARTS, REVIEWED, remarks, usual_zone
from afschrift.law.clock.second_reading import YEARS, second_reading


def zones_of_countries() -> dict[str, set[str]]:
    """ISO 3166-1 code -> its zones, from `zone.tab`."""
    found: dict[str, set[str]] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            code, _, zone = line.split("\t")[:3]
            found.setdefault(code, set()).add(zone)
    return found


def test_each_country_has_one_of_its_zones_in_the_tz_database() -> None:
    known = zones_of_countries()
    for country, zone in OF_COUNTRIES.items():
        assert zone in known[country], country


def test_each_part_has_a_calendar_and_a_zone_that_is_not_its_country_s() -> None:
    anywhere = set().union(*zones_of_countries().values())
    for part, zone in OF_PARTS.items():
        calendar(part)
        assert zone != OF_COUNTRIES[part[:2]]
        assert zone is None or (zone in anywhere and ZoneInfo(zone))


def test_each_reviewed_calendar_has_vectors() -> None:
    assert {row["country"] for row in lines(__file__, "deadlines.csv")} >= REVIEWED


@pytest.mark.parametrize("row", lines(__file__, "places.csv"), ids=lambda row: row["country"])
def test_a_place_has_its_zone_and_names_what_is_not_reliable(row: dict[str, str]) -> None:
    country, known = row["country"], remarks(row["country"])
    assert (
        usual_zone(country) == calendar(country).zone == (row["zone"] or None)
    )  # none where there are several
    assert any(f"calendar of {country} was not reviewed" in remark for remark in known) is (country != "NL")
    holds = row["regulation_holds"] == "yes"
    assert any(f"not known to hold in {country}" in remark for remark in known) is not holds
    steps = deadline(date(2025, 3, 5), calendar(country)).steps
    assert steps[1 : 1 + len(known)] == known
    assert len(steps) > 1 + len(known)


STATES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905


DIFFERENT = {
    "BG": "2026-01-02 2026-05-25 2026-09-07 2026-12-28 2027-05-04 2027-12-27 2027-12-28",
    "CY": "2026-02-23 2026-02-24 2026-06-01 2027-03-15 2027-03-16 2027-06-21",
    "FI": "2026-06-19 2026-12-24 2027-06-25 2027-12-24",
    "GR": "2027-05-04",
    "HU": "2026-01-02 2026-08-21 2026-12-24 2027-12-24",
    "LV": "2026-01-02 2026-06-22",
    "SK": "2027-09-15",
}
"""Weekdays on which holidays 0.109 and date-holidays 3.37.0 differ; a newer release may change them."""


def test_each_member_state_was_read_twice_for_two_years() -> None:
    assert YEARS == (2026, 2027)
    for state in STATES:
        for year in YEARS:
            days = second_reading(state, year)
            assert days is not None
            assert 5 <= len(days) <= 16, (state, year)
    assert second_reading("CH", 2026) is second_reading("AT", 2030) is None


@pytest.mark.parametrize("state", [state for state in STATES if state != "NL"])
def test_a_day_off_is_settled_exactly_where_both_packages_say_so(state: str) -> None:
    place = calendar(state)
    first = holidays.country_holidays(state, years=YEARS, language="en_US")
    different = set()
    days = (date(YEARS[0], 1, 1) + timedelta(n) for n in range(366 * len(YEARS)))
    for day in (day for day in days if day.year in YEARS and day.weekday() < 5):
        second = second_reading(state, day.year)
        assert second is not None
        assert (place.day_off(day) is not None) is (day in first and day in second), day
        assert (place.not_settled(day) is not None) is ((day in first) is not (day in second)), day
        different |= {day} if place.not_settled(day) else set()
    assert " ".join(map(str, sorted(different))) == DIFFERENT.get(state, "")
    assert "date-holidays" in place.version


def test_earlier_reading_is_due_where_packages_differ() -> None:
    cyprus = deadline(date(2026, 5, 1), calendar("CY"))  # 1 June 2026: Pentecost Monday by one alone
    assert cyprus.due == date(2026, 6, 1)
    assert cyprus.target == date(2026, 5, 29)
    assert "Mon 2026-06-01 may be a day off (Pentecost Monday, by one of two packages)" in cyprus.steps[-1]
    both = deadline(date(2026, 1, 24), calendar("CY"))  # 24 February 2026 by the other alone
    assert both.due == date(2026, 2, 24)
    assert "(a day off by one of two packages)" in both.steps[-1]
    lapland = calendar("FI-10")  # a part of a state
    assert lapland.day_off(date(2026, 6, 19)) is None
    assert lapland.not_settled(date(2026, 6, 19))
    assert calendar("DE-BY").day_off(date(2026, 1, 6)) == "Epiphany"
    assert calendar("FI").day_off(date(2030, 12, 24)) == "Christmas Eve"  # a year of one package alone


def test_only_what_was_read_in_its_law_is_called_reviewed() -> None:
    assert {"NL"} == REVIEWED
    assert all("was not reviewed" in remarks(state)[0] for state in STATES if state != "NL")
    assert "date-holidays" not in calendar("NL").version
