"""Disputes about a request: holds on its records while one goes on (D.3); `law.complaint` has what came in.

Pure: each function looks at timelines and gives the facts to append, or raises; nothing is written here. A
hold may be on a whole case: then each of its requests has the fact, and all bear the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

from afschrift.domain.errors import RefusedError
from afschrift.domain.run import Hold
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline

NewFacts = Mapping[str, Sequence[NewFact]]
"""Request -> the facts to append to it."""


class HoldGround(StrEnum):
    """Why nothing may be destroyed."""

    COMPLAINT = "complaint"  # the person's own
    COURT = "court"
    AUTHORITY = "authority"
    CLAIM = "claim"  # a claim for damages, or one to be expected


def holds(timeline: Timeline) -> tuple[Hold, ...]:
    """The holds on a request that are in force, the oldest first."""
    return in_force(timeline.of(FactKind.HELD, FactKind.RELEASED))


def in_force(facts: Iterable[FactRow]) -> tuple[Hold, ...]:
    """Likewise, from the facts of both kinds, of one request or of many."""
    facts = tuple(facts)
    over = {fact.about for fact in facts if fact.kind is FactKind.RELEASED}
    return tuple(
        Hold(
            str(fact.detail.get("hold")),
            fact.request,
            fact.id,
            str(fact.detail.get("ground")),
            fact.at,
            fact.by,
            date.fromisoformat(fact.detail["review_on"]) if fact.detail.get("review_on") else None,
        )
        for fact in facts
        if fact.kind is FactKind.HELD and fact.id not in over
    )


def under_hold(request_id: str, found: Sequence[Hold], what: str) -> RefusedError:
    """The refusal of whatever would destroy something of a request under hold.

    Args:
        request_id: the request.
        found: the holds in force.
        what: that stays, in a clause.
    """
    listing = ", ".join(one.words for one in found)
    return RefusedError(
        f"Request {request_id} is under hold {listing}: {what}.",
        remedy=f"`afschrift case show {request_id}` says why. Once the dispute is over, an officer frees it "
        f"with `afschrift case release {request_id} --hold {found[0].id}`; only the last release frees.",
    )


def hold(
    timelines: Sequence[Timeline], today: date, id_: str, ground: str, review_on: date | None = None
) -> NewFacts:
    """Put a hold on requests; on closed ones too.

    Args:
        timelines: of all requests that it is put on.
        today: local date.
        id_: of the hold.
        ground: one of `HoldGround`.
        review_on: the day to look whether it is still needed.

    Raises:
        RefusedError: no such ground, nothing to hold, or a day that is over.
    """
    if ground not in [one.value for one in HoldGround]:
        raise RefusedError("This is no ground for a hold.", remedy=f"choose one of {', '.join(HoldGround)}.")
    if review_on is not None and review_on <= today:
        raise RefusedError(
            f"The day to look again, {review_on}, is not after today.", remedy="give a later one, or none."
        )
    need_some(timelines)
    detail = {"hold": id_, "ground": ground} | ({"review_on": str(review_on)} if review_on else {})
    return {one.request: [NewFact(FactKind.HELD, detail=detail)] for one in timelines}


def release(timelines: Sequence[Timeline], hold_id: str | None) -> NewFacts:
    """End a hold; where several are in force, the records stay until the last one ends.

    Args:
        timelines: of the requests that are freed from it.
        hold_id: which; None: the only one there is.

    Raises:
        RefusedError: none is in force, several are and none was named, or the one named is not.
    """
    found = [(timeline, one) for timeline in timelines for one in holds(timeline)]
    ids = list(dict.fromkeys(one.id for _, one in found))
    if not ids:
        raise RefusedError("No hold is in force here.", remedy="`afschrift case list --held` lists them.")
    if hold_id is None and len(ids) > 1:
        raise RefusedError(
            f"{len(ids)} holds are in force: {', '.join(ids)}.", remedy="name the one that is over: --hold."
        )
    chosen = hold_id or ids[0]
    if chosen not in ids:
        raise RefusedError(
            f"Hold {chosen} is not in force here.", remedy=f"name one of {', '.join(ids)} with --hold."
        )
    return {
        timeline.request: [NewFact(FactKind.RELEASED, about=one.fact, detail={"hold": one.id})]
        for timeline, one in found
        if one.id == chosen
    }


def need_some(timelines: Sequence[Timeline]) -> None:
    """Turn down what is about no request.

    Raises:
        RefusedError: there is none.
    """
    if not timelines:
        raise RefusedError(
            "This case holds no request, so no rule would destroy anything of it.", remedy="nothing is due."
        )
