"""All actions: each subject declares its own. And those that are open to a person now."""

from __future__ import annotations

from collections.abc import Iterable

from afschrift.casework.actions import (
    case_actions,
    clock_actions,
    delivery_actions,
    dispute_actions,
    letter_actions,
    owner_actions,
)
from afschrift.casework.actions.action import NO_REQUEST, Action, Situation, Subject
from afschrift.casework.answer_rows import ANSWERS
from afschrift.casework.clock import ClockService
from afschrift.casework.decision.denial import known_source
from afschrift.casework.decision.in_force import restrictions
from afschrift.casework.destruction import DestructionService
from afschrift.casework.identity.confirmed import mandate_decision
from afschrift.casework.officer import Officer

ACTIONS: tuple[Action, ...] = (
    *clock_actions.ACTIONS,
    *dispute_actions.ACTIONS,
    *case_actions.ACTIONS,
    *letter_actions.ACTIONS,
    *delivery_actions.ACTIONS,
    *owner_actions.ACTIONS,
    *owner_actions.OVERSIGHT,
    *owner_actions.SOURCES,
    *ANSWERS.values(),
)

_ABOUT_PEOPLE = frozenset({"reading", "keys", "party", "hand-over", "mandate-withdrawn"})
_ENDS = frozenset({"withdraw", "merge", "link", "deceased", "not-deceased", "not-received"})


def grouped(actions: Iterable[Action]) -> dict[str, list[Action]]:
    """Actions by what they are about, a code; each in the order of the table."""
    subjects = {
        "clock": clock_actions,
        "letters": letter_actions,
        "owner": owner_actions,
    }
    of = {(a.of, a.name): name for name, module in subjects.items() for a in module.ACTIONS}
    of |= {(a.of, a.name): "people" for a in case_actions.ACTIONS if a.name in _ABOUT_PEOPLE}
    found: dict[str, list[Action]] = {}
    for action in actions:
        subject = "end" if action.name in _ENDS else of.get((action.of, action.name), "other")
        found.setdefault(subject, []).append(action)
    return found


def actions_of(*subjects: Subject) -> list[Action]:
    """The actions that take an id of one of these."""
    return [action for action in ACTIONS if action.of in subjects]


def situation(officer: Officer, of: Subject, owner: str) -> Situation:
    """What a request is like at present, or the letter or delivery and its request; or a source.

    Raises:
        UnknownRequestError, RefusedError: no such request, letter, delivery or source.
    """
    register = officer.register
    if of is Subject.SOURCE:
        return Situation(officer, NO_REQUEST, NO_REQUEST, source=known_source(officer, owner))
    letter = register.letters.get(owner) if of is Subject.LETTER else None
    delivery = register.deliveries.get(owner) if of is Subject.DELIVERY else None
    about = letter or delivery
    request_id = about.request if about else owner
    timeline = register.facts.timeline(request_id)
    return Situation(
        officer,
        timeline,
        ClockService(officer, officer.jurisdiction).clock(timeline),
        restrictions(register, request_id),
        register.identities.earlier(request_id, officer.own_keys),
        register.letters.all(request_id=request_id),
        mandate.choice if (mandate := mandate_decision(register, request_id)) else "",
        letter,
        delivery,
        "" if timeline.state.open else DestructionService(officer).stage(request_id),
    )


def open_actions(officer: Officer, at: Situation) -> list[Action]:
    """The actions that an officer may do now, in the order of the table."""
    about = {Subject.SOURCE: at.source, Subject.LETTER: at.letter, Subject.DELIVERY: at.delivery}
    subjects = [of for of, named in about.items() if named] or [Subject.REQUEST, Subject.CASE]
    return [
        action
        for action in actions_of(*subjects)
        if action.is_for(officer.roles, officer.by) and action.is_open(at)
    ]
