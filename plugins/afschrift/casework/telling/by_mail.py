"""The letter that tells of an answer, made and sent without a person: only to an address that is sure."""

from __future__ import annotations

from collections.abc import Callable

from afschrift.casework.identity.confirmed import identity_decision, mandate_decision
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, RefusedError
from afschrift.law.letter import LetterState
from afschrift.letters.mail_message import checked_address
from afschrift.register.register import Register

_NEEDS_WORDS = ("nothing_portable",)
"""Letters whose reasons a person writes (R56)."""


def tell_by_mail(officer: Officer, request_id: str, log: Callable[[str], None]) -> str | None:
    """Make the letter of the answer that is ready and send it; its id, or None where a person must tell.

    What keeps it from going is logged without the letter's words; the letter may lie in the outbox then.
    """
    untold = officer.register.facts.timeline(request_id).untold_answers
    if not untold or untold[-1].detail["letter"] in _NEEDS_WORDS:
        return None
    to = verified_address(officer.register, request_id)
    if to is None:
        return None
    try:
        letter = make(officer, request_id, untold[-1].detail["letter"], {"to": to}).letter
        assert letter is not None  # `make` keeps it
        sent = send(officer.settings, officer.register, letter.id, officer.by)
    except AfschriftError as error:
        log(f"Nobody was told by mail. {error}")
        return None
    if sent.state is not LetterState.SENT:
        log(f"Nobody was told by mail: letter {letter.id} is {sent.state} ({sent.bounce}).")
        return None
    return letter.id


def verified_address(register: Register, request_id: str) -> str | None:
    """The one e-mail address of the person that a channel had authenticated; None: none is sure.

    An address that was merely typed is none, and neither is one of a request that somebody else made for
    the person, or of a child that is answered through somebody else: who receives the answer is then for a
    person to say (R15, R16, R69).
    """
    if identity_decision(register, request_id) is None:
        return None
    if register.requests.made_by(request_id) != "self" or mandate_decision(register, request_id) is not None:
        return None
    found = {_address(key.value) for key in register.identities.verified(request_id)} - {None}
    return found.pop() if len(found) == 1 else None


def _address(value: str) -> str | None:
    try:
        return checked_address(value.strip())
    except RefusedError:
        return None
