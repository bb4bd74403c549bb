"""A batch: prepare its requests, extract their sources together, then let each request's own run continue.

Each request has its own run in the batch, so that no other run uses its staging meanwhile. If a batch is
killed, its runs count as lost, and the next run of each request continues.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from afschrift.batch.members import Alone, Member, alike_plans, member, why_alone
from afschrift.batch.source_pass import Outcomes, SourcePass, code
from afschrift.batch.split import OtherPersonsRowError, SharedReadError
from afschrift.domain.errors import (
    AfschriftError,
    NeedsPersonError,
    RetriableError,
    SourceDownError,
    UnknownRequestError,
)
from afschrift.domain.request import BATCH_LIMIT, BATCHED, LOST, run_name
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.gates import begin

DONE = "extracted_before"
WAITS = "waits_for_person"
"""A question about the request is open, so it is left out of the batch."""
LEFT = "left_for_the_next"
"""The batch has the most requests that it may; the next batch takes this one."""
_ASKED = NeedsPersonError.__name__
_FAILED_AT_MOST = 20
"""Failed passes of one group before its requests read alone: enough to isolate two bad values in 1,000."""


def of_batch(services: Services, batch: str) -> Callable[[str], Services]:
    """Return a function from a request to the services of its run in the batch."""

    def of(request_id: str) -> Services:
        return replace(services, run=batch_run(batch, request_id))

    return of


def batch_run(batch: str, request_id: str) -> str:
    """Return the name of a request's run in a batch: unique, and the same at every retry."""
    return run_name(f"{batch}/{request_id}")


def prepare(
    services: Services, requests: Sequence[str], batch: str, by: str
) -> tuple[dict[str, list[str]], Outcomes]:
    """Begin, assess and classify each request separately.

    Args:
        services: of the batch.
        requests: their ids.
        batch: id of the batch.
        by: who started it.

    Returns:
        Source -> the requests whose plans read it; and request -> name of its error, or why it is left out.
    """
    of, unique = of_batch(replace(services, versions={}), batch), list(dict.fromkeys(requests))
    outcomes = Outcomes(dict.fromkeys(unique[BATCH_LIMIT:], LEFT))
    if outcomes:
        left = f"{len(outcomes)} are left for the next one"
        services.log(f"One batch reads for {BATCH_LIMIT} requests; {left}.")
    sources: dict[str, list[str]] = {name: [] for name in services.inventory.sources}
    for request_id in unique[:BATCH_LIMIT]:
        own = of(request_id)
        if services.register.questions.all(request_id=request_id):
            outcomes[request_id] = WAITS
            continue
        try:
            begin(own, request_id, by)
            assess(own, request_id)
            for source in classify(own, request_id)["sources"]:
                sources.setdefault(source, []).append(request_id)
        except AfschriftError as error:
            outcomes[request_id] = code(error)
            services.log(f"Request {request_id} is left out: {code(error)}. Its own run says why.")
            _end(own, request_id, batched=not isinstance(error, NeedsPersonError))
    return {source: some for source, some in sources.items() if some}, outcomes


def extract_batch(
    services: Services, source: str, requests: Sequence[str], batch: str, of: Callable[[str], Services]
) -> Outcomes:
    """Extract a source in one pass over each table, for requests whose plans are frozen (R08, R80).

    Each request keeps its own gates, keys, staging and record: the result equals that of `extract` alone, and
    its own run continues from there. An error of one request stops only that one; its own run will fail in
    the same way and report it.

    Args:
        services: of the batch.
        source: its name in the inventory.
        requests: their ids.
        batch: id of the batch.
        of: the services of a request's own run.

    Raises:
        GateError: a row belongs to another person than the source assigned it to; nothing is extracted.
        SourceDownError: the source is down.
    """
    outcomes: Outcomes = {}
    waiting = []
    for request_id in dict.fromkeys(requests):
        try:
            reader = member(of(request_id), request_id, source)
        except AfschriftError as error:
            outcomes[request_id] = code(error)
            continue
        why = (
            DONE if reader is None else why_alone(reader.gate.services, reader.gate.plan, reader.keys, source)
        )
        if reader is None or why is not None:
            outcomes[request_id] = str(why)
        else:
            waiting.append(reader)
    for group in alike_plans(waiting, source):
        outcomes |= _in_passes(services, source, batch, group)
    return outcomes


def _in_passes(services: Services, source: str, batch: str, group: Sequence[Member]) -> Outcomes:
    """Read a group in one pass. If the rows of one person make it fail, bisect the group to find them."""
    outcomes: Outcomes = dict.fromkeys((reader.id for reader in group), str(Alone.COMPANY))
    left, failed = [group], 0
    while left:
        if len(some := left.pop()) < 2:
            continue
        one_pass = SourcePass(services, source, batch, some)
        try:
            outcomes |= one_pass.run()
        except SharedReadError as shared:
            if isinstance(shared.error, SourceDownError):
                raise shared.error from None
            failed += 1
            outcomes |= one_pass.stopped | {reader.id: code(shared.error) for reader in one_pass.going}
            is_of_one = shared.of_one_person and not isinstance(shared.error, RetriableError)
            if is_of_one and failed < _FAILED_AT_MOST:
                half = len(one_pass.going) // 2
                left += [one_pass.going[half:], one_pass.going[:half]]
        except (OtherPersonsRowError, RetriableError):
            raise
        except AfschriftError as error:  # of the source itself: each request's own run will report it
            outcomes |= {reader.id: code(error) for reader in some}
    return outcomes


def extract_source(services: Services, source: str, requests: Sequence[str], batch: str) -> Outcomes:
    """Extract one source for the requests of a batch.

    If a request begins to wait for a person, its run in the batch ends at once, so that the answer can start
    the next run while the batch is still active.

    Raises:
        GateError: a row belongs to another person than the source assigned it to.
        SourceDownError: the source is down.
    """
    of, asked = of_batch(services, batch), services.register.questions.all
    waits = [request for request in requests if asked(request_id=request) or _ended(of(request), request)]
    going = [request for request in requests if request not in waits]
    outcomes = extract_batch(services, source, going, short_id(batch), of)
    for request_id, outcome in outcomes.items():
        if outcome == _ASKED:
            _end(of(request_id), request_id, batched=False)
    outcomes |= dict.fromkeys(waits, WAITS)
    for outcome in dict.fromkeys(outcomes.values()):
        number = sum(other == outcome for other in outcomes.values())
        services.log(f"Source {source}: {number} of {len(outcomes)} requests: {outcome}.")
    return outcomes


def end(services: Services, requests: Sequence[str], batch: str) -> list[str]:
    """End the batch's runs; return the requests whose own runs are to continue."""
    of, going = of_batch(services, batch), []
    for request_id in dict.fromkeys(requests):
        with suppress(UnknownRequestError):
            asked = services.register.questions.all(request_id=request_id)
            if _end(of(request_id), request_id, batched=not asked):
                going.append(request_id)
    return going


def fulfil_batch(services: Services, requests: Sequence[str], batch: str, by: str) -> Outcomes:
    """Run a whole batch in this process.

    Returns:
        Request -> its outcome: name of its error, or `batched`: its own run continues.
    """
    sources, outcomes = prepare(services, requests, batch, by)
    going: list[str] = []
    try:
        for source, some in sources.items():
            extract_source(services, source, some, batch)
    finally:  # also after an error of a source: each request's own run will report it
        going = end(services, requests, batch)
    return outcomes | dict.fromkeys(going, BATCHED)


def short_id(batch: str) -> str:
    """Return the id of a batch for the trail: a digest, since the given id may be typed by a user."""
    return "bat-" + run_name(f"batch:{batch}").rpartition(":")[2][:12]


def _ended(services: Services, request_id: str) -> bool:
    """Whether the batch's run of a request ended at a question: another run continues it, or did."""
    runs = {run.id: run.outcome for run in services.register.runs.all(request_id=request_id)}
    return runs.get(services.run or "") not in (None, BATCHED, LOST)


def _end(services: Services, request_id: str, *, batched: bool) -> bool:
    """End a request's run in the batch if it is active; return whether its own run is to continue."""
    if services.run is None or services.register.runs.request_of(services.run) != request_id:
        return False
    state = str(services.register.requests.get(request_id).state)
    return services.register.runs.end(request_id, services.run, BATCHED if batched else state) and batched
