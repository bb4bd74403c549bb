"""`controller.yml`: the zone follows the country and its part, unless it is named."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from afschrift.inventory.organisation import Organisation

PLAIN: dict[str, Any] = {
    "name": "Winkel",
    "address": "Straat 1",
    "body": "private",
    "contact": "privacy@example.org",
    "languages": ["nl"],
    "authority": {"nl": "AP"},
    "authority_url": "https://example.org",
    "court": {"nl": "rechtbank"},
}


def controller(**more: str) -> Organisation:
    return Organisation.model_validate({**PLAIN, **more})


@pytest.mark.parametrize(
    ("country", "zone"),
    [("NL", "Europe/Amsterdam"), ("FR-GP", "America/Guadeloupe"), ("fr-gp", "America/Guadeloupe")],
)
def test_it_follows_the_place(country: str, zone: str) -> None:
    assert controller(country=country).zone == zone


def test_one_that_is_named_counts() -> None:
    assert controller(country="FR-GP", zone="Europe/Paris").zone == "Europe/Paris"


def test_a_place_with_several_zones_must_name_one() -> None:
    with pytest.raises(ValidationError, match="zone"):
        controller(country="US-NY")
    assert controller(country="US-NY", zone="America/New_York").zone == "America/New_York"


def test_the_schema_does_not_ask_for_it() -> None:
    assert "zone" not in Organisation.model_json_schema()["required"]
