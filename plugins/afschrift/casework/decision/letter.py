"""The letter that a decision calls for, made of the words of its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.law.letter import LetterRow
from afschrift.letters.kinds import kind_named


def said_in(kind: str, elements: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the elements that a kind of letter says, and where it goes."""
    asked = {"to", *(element.name for element in kind_named(kind).asked)}
    return {name: value for name, value in elements.items() if name in asked}


def make_due(
    officer: Officer, request_id: str, kind: str, elements: Mapping[str, Any], *, keep: bool = True
) -> LetterRow | None:
    """Make the letter of a decision; None where it was only tried (`keep` is False).

    Raises:
        RefusedError, ConfigurationError: as for `letters.make.make`.
    """
    given = said_in(kind, elements)
    return make(officer.settings, officer.register, request_id, kind, given, officer.by, keep=keep).letter
