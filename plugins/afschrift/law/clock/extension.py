"""Two further months for a complex request, once and only when announced in time (R39-R41)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from afschrift.domain.errors import RefusedError
from afschrift.law.clock.clock import Jurisdiction, clock
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.clock.sending import Sending, must_be_open

REASONS = (
    "amount_of_data",
    "scattered_over_systems",
    "rights_of_others",
    "processors_must_answer",
    "hard_to_retrieve",
    "several_requests",
    "temporary_flood",
)
"""What makes a request complex, or many at once (R39, R40; EDPB 163-164)."""

_NO_REASON = {
    "effort": "effort is not complexity (R40)",
    "own_costs": "the cost of an organisation's own process is no reason (R40, R52)",
    "count": "the number of requests of everybody is no reason, short of a sudden flood (R40)",
    "size_of_company": "the size of an organisation is not complexity (R40)",
}


def extend(
    timeline: Timeline,
    jurisdiction: Jurisdiction,
    today: date,
    reasons: Sequence[str],
    *,
    letter: str | None = None,
    sending: Sending | None = None,
) -> list[NewFact]:
    """Two further months, which hold if the reasoned letter is sent inside the first one (R39-R41).

    A letter that was sent too late is recorded all the same: the extension is void, and the clock says so.

    Raises:
        TooLateError: the request is closed.
        RefusedError: no reason that the law knows, extended already, or the first month is over.
    """
    must_be_open(timeline)
    for reason in reasons:
        if reason in _NO_REASON:
            raise RefusedError(
                f"This extends nothing: {_NO_REASON[reason]}.", remedy=f"choose among {', '.join(REASONS)}."
            )
    if not reasons or set(reasons) - set(REASONS):
        raise RefusedError(
            "An extension needs one or more of the reasons that the law knows (R39, R40).",
            remedy=f"choose among {', '.join(REASONS)}.",
        )
    if timeline.of(FactKind.EXTENDED):
        raise RefusedError(
            "The request was extended already; there is one extension, of two months at most (R39).",
            remedy="where its letter is not sent yet, send it; else answer by the due date.",
        )
    if sending is not None:
        sending.check(timeline, today)
    else:
        last = clock(timeline, jurisdiction, today).notice_due
        if last is not None and today > last:
            raise RefusedError(
                f"The first month ended on {last}: an extension that is announced now is void (R41).",
                remedy="answer the request. Where a letter was sent, late or not, record it with --sent-on.",
            )
    fact = NewFact(FactKind.EXTENDED, letter=letter, detail={"reasons": sorted(set(reasons))})
    return [fact] if sending is None else [fact, sending.fact()]
