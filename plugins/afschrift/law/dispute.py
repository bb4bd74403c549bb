"""Disputes about a request: complaints and petitions, and holds on its records while one goes on.

Pure: each function takes timelines and returns the facts to append, or raises; nothing is written here. A
hold may be on a whole case: then each of its requests has the fact, all with the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.request import Hold
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.law.clock.sending import REFERENCE, must_lie_within

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
    """Holds in force by facts of both kinds, of one request or of many."""
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
    """The error for an act that would destroy something of a request under hold.

    Args:
        request_id: the request.
        found: the holds in force.
        what: clause that says what stays.
    """
    listing = ", ".join(hold.words for hold in found)
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
    if ground not in [known.value for known in HoldGround]:
        raise RefusedError("This is no ground for a hold.", remedy=f"choose one of {', '.join(HoldGround)}.")
    if review_on is not None and review_on <= today:
        raise RefusedError(
            f"The day to look again, {review_on}, is not after today.", remedy="give a later one, or none."
        )
    need_some(timelines)
    detail = {"hold": id_, "ground": ground} | ({"review_on": str(review_on)} if review_on else {})
    return {timeline.request: [NewFact(FactKind.HELD, detail=detail)] for timeline in timelines}


def release(timelines: Sequence[Timeline], hold_id: str | None) -> NewFacts:
    """End a hold; where several are in force, the records stay until the last one ends.

    Args:
        timelines: of the requests that are freed from it.
        hold_id: which; None: the only one there is.

    Raises:
        RefusedError: none is in force, several are and none was named, or the one named is not.
    """
    found = [(timeline, hold) for timeline in timelines for hold in holds(timeline)]
    ids = list(dict.fromkeys(hold.id for _, hold in found))
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
        timeline.request: [NewFact(FactKind.RELEASED, about=hold.fact, detail={"hold": hold.id})]
        for timeline, hold in found
        if hold.id == chosen
    }


def need_some(timelines: Sequence[Timeline]) -> None:
    """Refuse an act on a case without requests.

    Raises:
        RefusedError: there is none.
    """
    if not timelines:
        raise RefusedError(
            "This case holds no request, so no rule would destroy anything of it.", remedy="nothing is due."
        )


class Sender(StrEnum):
    """Who complains, or asks because of a complaint."""

    AUTHORITY = "authority"
    COURT = "court"
    PERSON = "person"

    @property
    def ground(self) -> HoldGround:
        """Of the hold that the complaint puts."""
        return HoldGround.COMPLAINT if self is Sender.PERSON else HoldGround(self.value)


class Ending(StrEnum):
    """What came of a complaint."""

    UPHELD = "upheld"
    REJECTED = "rejected"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Complaint:
    """A complaint or petition.

    Attributes:
        entered: the fact that records it; its `day` is that of receipt, its `proof` the reference.
        ended: the fact that records its outcome; None: there is none yet.
    """

    entered: FactRow
    ended: FactRow | None

    @property
    def reference(self) -> str:
        """The sender's."""
        return self.entered.proof or ""

    @property
    def words(self) -> str:
        """One line; no personal data."""
        came = (
            f"complaint of {self.entered.detail.get('from')} ({self.reference}), received {self.entered.day}"
        )
        if self.ended is None:
            return f"{came}: no outcome yet"
        return f"{came}: {self.ended.detail.get('outcome')} on {self.ended.day}"


def complaints(timeline: Timeline) -> tuple[Complaint, ...]:
    """The complaints about a request, in the order of their recording."""
    return tuple(
        Complaint(fact, next(iter(timeline.about(fact, FactKind.COMPLAINT_ENDED)), None))
        for fact in timeline.of(FactKind.COMPLAINED)
    )


def complain(
    timelines: Sequence[Timeline],
    today: date,
    hold_id: str,
    sender: str,
    reference: str,
    received: date,
    documents: Sequence[str] = (),
) -> NewFacts:
    """Record a complaint or petition, on closed requests too, with a hold.

    Args:
        timelines: of the requests that it is about.
        today: local date.
        hold_id: id of that hold.
        sender: one of `Sender`.
        reference: the sender's, without spaces.
        received: local date.
        documents: ids in the case file.

    Raises:
        RefusedError: no such sender, no reference, a day that cannot be, or it was entered already.
    """
    if sender not in [known.value for known in Sender]:
        raise RefusedError("A complaint is not of this sender.", remedy=f"choose {' | '.join(Sender)}.")
    must_be_reference(reference)
    need_some(timelines)
    for timeline in timelines:
        must_lie_within(received, timeline, today, "A complaint")
        if any(complaint.reference == reference for complaint in complaints(timeline)):
            raise RefusedError(
                f"A complaint with reference {reference} was entered for {timeline.request} already.",
                remedy=f"enter what came of it: `afschrift case complaint-outcome {timeline.request} "
                f"--reference {reference} --outcome ...`. An appeal has a reference of its own.",
            )
    detail = {"from": sender, "hold": hold_id} | ({"documents": list(documents)} if documents else {})
    held = hold(timelines, today, hold_id, Sender(sender).ground)
    came = NewFact(FactKind.COMPLAINED, received, proof=reference, detail=detail)
    return {request: [came, *facts] for request, facts in held.items()}


def end_complaint(
    timelines: Sequence[Timeline],
    today: date,
    reference: str,
    outcome: str,
    day: date,
    *,
    reopen: bool = False,
) -> NewFacts:
    """Record the outcome of a complaint. Its hold stays until a person ends it, since an appeal may follow.

    `reopen`: the requests ended wrongly, so closed ones are open again (R54).

    Raises:
        RefusedError: no such outcome or complaint, a day that cannot be, or a complaint that was not upheld
            opens nothing again.
        TooLateError: its outcome was entered already.
    """
    if outcome not in [known.value for known in Ending]:
        raise RefusedError("This is no outcome.", remedy=f"choose {' | '.join(Ending)}.")
    if reopen and outcome not in (Ending.UPHELD, Ending.SETTLED):
        raise RefusedError(
            f"A complaint that is {outcome} takes no end back.",
            remedy="leave --reopen out, or enter that it was upheld or settled.",
        )
    found = [(t, c) for t in timelines for c in complaints(t) if c.reference == reference]
    if not found:
        raise RefusedError(
            "No complaint with this reference was entered here.",
            remedy="`afschrift case show` lists them; enter it first, with --from and --received.",
        )
    for timeline, complaint in found:
        if complaint.ended is not None:
            raise TooLateError(
                f"The outcome of {reference} was entered already: {complaint.ended.detail.get('outcome')} on "
                f"{complaint.ended.day}.",
                remedy="enter an appeal as a complaint with a reference of its own.",
            )
        if reopen and timeline.state is State.PERSON_DECEASED:
            raise RefusedError(
                f"A death is recorded of request {timeline.request}: no complaint opens it again (R17).",
                remedy="leave --reopen out. A second signer lifts an error: `request not-deceased`.",
            )
        must_lie_within(day, timeline, today, "An outcome")
        if complaint.entered.day is not None and day < complaint.entered.day:
            raise RefusedError(
                f"The outcome is before the complaint of {complaint.entered.day}.", remedy="look at both."
            )
    return {
        timeline.request: [
            NewFact(
                FactKind.COMPLAINT_ENDED,
                day,
                about=complaint.entered.id,
                detail={"outcome": outcome},
                to=State.NEEDS_PERSON if reopen and not timeline.state.open else None,
            )
        ]
        for timeline, complaint in found
    }


def must_be_reference(text: str) -> None:
    """Refuse a text that is no reference: words and names must not reach the trail.

    Raises:
        RefusedError: it is no reference.
    """
    if not REFERENCE.fullmatch(text):
        raise RefusedError(
            "This is no reference.",
            remedy="write a number or id without spaces and @, such as z2026-01234; words go into the text.",
        )
