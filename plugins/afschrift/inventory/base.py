"""What all parts of the inventory share."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


def as_list(value: Any) -> Any:
    """One thing stands for a list of one."""
    return value if isinstance(value, list) or value is None else [value]


STRICT = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
"""A misspelt word in the inventory is a fault, not a silent default."""


class Part(BaseModel):
    """A small part of the inventory."""

    model_config = STRICT


class Text(Part):
    """A text in the languages of the service."""

    nl: str
    en: str

    def get(self, language: str) -> str:
        """The text in a language; Dutch where the language is not there."""
        return str(getattr(self, language, self.nl))
