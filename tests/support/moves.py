"""Moving a request without the software that does it: by the events that the table of transitions has."""

from collections import deque
from collections.abc import Sequence

from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.state import TRANSITIONS, State
from afschrift.register.register import Register
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close, wipe
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.gates import begin
from afschrift.steps.package import package
from afschrift.steps.read_identifying import look_up
from afschrift.steps.validate import validate


def opened(
    register: Register,
    at: str = "2026-03-02T09:00:00+01:00",
    keys: Sequence[Key] = (Key("customer_id", "C-1"),),
) -> Request:
    """A request for access in a case of its own, received at a moment."""
    case = register.cases.open(b"Graag al mijn gegevens.", "mail", at, at)
    zone, formats = "Europe/Amsterdam", ("csv",)
    return register.requests.open(case, Right.ACCESS, at, zone, "nl", formats, "outbox", keys, {"email"})


def way(now: State, to: State) -> list[tuple[str, State]]:
    """The shortest way from one state to another: the event and the state of each move."""
    ways: deque[tuple[State, list[tuple[str, State]]]] = deque([(now, [])])
    seen = {now}
    while ways:
        at, moves = ways.popleft()
        if at is to:
            return moves
        for transition in TRANSITIONS:
            if at in transition.states and transition.to not in seen:
                seen.add(transition.to)
                ways.append((transition.to, [*moves, (transition.event, transition.to)]))
    raise AssertionError(f"no way leads from {now} to {to}")


def moved(register: Register, request: str, to: State, *, by: str = "system") -> Request:
    found = register.requests.get(request)
    for event, state in way(found.state, to):
        found = register.requests.move(request, state, NewEvent(event), by=by)
    return found


__all__ = [
    "assess",
    "begin",
    "classify",
    "close",
    "deliver",
    "extract",
    "look_up",
    "package",
    "validate",
    "wipe",
]
