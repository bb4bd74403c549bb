"""Which right a message means that does not say so: an officer's reading, with the person's words (R05).

Until then it is read as access, the wider right. Asking the person stops no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from afschrift.casework.identity.confirmed import identity_decision
from afschrift.casework.intake.store_request import link_repeat
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.request import Request, check_formats
from afschrift.domain.right import Right
from afschrift.formats.registry import FORMATS
from afschrift.inventory.model import casefold_keys
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.ground_check import quoted
from afschrift.law.roles import Act
from afschrift.register.register import Register

_FURTHER = "a further right of the person is a request of its own: `afschrift submit`."


class Reading(StrEnum):
    """Which right the message means."""

    ACCESS = "access"
    PORTABILITY = "portability"
    BOTH = "both"


@dataclass(frozen=True)
class RecordedReading:
    """A reading that was recorded.

    Attributes:
        other: id of the request for portability that was opened with it.
    """

    timeline: Timeline
    other: str | None = None


def read_right(officer: Officer, request_id: str, reading: Reading, quote: str) -> RecordedReading:
    """Record a reading; with `both` a second request, for portability, is opened with the same receipt.

    Args:
        officer: who reads it.
        request_id: a request whose message did not say which right it means.
        reading: the right that it means.
        quote: the person's own words that say so; kept encrypted.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they lack the role.
        TooLateError: the request is closed, was read already, or data was extracted for it.
        RefusedError: the right was clear, or nothing that the person wrote contains the words.
    """
    register, by = officer.register, officer.by
    role = officer.roles.require(by, Act.DECIDE)
    request = register.requests.get(request_id)
    # of both, portability gets a request of its own
    right = Right.PORTABILITY if reading is Reading.PORTABILITY else Right.ACCESS
    _still_open(register, register.facts.timeline(request_id))
    if not quote.strip() or not quoted(quote, register.cases.wrote(request_id)):
        raise RefusedError(
            "Nothing that the person wrote contains these words (R05).",
            remedy="quote them word for word; add a reply first: `afschrift case add --kind received`.",
        )
    check_formats(right, request.formats, tuple(FORMATS))
    other = _portability(officer, request) if reading is Reading.BOTH else None
    detail = {"right": reading.value, "was": request.right.value}

    def make(timeline: Timeline) -> list[NewFact]:
        _still_open(register, timeline)
        return [NewFact(FactKind.RIGHT_READ, other=other, detail=detail)]

    authority = officer.authority(role)
    return RecordedReading(
        register.requests.read_right(request_id, right, make, by, authority=authority, text=quote), other
    )


def _still_open(register: Register, timeline: Timeline) -> None:
    if not timeline.of(FactKind.RIGHT_UNCLEAR):
        raise RefusedError("The message of this request said which right it means (R05).", remedy=_FURTHER)
    if timeline.of(FactKind.RIGHT_READ):
        raise TooLateError("It was read already, and requests run by that reading (R05).", remedy=_FURTHER)
    extracted = register.steps.latest(timeline.request, "extract") is not None
    if not timeline.state.open or extracted:
        raise TooLateError(
            f"Request {timeline.request} was read as {timeline.right} and is {timeline.state}: its data was "
            "extracted (R05).",
            remedy=_FURTHER,
        )


def _portability(officer: Officer, request: Request) -> str:
    """The request for portability of the same case, opened once, with the same identity."""
    register = officer.register
    for of_case in register.requests.all(case=request.case):
        if of_case.right is Right.PORTABILITY:
            return of_case.id
    decided = identity_decision(register, request.id)
    opened = register.requests.open(
        request.case,
        Right.PORTABILITY,
        request.entered_at or request.received_at,
        request.zone,
        request.language,
        request.formats,
        request.destination,
        [replace(key) for key in register.identities.of(request.id)],
        casefold_keys(officer.inventory),
        request.limits,
        by=officer.by,
        verified_by=decided.by if decided else None,
    )
    if decided is not None:
        detail = {**decided.detail, "as_in": request.id}
        register.decisions.take(opened.id, "identity", "confirmed", decided.by, detail=detail)
        link_repeat(register, officer.inventory, opened.id)
    return opened.id
