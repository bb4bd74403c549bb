"""Shared parts of the models of the inventory."""

from __future__ import annotations

import csv
from collections.abc import ItemsView
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from afschrift.domain.notation import ordered


def as_list(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


DRAFT, CONFIRMED = ".draft.yml", ".confirmed.yml"
"""Endings of the files that programs own, next to the hand-written one (`inventory.layers`)."""


def is_layer(path: Path) -> bool:
    """Whether a file is a draft or confirmations of another file."""
    return path.name.endswith((DRAFT, CONFIRMED))


STRICT = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
"""A misspelt word in the inventory is a fault, not a silent default."""


class Part(BaseModel):
    """A small part of the inventory."""

    model_config = STRICT


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("this is no time zone of the IANA list, such as Europe/Amsterdam") from None
    return value


Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone of the IANA list."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class Text(RootModel[Annotated[dict[Language, str], Field(min_length=1)]]):
    """A text in the languages of the service."""  # shown in the JSON Schema of every file

    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": False})

    @field_validator("root")
    @classmethod
    def _whole(cls, texts: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        """Put the leading language first; require every language of `context={"languages": ...}`."""
        offered = (info.context or {}).get("languages", ())
        if missing := [language for language in offered if language not in texts]:
            words = ", ".join(f"`{language}`" for language in missing)
            raise PydanticCustomError("language", "{words} is missing", {"words": words})
        return {language: texts[language] for language in ordered(texts)}

    def get(self, language: str) -> str:
        """Return the text in a language; if it is missing, in the leading one of those that are there."""
        return self.root.get(language, next(iter(self.root.values())))

    def items(self) -> ItemsView[str, str]:
        """Return language and text, the leading language first."""
        return self.root.items()


@cache
def fides_categories() -> dict[str, str]:
    """Return the data categories of the Fides taxonomy: key -> description (by tools/fides_table.py)."""
    table = files("afschrift.inventory") / "fides_categories.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {row["category"]: row["holds"] for row in rows}
