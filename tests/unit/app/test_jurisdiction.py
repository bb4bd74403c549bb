"""Hints of `afschrift inventory check` about the place whose law a controller follows."""

import pytest
from tests.unit.inventory.test_other_files import controller

from afschrift.app.jurisdiction import hints


def test_a_hint_where_the_zone_is_not_that_of_the_place() -> None:
    (hint,) = [hint for hint in hints(controller(country="FR-GP", zone="Europe/Paris")) if "`zone`" in hint]
    assert hint == (
        "controller.yml: `zone` is Europe/Paris, and the usual one of FR-GP is America/Guadeloupe. The day of "
        "receipt goes by `zone`: leave it out to follow the place."
    )
    assert hints(controller(country="NL")) == []  # a settled place


@pytest.mark.parametrize(
    ("country", "zone", "count"),
    [
        ("AT", "Europe/Vienna", 1),
        ("CH", "Europe/Zurich", 2),
        ("US-NY", "America/New_York", 2),
        ("BQ", "America/Kralendijk", 2),
    ],
)
def test_a_hint_about_an_unsettled_place(country: str, zone: str, count: int) -> None:
    found = hints(controller(country=country, zone=zone))
    assert len(found) == count
    assert found[0].startswith(f"controller.yml: `country`: The calendar of {country} was not reviewed")
