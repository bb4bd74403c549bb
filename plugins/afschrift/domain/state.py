"""States of a request, the transitions between them, and further statuses, in DPV terms."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

DPV = "https://w3id.org/dpv#"
OWN = "urn:afschrift:status:"
"""Name space of our own, for what DPV has no term for; each such sub-term names the DPV term above it."""


class State(StrEnum):
    """The state of a request. The register is the state machine; a run only moves it.

    An answer has two states: it is ready, and the person must be informed; the person was informed, which
    ends the request.
    """

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    NEEDS_PERSON = "needs_person"
    ACCEPTED = "accepted"
    READY = "ready"  # the bundle is at its destination, and the person was not informed yet
    NOTHING_HELD = "nothing_held"
    NOTHING_PORTABLE = "nothing_portable"
    DELIVERED = "delivered"
    ANSWERED_NOTHING_HELD = "answered_nothing_held"  # the person was informed of that (R09)
    ANSWERED_NOTHING_PORTABLE = "answered_nothing_portable"  # likewise (R18-R19)
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"  # with an earlier request of the same person, in which it is answered (R55)
    NOT_RECEIVED = "not_received"  # sent to an address that was clearly not meant for it (R03)
    PERSON_DECEASED = "person_deceased"  # the GDPR does not cover the person any more (R17)

    @property
    def iri(self) -> str:
        """DPV status where DPV has one, else a sub-term of our own under `broader`."""
        return OWN + self.value if self in _BROADER else DPV + _TERMS[self]

    @property
    def broader(self) -> str:
        """The DPV term of it, or the DPV term above a sub-term of our own."""
        return DPV + _BROADER[self] if self in _BROADER else self.iri

    @property
    def open(self) -> bool:
        """Whether the clock still runs."""
        return self not in _ENDS

    @property
    def to_inform(self) -> bool:
        """Whether the answer is ready and the person must be informed: no step has work to do."""
        return self in END_ONCE_INFORMED

    @property
    def answered(self) -> bool:
        """Whether the person received an answer, or was informed of one; a refusal is none."""
        return self in END_ONCE_INFORMED.values()


_TERMS = {
    State.RECEIVED: "RequestInitiated",
    State.ACKNOWLEDGED: "RequestAcknowledged",
    State.NEEDS_PERSON: "RequestRequiresAction",
    State.ACCEPTED: "RequestAccepted",
    State.DELIVERED: "RequestFulfilled",
    State.REFUSED: "RequestUnfulfilled",
}
_BROADER = {
    # Assessed, and the answer is known; what is due is a letter.
    State.READY: "RequestAccepted",
    State.NOTHING_HELD: "RequestAccepted",
    State.NOTHING_PORTABLE: "RequestAccepted",
    # Art. 15(1) grants the information that no data are held; that nothing is portable refuses the request.
    State.ANSWERED_NOTHING_HELD: "RequestFulfilled",
    State.ANSWERED_NOTHING_PORTABLE: "RequestUnfulfilled",
    State.WITHDRAWN: "RequestStatus",
    State.MERGED: "RequestStatus",
    State.NOT_RECEIVED: "RequestStatus",
    State.PERSON_DECEASED: "RequestStatus",
}

END_ONCE_INFORMED: dict[State, State] = {
    State.READY: State.DELIVERED,
    State.NOTHING_HELD: State.ANSWERED_NOTHING_HELD,
    State.NOTHING_PORTABLE: State.ANSWERED_NOTHING_PORTABLE,
}
"""State with a ready answer -> the end once the person is informed of it."""

_ANSWERABLE = (*END_ONCE_INFORMED.values(), State.REFUSED, State.WITHDRAWN, State.MERGED, State.NOT_RECEIVED)
_ENDS = (*_ANSWERABLE, State.PERSON_DECEASED)
_OPEN = tuple(state for state in State if state not in _ENDS)
_BEFORE_WORK = (State.RECEIVED, State.ACKNOWLEDGED)
_WORKED_ON = (State.NEEDS_PERSON, State.ACCEPTED, *END_ONCE_INFORMED)


@dataclass(frozen=True)
class Transition:
    """A row of the table of transitions.

    Attributes:
        event: type of the event in the trail that moves the request; `fact_...`: the event of a fact.
        states: that the request may be in.
        to: the next state.
    """

    event: str
    states: Collection[State]
    to: State


def _informed(event: str) -> tuple[Transition, ...]:
    """Transitions once the person is informed, also from the states of a run that is still going."""
    return tuple(
        Transition(event, (State.NEEDS_PERSON, State.ACCEPTED, known), end)
        for known, end in END_ONCE_INFORMED.items()
    )


TRANSITIONS: tuple[Transition, ...] = (
    Transition("acknowledged", (State.RECEIVED,), State.ACKNOWLEDGED),
    Transition("question_asked", _OPEN, State.NEEDS_PERSON),
    Transition("accepted", (*_BEFORE_WORK, State.NEEDS_PERSON, *END_ONCE_INFORMED), State.ACCEPTED),
    Transition("fact_answer_ready", (State.ACCEPTED,), State.READY),
    *(
        Transition("fact_answer_ready", (*_BEFORE_WORK, *_WORKED_ON), nothing)
        for nothing in (State.NOTHING_HELD, State.NOTHING_PORTABLE)
    ),
    *_informed("fact_letter_sent"),
    Transition("fact_handed_over", (State.NEEDS_PERSON, State.ACCEPTED, State.READY), State.DELIVERED),
    Transition("fact_letter_sent", _OPEN, State.REFUSED),  # the letter of a refusal (R45)
    # The letter that closed it came back: the person was not informed.
    *(Transition("fact_letter_bounced", (end,), known) for known, end in END_ONCE_INFORMED.items()),
    Transition("fact_letter_bounced", (State.REFUSED,), State.NEEDS_PERSON),
    Transition("fact_withdrawn", _OPEN, State.WITHDRAWN),
    Transition("fact_merged", _OPEN, State.MERGED),
    Transition("fact_not_received", (State.RECEIVED, State.NEEDS_PERSON), State.NOT_RECEIVED),
    Transition("fact_deceased", _OPEN, State.PERSON_DECEASED),
    Transition("fact_deceased_lifted", (State.PERSON_DECEASED,), State.NEEDS_PERSON),
    # What was delivered cannot be opened or fetched any more, and is given again.
    Transition("fact_asked_again", (State.READY, State.DELIVERED), State.NEEDS_PERSON),
    # A complaint that was upheld takes an end back; a death that was recorded takes a second signer.
    Transition("fact_complaint_ended", _ANSWERABLE, State.NEEDS_PERSON),
)
"""Every transition there is; the register makes no other one. `tools/states_page.py` prints it."""


def may_move(event: str, now: State, to: State) -> bool:
    """Whether an event may lead from one state to another; staying is always allowed."""
    return now is to or any(row.event == event and now in row.states and row.to is to for row in TRANSITIONS)


class StatusTerm(StrEnum):
    """Something that holds of a request for a time, or since a moment, whatever its state.

    A request may be accepted, extended and suspended at once, so none of them is a state (docs/adr/0023).
    """

    WAITING_FOR_IDENTITY = "waiting_for_identity"
    WAITING_FOR_SPECIFICATION = "waiting_for_specification"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    PARTLY_FULFILLED = "partly_fulfilled"

    @property
    def iri(self) -> str:
        """DPV status where DPV has one, else a sub-term of our own under `broader`."""
        return OWN + self.value if self in _OWN_TERMS else self.broader

    @property
    def broader(self) -> str:
        """The DPV term of it, or the DPV term above a sub-term of our own."""
        return DPV + _ABOVE[self]


_ABOVE = {
    StatusTerm.WAITING_FOR_IDENTITY: "RequestRequiresAction",
    StatusTerm.WAITING_FOR_SPECIFICATION: "RequestRequiresAction",
    StatusTerm.EXTENDED: "RequestActionDelayed",
    StatusTerm.SUSPENDED: "RequestActionDelayed",
    StatusTerm.PARTLY_FULFILLED: "RequestStatus",
}
_OWN_TERMS = (StatusTerm.SUSPENDED, StatusTerm.PARTLY_FULFILLED)
