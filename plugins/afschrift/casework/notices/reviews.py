"""Restrictions and holds whose day to be looked at again has come: named by the check of deadlines (R84)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from afschrift.casework.decision.in_force import rulings
from afschrift.casework.decision.restrictions import Restriction, restrictions
from afschrift.casework.notices.notified import note_told, was_told
from afschrift.casework.notices.report import Message, as_message
from afschrift.law.clock.deadline import local_date
from afschrift.law.grounds.grounds import Outcome
from afschrift.register.register import Register

_COLUMNS = ("Request", "What", "Review", "Set by")
_HOW = {
    "restriction": "afschrift case reviewed REQUEST --restriction ID --outcome stays|lifted",
    "hold": "afschrift case release REQUEST --hold ID, where the dispute is over",
}


@dataclass(frozen=True)
class Review:
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


def due_reviews(register: Register, now: datetime) -> list[Review]:
    """Those in force whose day has come and after which nothing was decided, the oldest first."""
    return sorted(
        (*_restrictions(register, now), *_holds(register, now)),
        key=lambda review: (review.on, review.request, review.id),
    )


def _restrictions(register: Register, now: datetime) -> Iterator[Review]:
    for request in register.decisions.requests_with(Outcome.RESTRICT):
        timeline = register.facts.timeline(request)
        today = local_date(now, timeline.zone)
        for one in restrictions(register, request):
            if not one.lifted and one.review_on <= today and not _decided_anew(register, one, timeline.zone):
                yield Review(request, one.review_on, one.by, "restriction", one.id)


def _decided_anew(register: Register, one: Restriction, zone: str) -> bool:
    """Whether the request was decided on again since the day came."""
    taken = [ruling for ruling in rulings(register, one.request) if ruling.in_force]
    return any(
        local_date(datetime.fromisoformat(ruling.decision.at), zone) >= one.review_on for ruling in taken
    )


def _holds(register: Register, now: datetime) -> Iterator[Review]:
    for one in register.disputes.holds():
        if one.review_on is not None:
            zone = register.requests.get(one.request).zone
            if one.review_on <= local_date(now, zone):
                yield Review(one.request, one.review_on, one.by, "hold", one.id)


def tell_reviews(
    register: Register, now: datetime, notifier: str, send: Callable[[Message], None], by: str
) -> int:
    """Tell a notifier of reviews, each once; how many there were.

    What `send` raises passes; then nothing was recorded, and the next check tells it again.
    """
    untold = [
        one
        for one in due_reviews(register, now)
        if not was_told(register.facts.timeline(one.request), _told(one, notifier))
    ]
    if not untold:
        return 0
    number, kinds = len(untold), sorted({one.what for one in untold}, reverse=True)
    plural = "s" * (number != 1)
    subject = f"Afschrift: {number} {' or '.join(kinds)}{plural} to look at again"
    rows = [(one.request, f"{one.what} {one.id}", str(one.on), one.by) for one in untold]
    what = "Whether its reason still holds: " + "; ".join(_HOW[kind] for kind in kinds) + "."
    send(as_message(subject, _COLUMNS, rows, [one.words for one in untold], what))
    for one in untold:
        note_told(register, one.request, _told(one, notifier), by)
    return number


def _told(one: Review, notifier: str) -> dict[str, str]:
    return {"review": str(one.on), "of": one.id, "notifier": notifier}
