"""Extract a source for several requests in one pass over each table.

Each request keeps its gates, its keys, its staging and its record: what is written and recorded of it is what
`extract` would have written and recorded alone, and a run of its own goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from afschrift.batch.members import Alone, Member, alike_plans, member, why_alone
from afschrift.batch.source_pass import TOGETHER, Outcomes, SourcePass, code
from afschrift.batch.split import OtherPersonsRowError, SharedReadError
from afschrift.domain.errors import AfschriftError, RetriableError, SourceDownError
from afschrift.services import Services

DONE = "extracted_before"
FAILED_AT_MOST = 20
"""Passes of one group that may fail before each request reads alone: two bad values among 1,000 are found."""

__all__ = ["DONE", "TOGETHER", "Outcomes", "extract_together"]


def extract_together(
    services: Services, source: str, requests: Sequence[str], batch: str, of: Callable[[str], Services]
) -> Outcomes:
    """Extract a source for requests whose plans are frozen (R08, R80).

    What one request meets stops that one alone; its own run meets it again, and says so.

    Args:
        services: of the batch.
        source: its name in the inventory.
        requests: their ids.
        batch: id of the batch.
        of: the services of a request's own run.

    Raises:
        GateError: a row was not that of the person whom the source gave it for; nothing is extracted.
        SourceDownError: the source is down.
    """
    outcomes: Outcomes = {}
    waiting = []
    for request_id in dict.fromkeys(requests):
        try:
            one = member(of(request_id), request_id, source)
        except AfschriftError as met:
            outcomes[request_id] = code(met)
            continue
        why = DONE if one is None else why_alone(one.services, one.plan, one.keys, source)
        if one is None or why is not None:
            outcomes[request_id] = str(why)
        else:
            waiting.append(one)
    for group in alike_plans(waiting, source):
        outcomes |= _in_passes(services, source, batch, group)
    return outcomes


def _in_passes(services: Services, source: str, batch: str, group: Sequence[Member]) -> Outcomes:
    """Read a group in one pass; where somebody's rows end it, each half of it, until it is known whose."""
    outcomes: Outcomes = dict.fromkeys((one.id for one in group), str(Alone.COMPANY))
    left, failed = [group], 0
    while left:
        if len(some := left.pop()) < 2:
            continue
        one_pass = SourcePass(services, source, batch, some)
        try:
            outcomes |= one_pass.run()
        except SharedReadError as shared:
            if isinstance(shared.met, SourceDownError):
                raise shared.met from None
            failed += 1
            outcomes |= one_pass.stopped | {one.id: code(shared.met) for one in one_pass.going}
            somebodys = shared.somebodys and not isinstance(shared.met, RetriableError)
            if somebodys and failed < FAILED_AT_MOST:
                half = len(one_pass.going) // 2
                left += [one_pass.going[half:], one_pass.going[:half]]
        except (OtherPersonsRowError, RetriableError):
            raise
        except AfschriftError as met:  # of the source itself: each one's own run meets it too
            outcomes |= {one.id: code(met) for one in some}
    return outcomes
