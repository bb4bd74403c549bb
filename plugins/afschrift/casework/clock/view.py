"""A request in words, for the terminal and the pages: when it is due and why, and its facts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from afschrift.law.clock.clock import Clock
from afschrift.law.clock.facts import WITH_LETTER, FactRow, Timeline


def due(clock: Clock) -> str:
    """When it is due, in a few words."""
    if clock.closed_on is not None:
        return f"closed {clock.closed_on}"
    if clock.due is None:
        return f"suspended since {clock.suspended_since}"
    return f"due {clock.due}  {clock.days_left:>4} days ({clock.working_days_left})"


def explained(clock: Clock) -> Iterator[str]:
    """When it is due and why, a line each."""
    notice = f"by {clock.notice_due}" if clock.notice_due else "day not known while suspended"
    yield f"{due(clock)}, {clock.colour}; notice {notice}, target {clock.target}"
    for breach in clock.breaches:
        code, _, rule = breach.partition(":")
        yield f"breach {code} ({rule})"
    for step in clock.steps:
        yield f"why  {step}"


def facts(found: Sequence[FactRow]) -> Iterator[str]:
    """Its facts, a line each."""
    for fact in found:
        codes = {name: value for name, value in fact.detail.items() if name != "clock"}
        day = f" on {fact.day}" if fact.day else f" at {fact.instant}" if fact.instant else ""
        about = f" of {fact.about or fact.other}" if fact.about or fact.other else ""
        letter = ""
        if fact.kind in WITH_LETTER:
            letter = f", sent {fact.sent_on} by {fact.sent_by[0]}" if fact.sent_on else ", LETTER NOT SENT"
        words = f" {json.dumps(codes)}" if codes else ""
        yield f"fact {fact.id} {fact.kind}{day}{about}{letter}, by {fact.by}{words}"


def earlier(timeline: Timeline, requests: Sequence[str]) -> Iterator[str]:
    """Earlier requests of the same person that nobody linked to it."""
    known = {fact.other for fact in timeline.facts}
    if unlinked := [one for one in requests if one not in known]:
        yield (
            f"earlier requests of the same person: {', '.join(unlinked)} (`request merge` an open one, "
            "`request link` a closed one)"
        )
