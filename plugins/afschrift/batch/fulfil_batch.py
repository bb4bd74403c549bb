"""A batch from its list of requests to sources that are extracted; from there each request's own run goes on.

Each request has a run of its own in a batch, so that no other run works in its staging meanwhile. A batch
that is killed leaves runs that count as lost, and the next run of each goes on.
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
"""A question about the request is open: it does not go along."""
LEFT = "left_for_the_next"
"""There are more requests than one batch reads for: another one does."""
_ASKED = NeedsPersonError.__name__
_FAILED_AT_MOST = 20
"""Passes of one group that may fail before each request reads alone: two bad values among 1,000 are found."""


def of_batch(services: Services, batch: str) -> Callable[[str], Services]:
    """The services of each request's own run in a batch."""

    def of(request_id: str) -> Services:
        return replace(services, run=batch_run(batch, request_id))

    return of


def batch_run(batch: str, request_id: str) -> str:
    """Name of the run of a request in a batch: the same at every try, and no other request's."""
    return run_name(f"{batch}/{request_id}")


def prepare(
    services: Services, requests: Sequence[str], batch: str, by: str
) -> tuple[dict[str, list[str]], Outcomes]:
    """Begin, assess and classify each request by itself.

    Args:
        services: of the batch.
        requests: their ids.
        batch: id of the batch.
        by: who started it.

    Returns:
        Source -> the requests whose plans read it; and request -> name of the error that it met, or why it
        does not go along.
    """
    of, everybody = of_batch(services, batch), list(dict.fromkeys(requests))
    outcomes = Outcomes(dict.fromkeys(everybody[BATCH_LIMIT:], LEFT))
    if outcomes:
        left = f"{len(outcomes)} are left for the next one"
        services.log(f"One batch reads for {BATCH_LIMIT} requests; {left}.")
    sources: dict[str, list[str]] = {name: [] for name in services.inventory.sources}
    for request_id in everybody[:BATCH_LIMIT]:
        own = of(request_id)
        if services.register.questions.all(request_id=request_id):
            outcomes[request_id] = WAITS
            continue
        try:
            begin(own, request_id, by)
            assess(own, request_id)
            for source in classify(own, request_id)["sources"]:
                sources.setdefault(source, []).append(request_id)
        except AfschriftError as met:
            outcomes[request_id] = code(met)
            services.log(f"Request {request_id} does not go along: {code(met)}. Its own run says why.")
            _end(own, request_id, batched=not isinstance(met, NeedsPersonError))
    return {source: some for source, some in sources.items() if some}, outcomes


def extract_together(
    services: Services, source: str, requests: Sequence[str], batch: str, of: Callable[[str], Services]
) -> Outcomes:
    """Extract a source in one pass over each table, for requests whose plans are frozen (R08, R80).

    Each request keeps its gates, its keys, its staging and its record: what is written and recorded of it is
    what `extract` would have written and recorded alone, and a run of its own goes on from there. What one
    request meets stops that one alone; its own run meets it again, and says so.

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
        why = DONE if one is None else why_alone(one.gate.services, one.gate.plan, one.keys, source)
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
            if somebodys and failed < _FAILED_AT_MOST:
                half = len(one_pass.going) // 2
                left += [one_pass.going[half:], one_pass.going[:half]]
        except (OtherPersonsRowError, RetriableError):
            raise
        except AfschriftError as met:  # of the source itself: each one's own run meets it too
            outcomes |= {one.id: code(met) for one in some}
    return outcomes


def extract_source(services: Services, source: str, requests: Sequence[str], batch: str) -> Outcomes:
    """Extract one source for the requests of a batch.

    Where one came to wait for a person, the batch's run of it ends at once, so that the answer starts the
    next one while the batch still goes.

    Raises:
        GateError: a row was not that of the person whom the source gave it for.
        SourceDownError: the source is down.
    """
    of, asked = of_batch(services, batch), services.register.questions.all
    waits = [one for one in requests if asked(request_id=one) or _ended(of(one), one)]
    going = [one for one in requests if one not in waits]
    outcomes = extract_together(services, source, going, short_id(batch), of)
    for request_id, outcome in outcomes.items():
        if outcome == _ASKED:
            _end(of(request_id), request_id, batched=False)
    outcomes |= dict.fromkeys(waits, WAITS)
    for outcome in dict.fromkeys(outcomes.values()):
        number = sum(one == outcome for one in outcomes.values())
        services.log(f"Source {source}: {number} of {len(outcomes)} requests: {outcome}.")
    return outcomes


def end(services: Services, requests: Sequence[str], batch: str) -> list[str]:
    """End the batch's runs; the requests whose own runs go on."""
    of, going = of_batch(services, batch), []
    for request_id in dict.fromkeys(requests):
        with suppress(UnknownRequestError):
            asked = services.register.questions.all(request_id=request_id)
            if _end(of(request_id), request_id, batched=not asked):
                going.append(request_id)
    return going


def fulfil_batch(services: Services, requests: Sequence[str], batch: str, by: str) -> Outcomes:
    """All of it in this process.

    Returns:
        Request -> what became of it: the error that it met, or `batched`: its own run goes on.
    """
    sources, outcomes = prepare(services, requests, batch, by)
    going: list[str] = []
    try:
        for source, some in sources.items():
            extract_source(services, source, some, batch)
    finally:  # whatever a source meets, each request's own run meets it too
        going = end(services, requests, batch)
    return outcomes | dict.fromkeys(going, BATCHED)


def short_id(batch: str) -> str:
    """Id of a batch as the trail has it: nothing that somebody typed."""
    return "bat-" + run_name(f"batch:{batch}").rpartition(":")[2][:12]


def _ended(services: Services, request_id: str) -> bool:
    """Whether the batch's run of a request ended at a question, so that another run goes on, or went."""
    runs = {one.id: one.outcome for one in services.register.runs.all(request_id=request_id)}
    return runs.get(services.run or "") not in (None, BATCHED, LOST)


def _end(services: Services, request_id: str, *, batched: bool) -> bool:
    """End a request's run in the batch, where it goes: it is to go on, or waits for a person."""
    if services.run is None or services.register.runs.request_of(services.run) != request_id:
        return False
    state = str(services.register.requests.get(request_id).state)
    return services.register.runs.end(request_id, services.run, BATCHED if batched else state) and batched
