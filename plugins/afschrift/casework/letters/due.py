"""Which letters are due about a request that nobody made yet: told to officers, made by nobody by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from afschrift.casework.decision.in_force import restrictions
from afschrift.casework.letters.register_elements import missed_day, right_unclear
from afschrift.domain.state import State
from afschrift.law.case_facts import referrals
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.law.letter import LetterState
from afschrift.register.register import Register


def letters_due(
    register: Register, timeline: Timeline, jurisdiction: Jurisdiction, today: date
) -> tuple[str, ...]:
    """Kinds of the letters that are due.

    Args:
        register: of the installation.
        timeline: of the request.
        jurisdiction: where the controller must act.
        today: local date there.
    """
    return tuple(_due(register, timeline, jurisdiction, today))


def lines(due: Sequence[str], request_id: str) -> Iterator[str]:
    """The same for the terminal and the pages, a line each."""
    for kind in due:
        yield f"letter due: {kind}: `afschrift letter make {request_id} {kind}`"


def _due(register: Register, timeline: Timeline, jurisdiction: Jurisdiction, today: date) -> Iterator[str]:
    opened = timeline.state.open
    if opened and right_unclear(timeline) and not _made(register, timeline, "right_question"):
        yield "right_question"
    missed = missed_day(timeline, jurisdiction, today)
    if opened and missed is not None and not _made(register, timeline, "late", missed):
        yield "late"
    if (opened or timeline.state is State.DELIVERED) and _part_untold(register, timeline):
        yield "partial_delivery"
    if timeline.state is State.MERGED and not _made(register, timeline, "merged"):
        yield "merged"
    if _handed_over(register, timeline):
        yield "handed_over"
    if not timeline.of(FactKind.RESTRICTION_REVIEWED):
        return
    lifted = [one for one in restrictions(register, timeline.request) if one.lifted]
    # Of a hidden one on an open request the person gets the data with the answer, and no letter tells of it.
    told = any(not one.hidden for one in lifted) or (bool(lifted) and not opened)
    if told and not _made(register, timeline, "restriction_lifted"):
        yield "restriction_lifted"


def _handed_over(register: Register, timeline: Timeline) -> bool:
    """Of a case, its first request is reminded."""
    done = [one.handed_over for one in referrals(register.case_facts.of(timeline.case)) if one.handed_over]
    of_case = [one.id for one in register.requests.all(case=timeline.case)] if done else []
    if of_case[:1] != [timeline.request]:
        return False
    made = [at for one in of_case for at in _made_at(register, one, "handed_over")]
    return max(done, key=lambda one: one.number).at > max(made, default="")


def _part_untold(register: Register, timeline: Timeline) -> bool:
    """A part lies at its destination, and no letter that did not come back tells where (R44)."""
    made = [
        one.fact
        for one in register.letters.all(request_id=timeline.request)
        if one.state is not LetterState.BOUNCED
    ]
    parts = timeline.of(FactKind.PARTLY_DELIVERED)
    return any(one.sent_on is None and one.id not in made for one in parts)


def _made(register: Register, timeline: Timeline, kind: str, after: date | None = None) -> bool:
    found = _made_at(register, timeline.request, kind)
    return any(after is None or timeline.local(at) > after for at in found)


def _made_at(register: Register, request_id: str, kind: str) -> list[str]:
    """When letters of a kind were made; one that came back is made anew."""
    found = register.letters.all(request_id=request_id)
    return [one.produced_at for one in found if one.kind == kind and one.state is not LetterState.BOUNCED]
