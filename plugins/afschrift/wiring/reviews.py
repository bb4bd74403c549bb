"""Restrictions whose day to be looked at again has come: named by the check of deadlines (R84)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from afschrift.core.deadline import local_date
from afschrift.core.grounds import Outcome
from afschrift.ledger.register import Ledger
from afschrift.pipeline.decisions import rulings
from afschrift.wiring.telling import note_told, was_told
from afschrift.wiring.watch import Message, as_message

_COLUMNS = ("Request", "Review", "Signed by")


@dataclass(frozen=True)
class Review:
    """A restriction to look at again.

    Attributes:
        request: whose answer it restricts, mostly a closed one.
        on: the day that was set with it.
        by: who decided it.
    """

    request: str
    on: date
    by: str

    @property
    def words(self) -> str:
        """For the log."""
        return f"{self.request}: a restriction was to be looked at again on {self.on} (R84)."


def due_reviews(ledger: Ledger, now: datetime) -> list[Review]:
    """Those in force whose day has come and after which nothing was decided, the oldest first."""
    found = []
    for request in ledger.decided_on(Outcome.RESTRICT):
        timeline = ledger.timeline(request)
        taken = [one for one in rulings(ledger, request) if one.in_force]
        for one in taken:
            if one.outcome is not Outcome.RESTRICT:
                continue
            on = date.fromisoformat(one.decision.detail["review_on"])
            again = any(timeline.local(other.decision.at) >= on for other in taken)
            if on <= local_date(now, timeline.zone) and not again:
                found.append(Review(request, on, one.decision.by))
    return sorted(found, key=lambda review: (review.on, review.request))


def tell_reviews(
    ledger: Ledger, now: datetime, notifier: str, send: Callable[[Message], None], by: str
) -> int:
    """Tell a notifier of reviews, each once; how many there were.

    What `send` raises passes; then nothing was recorded, and the next check tells it again.
    """
    untold = [
        one
        for one in due_reviews(ledger, now)
        if not was_told(ledger.timeline(one.request), _told(one, notifier))
    ]
    if not untold:
        return 0
    number = len(untold)
    subject = f"Afschrift: {number} restriction{'s' * (number != 1)} to look at again"
    rows = [(one.request, str(one.on), one.by) for one in untold]
    what = "Whether its reason still holds: afschrift request show REQUEST."
    send(as_message(subject, _COLUMNS, rows, [one.words for one in untold], what))
    for one in untold:
        note_told(ledger, one.request, _told(one, notifier), by)
    return number


def _told(one: Review, notifier: str) -> dict[str, str]:
    return {"review": str(one.on), "notifier": notifier}
