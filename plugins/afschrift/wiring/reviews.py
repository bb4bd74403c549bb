"""Restrictions whose day to be looked at again has come: named by the check of deadlines (R84)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from afschrift.core.facts import FactKind, NewFact, Timeline
from afschrift.core.grounds import Outcome
from afschrift.ledger.register import Ledger
from afschrift.pipeline.decisions import rulings
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


def due_reviews(ledger: Ledger, today: date) -> list[Review]:
    """Those in force whose day has come and after which nothing was decided, the oldest first."""
    found = []
    for request in ledger.decided_on(Outcome.RESTRICT):
        taken = [one for one in rulings(ledger, request) if one.in_force]
        for one in taken:
            if one.outcome is not Outcome.RESTRICT:
                continue
            on = date.fromisoformat(one.decision.detail["review_on"])
            again = any(date.fromisoformat(other.decision.at[:10]) >= on for other in taken)
            if on <= today and not again:
                found.append(Review(request, on, one.decision.by))
    return sorted(found, key=lambda review: (review.on, review.request))


def tell_reviews(ledger: Ledger, today: date, notifier: str, send: Callable[[Message], None], by: str) -> int:
    """Tell a notifier of reviews, each once; how many there were.

    What `send` raises passes; then nothing was recorded, and the next check tells it again.
    """
    untold = [
        one for one in due_reviews(ledger, today) if not _known(ledger.timeline(one.request), one, notifier)
    ]
    if not untold:
        return 0
    number = len(untold)
    subject = f"Afschrift: {number} restriction{'s' * (number != 1)} to look at again"
    rows = [(one.request, str(one.on), one.by) for one in untold]
    what = "Whether its reason still holds: afschrift request show REQUEST."
    send(as_message(subject, _COLUMNS, rows, [one.words for one in untold], what))
    for one in untold:
        ledger.record_facts(
            one.request, partial(_these, NewFact(FactKind.QUESTION_TOLD, detail=_told(one, notifier))), by
        )
    return number


def _told(one: Review, notifier: str) -> dict[str, str]:
    return {"review": str(one.on), "notifier": notifier}


def _known(timeline: Timeline, one: Review, notifier: str) -> bool:
    return any(dict(fact.detail) == _told(one, notifier) for fact in timeline.of(FactKind.QUESTION_TOLD))


def _these(fact: NewFact, _timeline: Timeline) -> list[NewFact]:
    return [fact]
