"""To which party of a case a letter goes, and how it names whose data it is about (R15, R16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from afschrift.casework.identity.confirmed import mandate_decision, mandate_is_over
from afschrift.casework.identity.question import MINOR, WITH_REPRESENTATIVE
from afschrift.domain.errors import FormError, RefusedError
from afschrift.domain.request import Request
from afschrift.law.person import PARTIES
from afschrift.letters.kinds import LetterKind
from afschrift.letters.mail_message import checked_address
from afschrift.register.register import Register

PERSON, REPRESENTATIVE, HEIR = PARTIES
ENDS_BEFORE_IDENTITY = ("refusal", "cannot_identify")
"""Answers that may go to a requester who is not identified."""
WITH_BUNDLE = ("delivery", "partial_delivery", "supplement")
"""Letters that say where a bundle is."""


@dataclass(frozen=True)
class Addressee:
    """The party that a letter goes to.

    Attributes:
        role: one of `PARTIES`.
        requester: the letter goes to the party that made the request.
        proven: it is the person, or its authority is proven.
        relation: to the person concerned, by which `texts.yml` chooses its words.
        parties: name of a field -> value, by role.
    """

    role: str
    requester: bool
    proven: bool
    relation: str
    parties: Mapping[str, Mapping[str, str]] = field(repr=False)

    @property
    def party(self) -> Mapping[str, str]:
        """How to reach them; empty where nothing was recorded."""
        return self.parties.get(self.role, {})

    def name(self, role: str) -> str:
        """The name of a party, or of its organisation; empty: not known."""
        party = self.parties.get(role, {})
        return party.get("name") or party.get("organisation", "")

    @property
    def block(self) -> list[str]:
        """Lines of the address block: who, and where."""
        party = self.party
        where = party.get("address", "").splitlines()
        return [line.strip() for line in (party.get("name"), party.get("organisation"), *where) if line]

    @property
    def shares_address(self) -> bool:
        """Whether another party may open the post of this one."""
        mine = _plain(self.party.get("address", ""))
        others = (party for role, party in self.parties.items() if role != self.role)
        return bool(mine) and any(_plain(party.get("address", "")) == mine for party in others)


def addressee(
    register: Register, request: Request, kind: LetterKind, today: date, role: str | None = None
) -> Addressee:
    """The party that a letter goes to.

    An answer goes where a proven mandate says, and else to the person; everything before it goes to the
    requester, about whom alone something is known then.

    Args:
        register: of the installation.
        request: the request.
        kind: of the letter.
        today: local date.
        role: the party that an officer chose.

    Raises:
        FormError: the case has no such party.
    """
    parties = register.cases.parties(request.id)
    if role and (role not in parties or (role == PERSON and kind.name == "person_deceased")):
        raise FormError(
            "The case has no such party.",
            {"party": f"choose among {', '.join(parties) or 'none: no party was recorded'}"},
            remedy=f"`afschrift case parties {request.case}` records them; nothing was recorded.",
        )
    made_by = register.requests.made_by(request.id)
    requester = {"self": PERSON, "heir": HEIR}.get(made_by, REPRESENTATIVE)
    minor = [row.choice for row in register.decisions.of(request.id) if row.kind == MINOR]
    represented = requester == REPRESENTATIVE or minor[-1:] == [WITH_REPRESENTATIVE]
    last = mandate_decision(register, request.id) if represented else None
    proven = last if last is not None and not mandate_is_over(register, request.id, today) else None
    if kind.name == "mandate_request" and not represented:
        raise RefusedError(
            f"Request {request.id} is made by the person themselves, so no mandate is lacking (R15).",
            remedy="`afschrift letter make ... identity_request` asks the person who they are.",
        )
    to = role or requester
    if to == PERSON and kind.name == "person_deceased":
        to = HEIR if HEIR in parties else REPRESENTATIVE
    theirs = proven.detail["answer_to"] if proven else PERSON if represented else requester
    if role and kind.name in WITH_BUNDLE and role != theirs:
        raise RefusedError(
            f"The bundle of request {request.id} goes to its {theirs}, and so does this letter (R71).",
            remedy="leave `party` out. If another party receives the answer, decide on the mandate anew.",
        )
    if not role and represented and (not kind.before_identity or kind.name in ENDS_BEFORE_IDENTITY):
        answer = PERSON if not kind.before_identity else requester
        to = proven.detail["answer_to"] if proven else answer
    if to == PERSON:
        relation = "own" if requester == PERSON else "by_other"
    else:
        relation = "through" if to != requester else "heir" if to == HEIR else "for_other"
    return Addressee(to, to == requester, to == PERSON or proven is not None, relation, parties)


def mail_address(given: Mapping[str, Any], wrote: Sequence[str] | None, party: Addressee) -> str | None:
    """The e-mail address that a letter goes to; None: it goes another way.

    Args:
        given: may hold one as `to`.
        wrote: what a requester wrote who is not identified; None: they are.
        party: that it goes to.

    Raises:
        RefusedError: it is none (FormError), or a requester who is not identified did not write it (R10).
    """
    to = given.get("to") or (party.party.get("email") if party.party.get("channel") == "email" else None)
    if not to:
        return None
    address = checked_address(str(to).strip())
    if wrote is not None and not any(str(to).strip().casefold() in text.casefold() for text in wrote):
        raise RefusedError(
            "The requester is not identified, and did not write from or name this address (R10).",
            remedy="send it to the address that the message came from: add that message to the case file "
            "(`afschrift case add --kind received`), or leave `to` out and send the letter another way.",
        )
    return address


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace(",", " ").split())
