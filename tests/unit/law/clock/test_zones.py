"""The time zones of countries and their parts, held against the list of the tz database itself."""

from __future__ import annotations

from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.zones import OF_COUNTRIES, OF_PARTS, usual_zone


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
