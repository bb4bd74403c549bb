"""An officer corrects or adds keys. A confirmation holds only for the keys that it was about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from afschrift.casework.identity.confirmed import identity_decision, identity_question, risk_of
from afschrift.casework.identity.question import IDENTITY_KIND
from afschrift.casework.officer import Officer
from afschrift.domain.errors import ConfigurationError, TooLateError
from afschrift.inventory.model import Inventory, casefold_keys
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.roles import Act
from afschrift.questions.ask import put

LIES_THERE = "A bundle by the earlier keys lies at its destination: take it away there."


@dataclass(frozen=True)
class ChangedKeys:
    """Names of the keys that an officer changed, and the question that is open now.

    Attributes:
        question: id of the question who asks; None: nothing changed, and it is decided.
        handed_over: a bundle by earlier keys lies at its destination.
        beside: open requests of the same message, which keep their own keys; the API's reply names it so.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    question: str | None
    handed_over: bool = False
    beside: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """In a sentence; no value."""
        parts = (("added", self.added), ("corrected", self.changed), ("taken out", self.removed))
        changes = "; ".join(f"{', '.join(names)} {verb}" for verb, names in parts if names)
        if not changes:
            return "These are the keys already: nothing was changed."
        sentence = f"{changes}. Who asks is to be confirmed for these keys."
        others = f"{', '.join(self.beside)} of the same message has its own keys." if self.beside else ""
        return " ".join(filter(None, (sentence, LIES_THERE if self.handed_over else "", others)))


def change_keys(officer: Officer, request_id: str, given: Mapping[str, str]) -> ChangedKeys:
    """Correct, add or take out keys. A confirmation of the earlier keys does not hold for these (R10).

    The request goes back to the question who asks. An answer by the earlier keys of which the person is not
    informed yet cannot close it any more. What was staged by the earlier keys is destroyed, or belongs to a
    plan for those keys, which no step goes on with.

    Args:
        officer: who corrects them.
        request_id: an open request.
        given: key -> its value now; an empty one takes the key out. The others stay as they are.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they are no officer; the attempt is an event `answer_refused`.
        TooLateError: the request is closed.
        ConfigurationError: a key that identity.yml does not declare, or none was given.
    """
    register = officer.register
    authority = officer.acting(request_id, Act.DECIDE, "keys")
    state = register.requests.get(request_id).state
    if not state.open:
        raise TooLateError(
            f"Request {request_id} is {state}: it is closed, and its keys stay as they are.",
            remedy="what the person asks now is a request of its own: `afschrift submit`.",
        )
    values = {name: value.strip() for name, value in given.items()}
    _must_be_declared(officer.inventory, values)
    fold = casefold_keys(officer.inventory)
    names = register.identities.change(request_id, values, fold, officer.by, authority=authority)
    if any(names.values()):
        register.facts.record(request_id, _overrule_answers, officer.by)
        _destroy_staged(officer, request_id)
    added, changed, removed = (tuple(names[how]) for how in ("added", "changed", "removed"))
    handed_over = bool(register.deliveries.of(request_id))
    case = register.requests.get(request_id).case
    others = tuple(r.id for r in register.requests.all(open_only=True, case=case) if r.id != request_id)
    return ChangedKeys(added, changed, removed, _asked(officer, request_id), handed_over, others)


def _asked(officer: Officer, request_id: str) -> str | None:
    """Ask who the requester is by the present keys; the question about earlier keys is withdrawn."""
    register = officer.register
    if identity_decision(register, request_id) is not None:
        return None
    request, limits = register.requests.get(request_id), officer.grounds.trigger_limits
    asked = identity_question(register, request_id, risk_of(register, officer.inventory, limits, request))
    return put(register, request_id, asked, (IDENTITY_KIND.name,)).id


def _overrule_answers(timeline: Timeline) -> list[NewFact]:
    """An answer by the earlier keys may be about another person, so informing of it must not close this."""
    return [NewFact(FactKind.OVERRULED, about=answer.id) for answer in timeline.unsent_answers]


def _destroy_staged(officer: Officer, request_id: str) -> None:
    """What was read by the earlier keys may be another person's. A run under way ends at its next gate."""
    register = officer.register
    if register.runs.all(request_id=request_id, going=True) or register.disputes.holds(request_id):
        return
    officer.staging(request_id).wipe()


def _must_be_declared(inventory: Inventory, values: Mapping[str, str]) -> None:
    known = inventory.identity.keys
    if not values or values.keys() - known.keys():
        raise ConfigurationError(
            "No key was given." if not values else "A key is not declared in identity.yml.",
            remedy=f"give {', '.join(sorted(known))}, or declare it there. Nothing was changed.",
        )
