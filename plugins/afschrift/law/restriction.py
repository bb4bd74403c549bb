"""Looking again at a restriction: it stays until a next day, or is lifted (R84).

Pure: each function looks at a timeline and gives the facts to append, or raises. A restriction is known by
the id of the question whose answer it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline


class ReviewOutcome(StrEnum):
    """What came of looking again."""

    STAYS = "stays"
    LIFTED = "lifted"


@dataclass(frozen=True)
class RestrictionReview:
    """One look at a restriction.

    Attributes:
        fact: that tells of it.
        signed: what the second signer said; None: nothing yet, or nobody has to.
    """

    fact: FactRow
    signed: bool | None

    @property
    def restriction(self) -> str:
        """Id of the question whose answer it was."""
        return str(self.fact.detail.get("restriction"))

    @property
    def outcome(self) -> ReviewOutcome:
        """What came of it."""
        return ReviewOutcome(str(self.fact.detail.get("outcome")))

    @property
    def next(self) -> date | None:
        """The day to look again; None for one that was lifted."""
        on = self.fact.detail.get("next")
        return date.fromisoformat(on) if on else None

    @property
    def waits(self) -> bool:
        """For a second signer."""
        return self.fact.detail.get("second_signer") is True and self.signed is None

    @property
    def in_force(self) -> bool:
        """It counts: no second signer is due, or one agreed."""
        return self.fact.detail.get("second_signer") is not True or self.signed is True


def reviews(timeline: Timeline, restriction: str) -> tuple[RestrictionReview, ...]:
    """All looks at a restriction, the oldest first."""
    signed = FactKind.RESTRICTION_SIGNED
    return tuple(
        RestrictionReview(fact, next((f.detail.get("agree") for f in timeline.about(fact, signed)), None))
        for fact in timeline.of(FactKind.RESTRICTION_REVIEWED)
        if fact.detail.get("restriction") == restriction
    )


def last_review(timeline: Timeline, restriction: str) -> RestrictionReview | None:
    """The last look that counts; None: there is none yet."""
    found = [review for review in reviews(timeline, restriction) if review.in_force]
    return found[-1] if found else None


def lifted(timeline: Timeline) -> frozenset[str]:
    """Ids of the restrictions that are lifted. What was lifted stays so: another one is another decision."""
    ids = {str(fact.detail.get("restriction")) for fact in timeline.of(FactKind.RESTRICTION_REVIEWED)}
    return frozenset(
        restriction
        for restriction in ids
        if any(r.in_force and r.outcome is ReviewOutcome.LIFTED for r in reviews(timeline, restriction))
    )


def review(
    timeline: Timeline, today: date, restriction: str, outcome: str, next_: date | None, *, two: bool
) -> list[NewFact]:
    """A person looked at a restriction again; on a closed request too.

    Args:
        timeline: of the request.
        today: local date.
        restriction: its id.
        outcome: one of `Looked`.
        next_: the day to look again; of one that stays.
        two: a second person signs, as for the restriction itself.

    Raises:
        TooLateError: it was lifted already, or a look waits for its second signer.
        RefusedError: no such outcome; one that stays without a later day, or a day for one that is lifted.
    """
    if outcome not in [known.value for known in ReviewOutcome]:
        raise RefusedError(
            "This is no outcome of a review.", remedy=f"choose {' | '.join(ReviewOutcome)} (R84)."
        )
    if restriction in lifted(timeline):
        raise TooLateError(
            f"Restriction {restriction} was lifted already.",
            remedy="where it is needed again, decide anew: `afschrift questions open REQUEST`.",
        )
    if any(earlier.waits for earlier in reviews(timeline, restriction)):
        raise TooLateError(
            f"A review of restriction {restriction} waits for its second signer.",
            remedy=f"another person: `afschrift case reviewed {timeline.request} --restriction "
            f"{restriction} --sign`, or --turn-down.",
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
    """The look that waits for a second signer.

    Raises:
        RefusedError: none does.
    """
    found = next((review for review in reviews(timeline, restriction) if review.waits), None)
    if found is None:
        raise RefusedError(
            f"No review of restriction {restriction} waits for a second signer.",
            remedy="`afschrift request show` lists them.",
        )
    return found


def sign(timeline: Timeline, restriction: str, *, agree: bool) -> list[NewFact]:
    """The second signer's word on a look.

    Raises:
        RefusedError: none waits for it.
    """
    about = review_to_sign(timeline, restriction).fact.id
    detail = {"restriction": restriction, "agree": agree}
    return [NewFact(FactKind.RESTRICTION_SIGNED, about=about, detail=detail)]
