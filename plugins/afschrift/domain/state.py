"""States of a request and the moves between them, with their DPV terms (RULES E.3).

What may hold beside a state (suspended, extended, an answer received) is no state: see `law.clock.status`.
"""

from __future__ import annotations

from enum import StrEnum

DPV = "https://w3id.org/dpv#"
OWN = "urn:afschrift:status:"
"""Name space of our own, for what DPV has no term for; each such sub-term names the DPV term above it."""


class State(StrEnum):
    """The state of a request. The register is the state machine; a run only moves it."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    NEEDS_PERSON = "needs_person"
    ACCEPTED = "accepted"
    NOTHING_HELD = "nothing_held"
    NOTHING_PORTABLE = "nothing_portable"
    DELIVERED = "delivered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"  # with an earlier request of the same person, in which it is answered (R55)
    NOT_RECEIVED = "not_received"  # sent to an address that was clearly not meant for it (R03)

    @property
    def iri(self) -> str:
        """DPV status where DPV has one, else a sub-term of our own under `broader`."""
        return OWN + self.value if self in _BROADER else DPV + _TERMS[self]

    @property
    def broader(self) -> str:
        """The DPV term that stands for it or, for a sub-term of our own, above it."""
        return DPV + _BROADER[self] if self in _BROADER else self.iri

    @property
    def passed(self) -> tuple[str, ...]:
        """DPV statuses that a request in this state went through at the same moment, `iri` the last.

        A refused request is rejected, and by that unfulfilled.
        """
        return (DPV + "RequestRejected", self.iri) if self is State.REFUSED else (self.iri,)

    @property
    def open(self) -> bool:
        """Whether the clock still runs."""
        return self not in (
            State.DELIVERED,
            State.REFUSED,
            State.WITHDRAWN,
            State.MERGED,
            State.NOT_RECEIVED,
        )


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
    State.NOTHING_HELD: "RequestAccepted",
    State.NOTHING_PORTABLE: "RequestAccepted",
    State.WITHDRAWN: "RequestStatus",
    State.MERGED: "RequestStatus",
    State.NOT_RECEIVED: "RequestStatus",
}

_WORKING = frozenset(
    {
        State.NEEDS_PERSON,
        State.ACCEPTED,
        State.NOTHING_HELD,
        State.NOTHING_PORTABLE,
        State.REFUSED,
        State.WITHDRAWN,
        State.MERGED,
    }
)

MOVES: dict[State, frozenset[State]] = {
    State.RECEIVED: _WORKING | {State.ACKNOWLEDGED, State.NOT_RECEIVED},
    State.ACKNOWLEDGED: _WORKING,
    State.NEEDS_PERSON: _WORKING | {State.NOT_RECEIVED},
    State.ACCEPTED: _WORKING | {State.DELIVERED},
    State.NOTHING_HELD: _WORKING,
    State.NOTHING_PORTABLE: _WORKING,
    State.DELIVERED: frozenset(),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.MERGED: frozenset(),
    State.NOT_RECEIVED: frozenset(),
}
"""Every move there is. Any other one is a fault."""


REOPENS: dict[State, State] = {State.REFUSED: State.NEEDS_PERSON}
"""Where a request goes when the letter that closed it comes back: only a sent one closes it (R45). No other
move leads there, so that nothing else opens what was refused."""


def may_move(now: State, to: State, *, reopen: bool = False) -> bool:
    """Whether the register may go from one state to another; staying is always allowed.

    `reopen`: the letter that closed it came back.
    """
    return now is to or to in MOVES[now] or (reopen and REOPENS.get(now) is to)
