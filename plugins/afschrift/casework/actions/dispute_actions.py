"""Actions on holds, complaints and restrictions, on open and closed requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import Field

from afschrift.casework.actions.action import (
    ActionTable,
    Choices,
    Code,
    Day,
    Done,
    Parameters,
    Situation,
    Subject,
    Words,
    agreement,
    codes,
    done_with,
)
from afschrift.casework.disputes import DisputeService, Result, follow_up, review_lines
from afschrift.casework.officer import Officer
from afschrift.domain.language import gettext, say
from afschrift.law.clock.facts import Timeline
from afschrift.law.dispute import Ending, HoldGround, Sender, complaints, holds
from afschrift.law.restriction import ReviewOutcome, reviews
from afschrift.law.roles import Role
from afschrift.questions.view import in_words


class HoldParameters(Parameters):
    """Of a hold to put."""

    ground: Code = codes(HoldGround, title="Ground", description="Why nothing may be destroyed.")
    review_on: Day | None = Field(
        None, title="Look again on", description="Day to check whether it is still needed."
    )
    text: Words = Field(title="Why, in your own words")


class ReleaseParameters(Parameters):
    """Of a hold to end."""

    hold: Code | None = Field(None, title="Hold", description="Which one, if there are several.")
    text: Words = Field(title="Why, in your own words")


class ComplaintParameters(Parameters):
    """Of a complaint or petition that came."""

    from_: Code = Field(
        alias="from", title="From", description="Who sent it.", json_schema_extra={"enum": list(Sender)}
    )
    reference: Code = Field(title="Reference", description="The sender's, without spaces.")
    received: Day = Field(title="Received on", description="Local day on which it came.")
    text: Words | None = Field(None, title="What it says, in your own words")
    document: tuple[Code, ...] = Field(
        (), title="Documents", description="Id of what `afschrift case add` kept of it."
    )


class OutcomeParameters(Parameters):
    """Of the outcome of a complaint or petition."""

    reference: Code = Field(title="Complaint", description="The reference under which it was entered.")
    outcome: Code = codes(Ending, title="Outcome")
    on: Day | None = Field(None, title="Day", description="Of the outcome; without one, today.")
    reopen: bool = Field(
        False, title="Open it again", description="The request was closed wrongly, and is open again."
    )
    text: Words | None = Field(None, title="More, in your own words")


class RestrictionParameters(Parameters):
    """Of a restriction."""

    restriction: Code = Field(title="Restriction", description="Its id.")


class ReviewParameters(RestrictionParameters):
    """Of the review of a restriction."""

    outcome: Code = codes(ReviewOutcome, title="Outcome")
    next: Day | None = Field(None, title="Next review", description="Where it stays: on which day.")
    text: Words = Field(title="Why, in your own words")


class ReviewSignature(RestrictionParameters):
    """The second signer's word on that."""

    agree: bool = agreement("Whether the outcome of the review counts.")


def _held(found: Result, state: str = "held") -> Iterator[str]:
    for timeline in found:
        words = ", ".join(hold.words for hold in holds(timeline))
        yield f"{timeline.request}  {f'{state}: {words}' if words else 'free'}"


def _complaints(found: Result) -> Iterator[str]:
    for timeline in found:
        yield from (f"{timeline.request}  {entered.words}" for entered in complaints(timeline))


def _open_complaints(at: Situation) -> Choices:
    found = [each for each in complaints(at.timeline) if each.ended is None]
    return [
        (
            each.reference,
            gettext(
                "{reference}: complaint of {sender}, received on {day}",
                reference=each.reference,
                sender=in_words(each.entered.detail.get("from")).lower(),
                day=say(str(each.entered.day)),
            ),
        )
        for each in found
    ]


def _holds(at: Situation) -> Choices:
    return [
        (hold.id, gettext("{ground}, since {day}", ground=in_words(hold.ground), day=say(hold.since[:10])))
        for hold in holds(at.timeline)
    ]


def _restrictions(which: Callable[[Timeline, Any], bool]) -> Callable[[Situation], Choices]:
    return lambda at: [
        (found.id, gettext("looked at again on {day}", day=say(str(found.review_on))))
        for found in at.restrictions
        if which(at.timeline, found)
    ]


def _waits(timeline: Timeline, found: Any) -> bool:
    return any(review.waits for review in reviews(timeline, found.id))


_IN_FORCE = _restrictions(lambda timeline, found: not found.lifted and not _waits(timeline, found))
_TO_SIGN = _restrictions(_waits)
_LIFTED = _restrictions(lambda timeline, found: found.lifted and not timeline.state.open)


ACTIONS = ActionTable()


@ACTIONS.row(
    "hold",
    "Prevent destruction",
    of=Subject.CASE,
)
def _hold(officer: Officer, owner: str, given: HoldParameters) -> Done:
    """Prevent the destruction of a case or request:

    of its keys, texts, staging and trail. It holds until an officer releases it; of several holds, until
    the last one is released.
    """
    found = DisputeService(officer).hold(owner, given.ground, given.text, given.review_on)
    return Done(found, list(_held(found)))


@ACTIONS.row(
    "release",
    "End a hold",
    lambda at: bool(holds(at.timeline)),
    {"hold": _holds},
    of=Subject.CASE,
)
def _release(officer: Officer, owner: str, given: ReleaseParameters) -> Done:
    """End a hold.

    After the last one the usual retention periods apply again.
    """
    found = DisputeService(officer).release(owner, given.text, given.hold)
    return Done(found, list(_held(found, "still held")))


@ACTIONS.row(
    "complaint",
    "Enter a complaint",
    of=Subject.CASE,
)
def _complaint(officer: Officer, owner: str, given: ComplaintParameters) -> Done:
    """Enter a complaint or petition about a request, also a closed one.

    It sets a hold, which remains after the outcome until you release it: an appeal may follow.
    """
    found = DisputeService(officer).complain(
        owner, given.from_, given.reference, given.received, given.text, given.document
    )
    hold = gettext("It sets a hold: nothing of it is destroyed until `afschrift case release`.")
    return Done(found, [*_complaints(found), hold])


@ACTIONS.row(
    "complaint-outcome",
    "Enter the outcome of a complaint",
    lambda at: bool(_open_complaints(at)),
    {"reference": _open_complaints},
    of=Subject.CASE,
)
def _outcome(officer: Officer, owner: str, given: OutcomeParameters) -> Done:
    """Enter the outcome of a complaint that was entered before."""
    found = DisputeService(officer).end_complaint(
        owner, given.reference, given.outcome, given.on, given.text, reopen=given.reopen
    )
    left = gettext("Its hold remains, since an appeal may follow: `afschrift case release` ends it.")
    return Done(found, [*_complaints(found), *([left] if any(map(holds, found)) else [])])


@ACTIONS.row(
    "review-restriction",
    "Look at a restriction again",
    lambda at: bool(_IN_FORCE(at)),
    {"restriction": _IN_FORCE},
)
def _review(officer: Officer, request: str, given: ReviewParameters) -> Done:
    """Record the review of a restriction (R84):

    it remains until a next day, or is lifted. If its ground needs a second signer, so does this.
    """
    timeline, found = DisputeService(officer).review(
        request, given.restriction, given.outcome, given.text, given.next
    )
    return Done([timeline], list(review_lines(timeline, found)))


@ACTIONS.row(
    "sign-restriction-review",
    "Sign the review of a restriction",
    lambda at: bool(_TO_SIGN(at)),
    {"restriction": _TO_SIGN},
    role=Role.SECOND_SIGNER,
)
def _sign(officer: Officer, request: str, given: ReviewSignature) -> Done:
    """As second signer:

    whether the outcome of a review counts (R84).
    """
    timeline, found = DisputeService(officer).sign_review(request, given.restriction, agree=given.agree)
    return Done([timeline], list(review_lines(timeline, found)))


@ACTIONS.row(
    "follow-up",
    "Give what a lifted restriction had kept back",
    lambda at: bool(_LIFTED(at)),
    {"restriction": _LIFTED},
)
def _follow_up(officer: Officer, request: str, given: RestrictionParameters) -> Done:
    """Open a request that gives what a lifted restriction had kept back from a closed one (R54)."""
    made = follow_up(DisputeService(officer), request, given.restriction)
    words = gettext(
        "{made} is linked to {request} (R54). Its identity is confirmed anew; then it runs.",
        made=made,
        request=request,
    )
    return done_with(officer, made, [words])
