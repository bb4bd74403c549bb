"""What the clock says of a request's facts, in words, before and after the calculation's own steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from afschrift.law.clock.deadline import Deadline
from afschrift.law.clock.facts import FactKind, FactRow, SuspensionGround, Timeline


def before(timeline: Timeline) -> Iterator[str]:
    """What to say of the receipt before the calculation: every correction, with both dates."""
    was = timeline.local(timeline.entered_at)
    for fact in timeline.of(FactKind.RECEIPT_CORRECTED):
        now = timeline.local(fact.instant or timeline.entered_at)
        signed = f", signed by {fact.by}" if fact.about else ""
        yield (
            f"The receipt was entered as {was} and corrected to {now} on {timeline.local(fact.at)} by "
            f"{fact.detail.get('decided_by', fact.by)}{signed} ({fact.detail.get('reason', '')}, R02)."
        )
        was = now
    if timeline.proposed and timeline.proposed.instant:
        later = timeline.local(timeline.proposed.instant)
        yield f"A later receipt, {later}, waits for a second signer and does not count yet."


def after(timeline: Timeline, found: Deadline, today: date) -> Iterator[str]:
    """What to say of facts after the calculation: of those that count for nothing, and of other requests."""
    for fact in timeline.of(FactKind.SUSPENDED):
        ended = timeline.about(fact, FactKind.RESUMED)
        if fact.sent_on is None:
            what = "the person answered all the same" if ended else "the clock runs"
            yield (
                f"The question of {timeline.local(fact.at)} about {fact.detail.get('ground')} was not sent: "
                f"it suspends nothing, {what} (R42)."
            )
        elif fact.sent_on < timeline.received:
            yield f"The question of {fact.sent_on} was sent before the receipt: it suspends nothing (R02)."
        elif _moot(timeline, fact):
            yield (
                f"The question of {fact.sent_on} about identity was sent after it had been confirmed: it "
                "suspends nothing (R42)."
            )
    for fact in timeline.of(FactKind.EXTENDED):
        if fact.sent_on is None:
            late = found.notice_due is not None and today > found.notice_due
            rest = (
                "and the first month is over, so it never will be (R41)"
                if late
                else "and the day stays (R39)"
            )
            yield f"The extension of {timeline.local(fact.at)} was not announced: no letter was sent, {rest}."
        elif fact.sent_on < timeline.received:
            yield f"The extension of {fact.sent_on} was announced before the receipt: it has no effect (R02)."
    for fact in timeline.of(FactKind.ABSORBED):
        yield f"Request {fact.other} of the same person was merged into this one: this receipt counts (R55)."
    for fact in timeline.of(FactKind.MERGED):
        yield f"Merged into request {fact.other} of the same person, whose clock counts (R55)."
    for fact in timeline.of(FactKind.LINKED):
        what = "A reminder of" if fact.detail.get("as") == "reminder" else "Comes after"
        rule = "R54" if fact.detail.get("as") == "reminder" else "R26: it is answered in full"
        yield f"{what} request {fact.other} of the same person ({rule})."
    for fact in timeline.of(FactKind.PARTLY_DELIVERED):
        later = fact.detail.get("later", ())
        rest = ", ".join(f"{one['source']} by {one['rest_by']}" for one in later)
        yield f"Partly delivered on {fact.day}; what was promised: {rest}. The period goes on (R44)."
    for fact in timeline.of(FactKind.WITHDRAWN):
        yield f"The person withdrew the request on {fact.day}."


def _moot(timeline: Timeline, asked: FactRow) -> bool:
    """Whether a question about identity left when nothing was in doubt any more."""
    if (
        asked.detail.get("ground") != SuspensionGround.IDENTITY
        or not asked.sent_on
        or not timeline.identified_at
    ):
        return False
    return timeline.local(timeline.identified_at) < asked.sent_on
