"""Complaints and petitions about a request, and what came of them (D.3). Pure, as `law.dispute`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.law.clock.sending import must_lie_within
from afschrift.law.dispute import HoldGround, NewFacts, hold, need_some

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}")


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
        entered: the fact that tells of it; its `day` is that of receipt, its `proof` the reference.
        ended: the fact that tells what came of it; None: nothing yet.
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
        Complaint(one, next(iter(timeline.about(one, FactKind.COMPLAINT_ENDED)), None))
        for one in timeline.of(FactKind.COMPLAINED)
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
    """Enter a complaint or petition, on closed requests too. It puts a hold by itself.

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
    if sender not in [one.value for one in Sender]:
        raise RefusedError("A complaint is not of this sender.", remedy=f"choose {' | '.join(Sender)}.")
    must_be_reference(reference)
    need_some(timelines)
    for timeline in timelines:
        must_lie_within(received, timeline, today, "A complaint")
        if any(one.reference == reference for one in complaints(timeline)):
            raise RefusedError(
                f"A complaint with reference {reference} was entered for {timeline.request} already.",
                remedy=f"enter what came of it: `afschrift case complaint {timeline.request} --reference "
                f"{reference} --outcome ...`. An appeal has a reference of its own.",
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
    """Enter what came of a complaint. Its hold stays: an appeal may follow, so a person ends it.

    `reopen`: what it was about ended wrongly, so requests that are closed are open again (R54).

    Raises:
        RefusedError: no such outcome or complaint, a day that cannot be, or a complaint that was not upheld
            opens nothing again.
        TooLateError: its outcome was entered already.
    """
    if outcome not in [one.value for one in Ending]:
        raise RefusedError("This is no outcome.", remedy=f"choose {' | '.join(Ending)}.")
    if reopen and outcome not in (Ending.UPHELD, Ending.SETTLED):
        raise RefusedError(
            f"A complaint that is {outcome} takes no end back.",
            remedy="leave --reopen out, or enter that it was upheld or settled.",
        )
    found = [(t, one) for t in timelines for one in complaints(t) if one.reference == reference]
    if not found:
        raise RefusedError(
            "No complaint with this reference was entered here.",
            remedy="`afschrift case show` lists them; enter it first, with --from and --received.",
        )
    for timeline, one in found:
        if one.ended is not None:
            raise TooLateError(
                f"The outcome of {reference} was entered already: {one.ended.detail.get('outcome')} on "
                f"{one.ended.day}.",
                remedy="enter an appeal as a complaint with a reference of its own.",
            )
        must_lie_within(day, timeline, today, "An outcome")
        if one.entered.day is not None and day < one.entered.day:
            raise RefusedError(
                f"The outcome of {day} is before the complaint of {one.entered.day}.", remedy="look at both."
            )
    return {
        timeline.request: [
            NewFact(
                FactKind.COMPLAINT_ENDED,
                day,
                about=one.entered.id,
                detail={"outcome": outcome},
                to=State.NEEDS_PERSON if reopen and not timeline.state.open else None,
            )
        ]
        for timeline, one in found
    }


def must_be_reference(text: str) -> None:
    """Turn down a reference that is none: words and names must not reach the trail.

    Raises:
        RefusedError: it is none.
    """
    if not _REFERENCE.fullmatch(text):
        raise RefusedError(
            "This is no reference.",
            remedy="write a number or id without spaces and @, such as z2026-01234; words go into the text.",
        )
