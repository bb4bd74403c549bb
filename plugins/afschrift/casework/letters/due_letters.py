"""Letters that are due about a request and not made yet. Officers are notified; none is made by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from afschrift.casework.decision.in_force import restrictions
from afschrift.casework.letters.addressee import PERSON
from afschrift.casework.letters.prefilled_elements import day_missed, right_unclear
from afschrift.casework.same_message import asked_with
from afschrift.domain.state import State
from afschrift.law.case_facts import referrals
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.law.letter import NOT_TO_ARRIVE, LetterState
from afschrift.register.register import Register


def letters_due(
    register: Register,
    timeline: Timeline,
    jurisdiction: Jurisdiction,
    today: date,
    found: Clock | None = None,
) -> tuple[str, ...]:
    """Kinds of the letters that are due.

    Args:
        register: of the installation.
        timeline: of the request.
        jurisdiction: where the controller must act.
        today: local date there.
        found: the clock of the request on that day, where it is known already.
    """
    return tuple(_due(register, timeline, day_missed(found or clock(timeline, jurisdiction, today), today)))


def lines(due: Sequence[str], request_id: str) -> Iterator[str]:
    """A line for each kind of letter that is due, for terminal and pages."""
    for kind in due:
        yield f"letter due: {kind}: `afschrift letter make {request_id} {kind}`"


def unsent_lines(register: Register, request_id: str) -> Iterator[str]:
    """A line for each letter that no program sends, as it has no e-mail address."""
    for letter in register.letters.all(request_id=request_id, states=[LetterState.PRODUCED]):
        if not letter.mailed:
            yield (
                f"letter to be sent by hand: {letter.id} ({letter.kind}): `afschrift letter show {letter.id} "
                f"--html FILE`, then `afschrift letter sent {letter.id}`"
            )


def _due(register: Register, timeline: Timeline, missed: date | None) -> Iterator[str]:
    opened = timeline.state.open
    if opened and right_unclear(timeline) and not _made(register, timeline, "right_question"):
        yield "right_question"
    informed = timeline.to_inform or timeline.of(FactKind.PARTLY_DELIVERED) or missed is not None
    # Made by itself only where the channel had authenticated the person (R04).
    if opened and not informed and not _acknowledged(register, timeline):
        yield "acknowledgement"
    if opened and missed is not None and not _made(register, timeline, "late", missed):
        yield "late"
    if (opened or timeline.state is State.DELIVERED) and _part_without_letter(register, timeline):
        yield "partial_delivery"
    if timeline.state is State.PERSON_DECEASED and _heirs_wait(register, timeline):
        yield "person_deceased"
    if timeline.state is State.MERGED and not _made(register, timeline, "merged"):
        yield "merged"
    if _handed_over(register, timeline):
        yield "handed_over"
    if not timeline.of(FactKind.RESTRICTION_REVIEWED):
        return
    lifted = [row for row in restrictions(register, timeline.request) if row.lifted]
    # Of a hidden restriction on an open request no letter says anything: the data goes with the answer.
    announced = any(not row.hidden for row in lifted) or (bool(lifted) and not opened)
    if announced and not _made(register, timeline, "restriction_lifted"):
        yield "restriction_lifted"


def _acknowledged(register: Register, timeline: Timeline) -> bool:
    """Whether a letter about this request, or one about the whole message, confirms the receipt."""
    if _made(register, timeline, "acknowledgement"):
        return True
    others = asked_with(register, timeline)
    rows = [row for other in others for row in register.letters.all(request_id=other.request)]
    return any(timeline.request in row.also and row.state not in NOT_TO_ARRIVE for row in rows)


def _heirs_wait(register: Register, timeline: Timeline) -> bool:
    """Whether a representative or heir has no letter after a death; there is one for each (R17)."""
    asked = register.requests.made_by(timeline.request) != "self"
    known = len(register.cases.parties(timeline.request).keys() - {PERSON})
    return len(_made_at(register, timeline.request, "person_deceased")) < max(known, asked)


def _handed_over(register: Register, timeline: Timeline) -> bool:
    """Whether the letter about a referral is due; only on the first request of a case, so it is due once."""
    found = referrals(register.case_facts.of(timeline.case))
    done = [referral.handed_over for referral in found if referral.handed_over]
    of_case = [other.request for other in register.facts.of_case(timeline.case)] if done else []
    if of_case[:1] != [timeline.request]:
        return False
    made = [at for request_id in of_case for at in _made_at(register, request_id, "handed_over")]
    return max(done, key=lambda fact: fact.number).at > max(made, default="")


def _part_without_letter(register: Register, timeline: Timeline) -> bool:
    """A part lies at its destination, and there is no letter, other than bounced ones, about it (R44)."""
    made = [
        letter.fact
        for letter in register.letters.all(request_id=timeline.request)
        if letter.state not in NOT_TO_ARRIVE
    ]
    parts = timeline.of(FactKind.PARTLY_DELIVERED)
    return any(part.sent_on is None and part.id not in made for part in parts)


def _made(register: Register, timeline: Timeline, kind: str, after: date | None = None) -> bool:
    found = _made_at(register, timeline.request, kind)
    return any(after is None or timeline.local(at) > after for at in found)


def _made_at(register: Register, request_id: str, kind: str) -> list[str]:
    """When letters of a kind were made; bounced and discarded ones do not count, as they are made anew."""
    found = register.letters.all(request_id=request_id)
    return [row.produced_at for row in found if row.kind == kind and row.state not in NOT_TO_ARRIVE]
