"""Restrictions and holds whose review is due: the check of deadlines names them (R84)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from afschrift.casework.decision.in_force import Restriction, request_decisions, restrictions
from afschrift.casework.notices.reminder import Message, Reminder, as_message, request_reminder
from afschrift.law.clock.deadline import local_date
from afschrift.law.grounds import Outcome
from afschrift.register.register import Register

_COLUMNS = ("Request", "What", "Review", "Set by")
_HOW = {
    "restriction": "afschrift request review-restriction REQUEST --restriction ID --outcome stays|lifted",
    "hold": "afschrift case release REQUEST --hold ID, where the dispute is over",
}


@dataclass(frozen=True)
class DueReview:
    """A restriction or a hold to look at again.

    Attributes:
        request: that it is on, mostly a closed one.
        on: the day that was set for it last.
        by: who set it.
        what: `restriction` or `hold`.
        id: of the restriction (the question whose answer it was), or of the hold.
    """

    request: str
    on: date
    by: str
    what: str
    id: str

    @property
    def words(self) -> str:
        """For the log."""
        rule = " (R84)" if self.what == "restriction" else ""
        return (
            f"{self.request}: {self.what} {self.id} was to be looked at again on {self.on}{rule}: "
            f"{_HOW[self.what]}."
        )


def due_reviews(register: Register, now: datetime) -> list[DueReview]:
    """Those in force whose day has come and after which nothing was decided, the oldest first."""
    return sorted(
        (*_restrictions(register, now), *_holds(register, now)),
        key=lambda review: (review.on, review.request, review.id),
    )


def _restrictions(register: Register, now: datetime) -> Iterator[DueReview]:
    for request in register.decisions.requests_with(Outcome.RESTRICT):
        zone = register.facts.timeline(request).zone
        yield from due_restrictions(register, request, zone, local_date(now, zone))


def due_restrictions(register: Register, request: str, zone: str, today: date) -> Iterator[DueReview]:
    """The restrictions of a request that are to be looked at again by a day."""
    for row in restrictions(register, request):
        if not row.lifted and row.review_on <= today and not _decided_anew(register, row, zone):
            yield DueReview(request, row.review_on, row.by, "restriction", row.id)


def _decided_anew(register: Register, restriction: Restriction, zone: str) -> bool:
    """Whether the request was decided on again since the day came."""
    taken = [ruling for ruling in request_decisions(register, restriction.request) if ruling.in_force]
    return any(local_date(ruling.decision.at, zone) >= restriction.review_on for ruling in taken)


def _holds(register: Register, now: datetime) -> Iterator[DueReview]:
    for hold in register.disputes.holds():
        if hold.review_on is not None:
            zone = register.facts.timeline(hold.request).zone
            if hold.review_on <= local_date(now, zone):
                yield DueReview(hold.request, hold.review_on, hold.by, "hold", hold.id)


def review_reminder(register: Register, by: str, now: datetime) -> Reminder[DueReview]:
    """Reminds every notifier of reviews that are due; `now`: the present instant, aware."""
    return request_reminder(
        register,
        by,
        lambda _roles: due_reviews(register, now),
        _message,
        lambda review: register.facts.timeline(review.request),
        lambda review, notifier: {"review": str(review.on), "of": review.id, "notifier": notifier},
    )


def _message(due: Sequence[DueReview]) -> Message:
    kinds = sorted({review.what for review in due}, reverse=True)
    subject = f"Afschrift: {len(due)} {' or '.join(kinds)}{'s' * (len(due) != 1)} to look at again"
    cells = [(review.request, f"{review.what} {review.id}", str(review.on), review.by) for review in due]
    what = "Whether its reason still holds: " + "; ".join(_HOW[kind] for kind in kinds) + "."
    return as_message(subject, _COLUMNS, cells, [review.words for review in due], what)
