"""The letter that a decision calls for, made of the words of its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError
from afschrift.law.letter import LetterRow
from afschrift.letters.kinds import kind_named
from afschrift.questions.kind import Answered


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
    return make(officer, request_id, kind, said_in(kind, elements), keep=keep).letter


def with_letter(officer: Officer, done: Answered, due: tuple[str, Mapping[str, Any]] | None) -> Answered:
    """Make the letter that must go out now (kind and elements), where there is one.

    It is recorded that it is due, so one that cannot be made now is made by a person.
    """
    if due is None:
        return done
    kind, elements = due
    try:
        letter = make_due(officer, done.request, kind, elements)
    except AfschriftError as error:
        said = f"The letter '{kind}' could not be made: {error} Then `afschrift letter make`; it must go out."
        return replace(done, said=said)
    assert letter is not None  # kept
    said = f"Letter {letter.id} ({kind}) is made and must be sent: `afschrift letter send {letter.id}`."
    return replace(done, letter=letter.id, said=said)
