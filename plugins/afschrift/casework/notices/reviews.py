"""Restrictions and holds whose day to be looked at again has come: named by the check of deadlines (R84)."""

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
    "restriction": "afschrift case reviewed REQUEST --restriction ID --outcome stays|lifted",
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
        timeline = register.facts.timeline(request)
        today = local_date(now, timeline.zone)
        for one in restrictions(register, request):
            if not one.lifted and one.review_on <= today and not _decided_anew(register, one, timeline.zone):
                yield DueReview(request, one.review_on, one.by, "restriction", one.id)


def _decided_anew(register: Register, one: Restriction, zone: str) -> bool:
    """Whether the request was decided on again since the day came."""
    taken = [ruling for ruling in request_decisions(register, one.request) if ruling.in_force]
    return any(local_date(ruling.decision.at, zone) >= one.review_on for ruling in taken)


def _holds(register: Register, now: datetime) -> Iterator[DueReview]:
    for one in register.disputes.holds():
        if one.review_on is not None:
            zone = register.facts.timeline(one.request).zone
            if one.review_on <= local_date(now, zone):
                yield DueReview(one.request, one.review_on, one.by, "hold", one.id)


def review_reminder(register: Register, by: str, now: datetime) -> Reminder[DueReview]:
    """Reminds every notifier of reviews that are due; `now`: the present moment, aware."""
    return request_reminder(
        register,
        by,
        lambda _roles: due_reviews(register, now),
        _message,
        lambda one: register.facts.timeline(one.request),
        lambda one, notifier: {"review": str(one.on), "of": one.id, "notifier": notifier},
    )


def _message(due: Sequence[DueReview]) -> Message:
    kinds = sorted({one.what for one in due}, reverse=True)
    subject = f"Afschrift: {len(due)} {' or '.join(kinds)}{'s' * (len(due) != 1)} to look at again"
    cells = [(one.request, f"{one.what} {one.id}", str(one.on), one.by) for one in due]
    what = "Whether its reason still holds: " + "; ".join(_HOW[kind] for kind in kinds) + "."
    return as_message(subject, _COLUMNS, cells, [one.words for one in due], what)
