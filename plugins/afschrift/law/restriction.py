"""Reviews of a restriction: it stays until a next day, or is lifted (R84).

Pure: each function takes a timeline and returns the facts to append, or raises. A restriction is identified
by the id of the question that it answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline


class ReviewOutcome(StrEnum):
    """Outcome of a review."""

    STAYS = "stays"
    LIFTED = "lifted"


@dataclass(frozen=True)
class RestrictionReview:
    """A review of a restriction.

    Attributes:
        fact: that records it.
        signed: whether the second signer agreed; None: not yet, or none is needed.
    """

    fact: FactRow
    signed: bool | None

    @property
    def outcome(self) -> ReviewOutcome:
        """Outcome of the review."""
        return ReviewOutcome(str(self.fact.detail.get("outcome")))

    @property
    def next(self) -> date | None:
        """The day of the next review; None for a restriction that was lifted."""
        on = self.fact.detail.get("next")
        return date.fromisoformat(on) if on else None

    @property
    def waits(self) -> bool:
        """Whether it waits for a second signer."""
        return self.fact.detail.get("second_signer") is True and self.signed is None

    @property
    def in_force(self) -> bool:
        """Whether it counts: no second signer is needed, or one agreed."""
        return self.fact.detail.get("second_signer") is not True or self.signed is True


def reviews(timeline: Timeline, restriction: str) -> tuple[RestrictionReview, ...]:
    """All reviews of a restriction, oldest first."""
    signed = FactKind.RESTRICTION_SIGNED
    return tuple(
        RestrictionReview(fact, next((f.detail.get("agree") for f in timeline.about(fact, signed)), None))
        for fact in timeline.of(FactKind.RESTRICTION_REVIEWED)
        if fact.detail.get("restriction") == restriction
    )


def last_review(timeline: Timeline, restriction: str) -> RestrictionReview | None:
    """The last review that counts; None: there is none yet."""
    found = [review for review in reviews(timeline, restriction) if review.in_force]
    return found[-1] if found else None


def lifted(timeline: Timeline) -> frozenset[str]:
    """Ids of the lifted restrictions. A lifted one stays lifted: a new restriction is a new decision."""
    ids = {str(fact.detail.get("restriction")) for fact in timeline.of(FactKind.RESTRICTION_REVIEWED)}
    return frozenset(
        restriction
        for restriction in ids
        if any(r.in_force and r.outcome is ReviewOutcome.LIFTED for r in reviews(timeline, restriction))
    )


def review(
    timeline: Timeline, today: date, restriction: str, outcome: str, next_: date | None, *, two: bool
) -> list[NewFact]:
    """Facts of a review of a restriction, on a closed request too.

    Args:
        timeline: of the request.
        today: local date.
        restriction: its id.
        outcome: one of `ReviewOutcome`.
        next_: day of the next review, if it stays.
        two: a second person signs, as for the restriction itself.

    Raises:
        TooLateError: it was lifted already, or a review waits for its second signer.
        RefusedError: no such outcome; it stays without a later day, or is lifted with one.
    """
    if outcome not in [known.value for known in ReviewOutcome]:
        raise RefusedError(
            "This is no outcome of a review.", remedy=f"choose {' | '.join(ReviewOutcome)} (R84)."
        )
    if restriction in lifted(timeline):
        raise TooLateError(
            f"Restriction {restriction} was lifted already.",
            remedy="where it is needed again, decide anew: `afschrift request decide REQUEST`.",
        )
    if any(earlier.waits for earlier in reviews(timeline, restriction)):
        raise TooLateError(
            f"A review of restriction {restriction} waits for its second signer.",
            remedy=f"another person: `afschrift request sign-restriction-review {timeline.request} "
            f"--restriction {restriction} --agree`, or --disagree.",
        )
    if outcome == ReviewOutcome.STAYS and (next_ is None or next_ <= today):
        raise RefusedError(
            "A restriction that stays is looked at again (R84).",
            remedy="give a day after today: --next DATE.",
        )
    if outcome == ReviewOutcome.LIFTED and next_ is not None:
        raise RefusedError("What is lifted is not looked at again.", remedy="leave --next out.")
    detail: dict[str, object] = {"restriction": restriction, "outcome": outcome}
    detail |= {"next": str(next_)} if next_ else {}
    detail |= {"second_signer": True} if two else {}
    return [NewFact(FactKind.RESTRICTION_REVIEWED, today, detail=detail)]


def review_to_sign(timeline: Timeline, restriction: str) -> RestrictionReview:
    """The review that waits for a second signer.

    Raises:
        RefusedError: there is none.
    """
    found = next((review for review in reviews(timeline, restriction) if review.waits), None)
    if found is None:
        raise RefusedError(
            f"No review of restriction {restriction} waits for a second signer.",
            remedy="`afschrift request show` lists them.",
        )
    return found


def sign(timeline: Timeline, restriction: str, *, agree: bool) -> list[NewFact]:
    """Facts of the second signer's answer to a review.

    Raises:
        RefusedError: no review waits for it.
    """
    about = review_to_sign(timeline, restriction).fact.id
    detail = {"restriction": restriction, "agree": agree}
    return [NewFact(FactKind.RESTRICTION_SIGNED, about=about, detail=detail)]
