"""States of a request and the moves between them, with their DPV terms (RULES E.3)."""

from __future__ import annotations

from enum import StrEnum

_DPV = "https://w3id.org/dpv#"
_OWN = "https://w3id.org/dpv#RequestStatus/afschrift/"


class State(StrEnum):
    """Where a request stands. The register is the state machine; a run only moves it."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    NEEDS_PERSON = "needs_person"
    ACCEPTED = "accepted"
    NOTHING_HELD = "nothing_held"
    NOTHING_PORTABLE = "nothing_portable"
    DELIVERED = "delivered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def iri(self) -> str:
        """DPV status where DPV has one, else a sub-term of our own."""
        term = _TERMS.get(self)
        return _DPV + term if term else _OWN + self.value

    @property
    def open(self) -> bool:
        """Whether the clock still runs."""
        return self not in (State.DELIVERED, State.REFUSED, State.WITHDRAWN)


_TERMS = {
    State.RECEIVED: "RequestInitiated",
    State.ACKNOWLEDGED: "RequestAcknowledged",
    State.NEEDS_PERSON: "RequestRequiresAction",
    State.ACCEPTED: "RequestAccepted",
    State.DELIVERED: "RequestFulfilled",
    State.REFUSED: "RequestRejected",
}

_WORKING = frozenset(
    {
        State.NEEDS_PERSON,
        State.ACCEPTED,
        State.NOTHING_HELD,
        State.NOTHING_PORTABLE,
        State.REFUSED,
        State.WITHDRAWN,
    }
)

MOVES: dict[State, frozenset[State]] = {
    State.RECEIVED: _WORKING | {State.ACKNOWLEDGED},
    State.ACKNOWLEDGED: _WORKING,
    State.NEEDS_PERSON: _WORKING,
    State.ACCEPTED: _WORKING | {State.DELIVERED},
    State.NOTHING_HELD: _WORKING,
    State.NOTHING_PORTABLE: _WORKING,
    State.DELIVERED: frozenset(),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
}
"""Every move there is. Any other one is a fault."""


def may_move(now: State, to: State) -> bool:
    """Whether the register may go from one state to another; staying is always allowed."""
    return now is to or to in MOVES[now]
