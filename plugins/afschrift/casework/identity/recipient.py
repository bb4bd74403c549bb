"""To whom an answer goes, and where: bound when identity or mandate is decided (R71)."""

from __future__ import annotations

from dataclasses import dataclass

from afschrift.casework.identity.confirmed import (
    identity_decision,
    identity_question,
    mandate_decision,
    risk_of,
)
from afschrift.casework.identity.mandates import MandateStatus, asked_for, known_minority
from afschrift.casework.identity.question import BOUND, MINOR, PROVEN, WITH_REPRESENTATIVE
from afschrift.domain.request import Request
from afschrift.law.person import ANSWER_TO
from afschrift.questions.ask import ask
from afschrift.register.register import Register
from afschrift.services import Services

PERSON, REPRESENTATIVE = ANSWER_TO


@dataclass(frozen=True)
class Recipient:
    """Who receives the answer of a request.

    Attributes:
        to: one of `ANSWER_TO`.
        by: one of `law.person.ANSWER_BY`; empty: no mandate says how.
        destination: that was bound to them; empty: decided before destinations were bound.
        represented: a representative asks, or must.
    """

    to: str = PERSON
    by: str = ""
    destination: str = ""
    represented: bool = False

    def is_at(self, destination: str) -> bool:
        """Whether a destination is theirs."""
        return self.destination in ("", destination)


def recipient(register: Register, request_id: str) -> Recipient:
    """Whom the last mandate names, or the person whose identity was confirmed."""
    chosen = [row.choice for row in register.decisions.of(request_id) if row.kind == MINOR]
    if register.requests.made_by(request_id) == "self" and chosen[-1:] != [WITH_REPRESENTATIVE]:
        identity = identity_decision(register, request_id)
        return Recipient(destination=identity.detail.get(BOUND, "") if identity else "")
    mandate = mandate_decision(register, request_id)
    if mandate is None or mandate.choice != PROVEN:
        return Recipient(represented=True)
    detail = mandate.detail
    return Recipient(
        detail.get("answer_to", PERSON), detail.get("answer_by", ""), detail.get(BOUND, ""), True
    )


def require_bound(services: Services, request: Request) -> None:
    """Return unless the destination changed since identity or mandate were decided.

    Raises:
        NeedsPersonError: they must be decided anew, for the destination of now.
    """
    register, found = services.register, recipient(services.register, request.id)
    if found.is_at(request.destination):
        return
    if found.represented:
        status, minor = MandateStatus(needed=True), known_minority(services, request.id)
        raise asked_for(register, request, status, minor)
    needed = risk_of(register, services.inventory, services.grounds.trigger_limits, request)
    raise ask(register, request.id, [identity_question(register, request.id, needed)])
