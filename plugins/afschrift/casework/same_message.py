"""The rights that one message asks for: which answers go in one letter, and what letters say of the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from afschrift.casework.identity.confirmed import mandate_decision
from afschrift.domain.request import LOST
from afschrift.domain.state import State
from afschrift.law.clock.clock import Jurisdiction, clock
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.register.register import Register

DELIVERY = "delivery"
JOINT = (DELIVERY, "nothing_held", "nothing_in_limits")
"""Kinds of letters that may announce the answers to both rights."""
PATIENCE = timedelta(days=2)
"""How long an answer that is ready waits for the other one. It goes that long before its last day."""

_NEARLY_READY = ("review", "review_signed")
"""Kinds of questions after which an answer leaves by its next run."""
_VOID = (State.WITHDRAWN, State.MERGED, State.NOT_RECEIVED, State.PERSON_DECEASED)


def asked_with(register: Register, timeline: Timeline) -> tuple[Timeline, ...]:
    """The other requests of the same message that are or were answered."""
    others = (o for o in register.facts.of_case(timeline.case) if o.request != timeline.request)
    # A follow-up of a lifted restriction is in the case too, and has a receipt of its own (R84).
    return tuple(o for o in others if o.entered_at == timeline.entered_at and o.state not in _VOID)


def answered_together(register: Register, timeline: Timeline) -> tuple[tuple[Timeline, FactRow], ...]:
    """The other requests of the message, with their answers, that the letter of this answer announces too.

    The person was informed of none of them; the answers are alike and go to the same reader.
    """
    mine = _answer(timeline)
    if mine is None:
        return ()
    found = ((other, _answer(other)) for other in asked_with(register, timeline))
    return tuple(
        (other, ready)
        for other, ready in found
        if ready is not None and _alike(mine, ready) and _same_reader(register, timeline, other)
    )


def awaited(register: Register, timeline: Timeline, jurisdiction: Jurisdiction) -> str | None:
    """The other request of the message that this ready answer waits for, so that both go in one letter.

    None: it goes now. The other one is answered, is held up, or the time for waiting is over.
    """
    mine, now = _answer(timeline), register.store.clock()
    if mine is None or now - datetime.fromisoformat(mine.at) >= PATIENCE:
        return None
    today = local_date(now, timeline.zone)
    due = clock(timeline, jurisdiction, today).due
    if due is None or due <= today + PATIENCE:
        return None
    others = (o for o in asked_with(register, timeline) if o.state.open and not o.state.to_inform)
    return next((o.request for o in others if not _held_up(register, o, mine.detail["letter"])), None)


def other_right(
    register: Register,
    timeline: Timeline,
    jurisdiction: Jurisdiction,
    today: date,
    announced: Collection[str],
) -> dict[str, Any]:
    """Elements about the other right of the message: that its answer follows, came before, or why not.

    `announced`: requests that the letter itself announces.
    """
    other = next((o for o in asked_with(register, timeline) if o.request not in announced), None)
    if other is None:
        return {}
    due = clock(other, jurisdiction, today).due
    if other.state is State.REFUSED or other.unsent_refusals:
        status: dict[str, Any] = {"other_status": "refused"}
    elif not other.state.open:
        status = {"other_answered": other.ended_on}
    elif other.state.to_inform:
        status = {"other_status": "apart"}
    elif due is None:  # the clock is suspended
        status = {"other_status": "waits"}
    else:
        status = {"other_late" if due < today else "other_follows": due}
    return {"other_right": other.right.value, **status}


def _answer(timeline: Timeline) -> FactRow | None:
    """The answer that is ready, if its letter may announce another one too."""
    ready = timeline.unsent_answers[-1:]
    if not ready or not timeline.state.to_inform or timeline.unsent_parts:
        return None
    return ready[0] if ready[0].detail["letter"] in JOINT else None


def _alike(mine: FactRow, other: FactRow) -> bool:
    both_deliver = mine.detail["letter"] == other.detail["letter"] == DELIVERY
    return both_deliver or dict(mine.detail) == dict(other.detail)


def _same_reader(register: Register, mine: Timeline, other: Timeline) -> bool:
    """Whether both answers go to the same party, in the same language, found by the same keys."""
    first, second = (
        (
            register.requests.get(request).language,
            {key.name: key.value for key in register.identities.of(request)},
            mandate.detail.get("answer_to") if (mandate := mandate_decision(register, request)) else None,
        )
        for request in (mine.request, other.request)
    )
    return first == second


def _held_up(register: Register, other: Timeline, letter: str) -> bool:
    """Whether an answer takes longer: by the person, a decision, a part to follow, a question, a failure."""
    runs = register.runs.all(request_id=other.request)
    failed = bool(runs) and runs[-1].outcome in (LOST, State.ACKNOWLEDGED, State.ACCEPTED)
    asked = {question.kind for question in register.questions.all(request_id=other.request)}
    slow = other.of(FactKind.EXTENDED, FactKind.PARTLY_DELIVERED) or other.waiting or other.unsent_refusals
    return bool(slow or failed or asked - {*_NEARLY_READY, letter})


def joint(
    register: Register, kind: str, timeline: Timeline, about: FactRow | None
) -> tuple[Sequence[tuple[Timeline, FactRow]], dict[str, str]]:
    """The other answers that a letter announces too, and every other request that it is about -> its fact."""
    if kind == "acknowledgement":
        asked = asked_with(register, timeline)
        return (), {other.request: "" for other in asked if other.state.open}
    announced = about is not None and kind in JOINT and about in timeline.unsent_answers
    together = answered_together(register, timeline) if announced else ()
    return together, {other.request: ready.id for other, ready in together}
