"""The time zones of countries and their parts, held against the list of the tz database itself."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.deadline import deadline
from afschrift.law.clock.place import OF_COUNTRIES, OF_PARTS, REVIEWED, remarks, usual_zone


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


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("FR-GP", "America/Guadeloupe"),
        ("FR-971", "America/Guadeloupe"),
        ("FR-57", "Europe/Paris"),
        ("FR-PF", None),  # three zones
        ("DE-BE", "Europe/Berlin"),  # Berlin, not Belgium
        ("GB-SCT", "Europe/London"),
        ("BQ", "America/Kralendijk"),
        ("BQ-SAB", "America/Kralendijk"),
        ("US", None),
        ("US-NY", None),
    ],
)
def test_the_zone_of_a_place(country: str, zone: str | None) -> None:
    assert usual_zone(country) == zone
    assert calendar(country).zone == zone


HERE = Path(__file__).parent


def test_each_reviewed_calendar_has_vectors() -> None:
    with (HERE / "deadlines.csv").open(encoding="utf-8", newline="") as file:
        assert {row["country"] for row in csv.DictReader(file)} >= REVIEWED


@pytest.mark.parametrize(
    ("country", "reviewed", "holds"),
    [
        ("NL", True, True),
        ("DE", False, True),
        ("GB", False, True),
        ("DE-BY", False, True),
        ("AT", False, True),
        ("FR-GP", False, True),
        ("GP", False, True),
        ("FR-NC", False, False),
        ("BQ", False, False),
        ("CH", False, False),
        ("US", False, False),
        ("US-NY", False, False),
    ],
)
def test_steps_name_what_is_not_reliable(country: str, reviewed: bool, holds: bool) -> None:
    known = remarks(country)
    assert any(f"calendar of {country} was not reviewed" in remark for remark in known) is not reviewed
    assert any(f"not known to hold in {country}" in remark for remark in known) is not holds
    steps = deadline(date(2025, 3, 5), calendar(country)).steps
    assert steps[1 : 1 + len(known)] == known
    assert len(steps) > 1 + len(known)
