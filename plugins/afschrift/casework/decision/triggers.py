"""What puts a request before a person. A flag refuses nothing and charges nothing: it asks (R47, R48)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from afschrift.casework.decision.in_force import restrictions
from afschrift.domain.keys import Unique
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.inventory.model import Inventory
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind
from afschrift.law.grounds import TriggerLimits
from afschrift.register.records import Past
from afschrift.services import Services

BY_OFFICER = "asked_by_officer"


@dataclass(frozen=True)
class Trigger:
    """A reason to ask a person.

    Attributes:
        code: what it is.
        rules: why it is looked at.
        payload: ids, counts, dates and names of keys; never values.
        words: a sentence for the log.
    """

    code: str
    rules: tuple[str, ...]
    words: str
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def detail(self) -> dict[str, Any]:
        """As a question shows it."""
        return {"flag": self.code, "rules": list(self.rules), **self.payload}


def same_flag(flag: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two flags, as questions show them, say the same.

    The day of an earlier request follows from its id, so it makes no other flag: earlier versions named the
    day in UTC, and what was decided on those remains in force.
    """
    return _but_for_days(flag) == _but_for_days(other)


def _but_for_days(flag: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in flag.items() if name != "received_on"}
    if flag["flag"] == "repetition":
        kept["earlier"] = [past["request"] for past in flag["earlier"]]
    return kept


def own_keys(inventory: Inventory) -> tuple[str, ...]:
    """Names of the keys by which a person is recognised again."""
    return tuple(name for name, key in inventory.identity.keys.items() if key.unique is Unique.YES)


def triggers(services: Services, request: Request) -> tuple[Trigger, ...]:
    """Everything about a request that a person should look at, as far as the register knows."""
    limits, inventory = services.grounds.trigger_limits, services.inventory
    history = services.register.identities.history(request.id, own_keys(inventory))
    return (
        *_repetition(request, history, limits),
        *_overlap(request, history),
        *_contact(request, history, limits),
        *_many(request, inventory, limits),
        *_restricted(services, request, history),
    )


def _received(past: Past, request: Request) -> str:
    """The day on which an earlier request came, where the controller must act (R02)."""
    return str(local_date(past.received_at, request.zone))


def _repetition(request: Request, history: tuple[Past, ...], limits: TriggerLimits) -> Iterator[Trigger]:
    same = [
        past
        for past in history
        if past.right is request.right
        and past.state not in (State.MERGED, State.NOT_RECEIVED)
        and _within(past.received_at, request.received_at, limits.earlier_days)
    ]
    if len(same) >= limits.earlier:
        earlier = [{"request": past.request, "received_on": _received(past, request)} for past in same]
        payload = {"count": len(same), "within_days": limits.earlier_days, "earlier": earlier}
        words = f"{len(same)} earlier requests of this person for {request.right} within a year"
        yield Trigger("repetition", ("R26", "R47", "R48", "R50", "R54"), words, payload)


def _overlap(request: Request, history: tuple[Past, ...]) -> Iterator[Trigger]:
    for past in history:
        if past.right is request.right and past.state.open:
            payload = {"earlier": past.request, "received_on": _received(past, request)}
            yield Trigger(
                "overlap", ("R55",), f"request {past.request} of this person is still open", payload
            )


def contact_changed(request: Request, history: tuple[Past, ...], limits: TriggerLimits) -> Past | None:
    """The request before this one, where it gave other contact details shortly before; None: it did not."""
    last = history[-1] if history else None
    if last is None or not last.changed:
        return None
    return last if _within(last.received_at, request.received_at, limits.contact_days) else None


def _contact(request: Request, history: tuple[Past, ...], limits: TriggerLimits) -> Iterator[Trigger]:
    if (past := contact_changed(request, history, limits)) is not None:
        received = _received(past, request)
        payload = {"keys": list(past.changed), "earlier": past.request, "received_on": received}
        words = f"another {' and '.join(past.changed)} than in request {past.request}, shortly before"
        yield Trigger("contact_changed", ("R10", "R12", "R71"), words, payload)


def _many(request: Request, inventory: Inventory, limits: TriggerLimits) -> Iterator[Trigger]:
    if not request.right.terms.specified or request.limits:
        return
    purposes = sum(len(source.purposes) for source in inventory.sources.values())
    if purposes >= limits.purposes:
        words = f"{purposes} purposes of processing"
        yield Trigger("many_kinds_of_processing", ("R25",), words, {"purposes": purposes})


def _restricted(services: Services, request: Request, history: tuple[Past, ...]) -> Iterator[Trigger]:
    """What was kept back from this person before, where that restriction is not lifted (R84)."""
    linked = [fact.other for fact in services.register.facts.timeline(request.id).of(FactKind.LINKED)]
    for earlier in dict.fromkeys([*(past.request for past in history), *linked]):
        for kept_back in restrictions(services.register, earlier) if earlier else ():
            if kept_back.lifted:
                continue
            payload = {"earlier": earlier, "restriction": kept_back.id, "provision": kept_back.provision}
            words = f"in request {earlier} something was restricted, and that is not lifted"
            yield Trigger("restricted_before", ("R84",), words, payload)


def _within(earlier: str, later: str, days: int) -> bool:
    between = datetime.fromisoformat(later) - datetime.fromisoformat(earlier)
    return timedelta(0) <= between <= timedelta(days=days)
