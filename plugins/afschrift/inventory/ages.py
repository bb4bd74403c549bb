"""From which age somebody asks alone, by country: `include/law/ages.yml` (R16)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from afschrift.inventory.base import STRICT
from afschrift.inventory.document import Document
from afschrift.inventory.faults import InventoryError


class _Strict(BaseModel):
    model_config = STRICT


class AgeOfConsent(_Strict):
    """An age with where the law says so."""

    age: Annotated[int, Field(ge=13, le=21)]
    source: str


class _Ages(_Strict):
    default: AgeOfConsent
    countries: dict[Annotated[str, Field(pattern="^[A-Z]{2}$")], AgeOfConsent] = {}


def age_of_consent(file: Path, country: str) -> AgeOfConsent:
    """The age for a country, such as NL or DE-BY; for one that the file does not name, its default.

    Raises:
        InventoryError: lists every fault of the file with its line.
    """
    document = Document(file)
    ages = document.parse(_Ages)
    if ages is None or document.faults:
        raise InventoryError(document.faults)
    return ages.countries.get(country[:2].upper(), ages.default)
