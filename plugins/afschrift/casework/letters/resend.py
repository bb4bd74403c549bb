"""A letter that came back, made anew with the words of its decision: only a sent one counts (R45)."""

from __future__ import annotations

from collections.abc import Mapping

from afschrift.casework.decision.answer import DecisionService
from afschrift.casework.decision.letter import said_in
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError
from afschrift.law.letter import LetterRow, LetterState


def again(
    officer: Officer, letter_id: str, *, to: str | None = None, authority: Mapping[str, str] | None = None
) -> LetterRow:
    """Make a letter of a decision anew.

    Args:
        officer: who makes it.
        letter_id: of the one that came back.
        to: another e-mail address; None: as the decision has it.
        authority: the role in which they do.

    Raises:
        UnknownRequestError: no such letter.
        RefusedError: it did not come back, or the last decision in force calls for another letter or none.
        ConfigurationError: grounds, inventory or texts cannot be used.
    """
    old = officer.register.letters.get(letter_id)
    if old.state is not LetterState.BOUNCED:
        raise RefusedError(
            f"Letter {letter_id} is {old.state}: it did not come back.",
            remedy="`afschrift letter bounced` enters that it did.",
        )
    due = DecisionService(officer).letter_due(old.request)
    if due is None or due[0] != old.kind:
        raise RefusedError(
            f"No decision in force calls for a letter '{old.kind}'.",
            remedy=f"`afschrift letter make {old.request} {old.kind}` asks for what it says.",
        )
    kind, elements = due
    given = said_in(kind, elements) | ({"to": to} if to else {})
    made = make(officer, old.request, kind, given, authority=authority)
    assert made.letter is not None  # `make` keeps it
    return made.letter
