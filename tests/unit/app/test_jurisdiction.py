"""What `afschrift inventory check` says of where a controller must act."""

from __future__ import annotations

import pytest
from tests.unit.inventory.test_controller_zone import controller

from afschrift.app.jurisdiction import hints


def test_another_zone_than_the_place_s_is_said() -> None:
    (hint,) = [one for one in hints(controller(country="FR-GP", zone="Europe/Paris")) if "`zone`" in one]
    assert hint == (
        "controller.yml: `zone` is Europe/Paris, and the usual one of FR-GP is America/Guadeloupe. The day of "
        "receipt goes by `zone`: leave it out to follow the place."
    )


def test_nothing_is_said_of_a_place_that_is_firm() -> None:
    assert hints(controller(country="NL")) == []


@pytest.mark.parametrize(
    ("country", "zone", "told"),
    [
        ("AT", "Europe/Vienna", 1),
        ("CH", "Europe/Zurich", 2),
        ("US-NY", "America/New_York", 2),
        ("BQ", "America/Kralendijk", 2),
    ],
)
def test_a_place_that_is_not_firm_is_said(country: str, zone: str, told: int) -> None:
    found = hints(controller(country=country, zone=zone))
    assert len(found) == told
    assert found[0].startswith(f"controller.yml: `country`: The calendar of {country} was not reviewed")
