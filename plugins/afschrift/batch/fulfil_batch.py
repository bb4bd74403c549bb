"""A batch from its list of requests to sources that are extracted; from there each request's own run goes on.

Each request has a run of its own in a batch, so that no other run works in its staging meanwhile. A batch
that is killed leaves runs that count as lost, and the next run of each goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from afschrift.batch.fulfil_batch import Outcomes, extract_together
from afschrift.domain.errors import AfschriftError, NeedsPersonError, UnknownRequestError
from afschrift.domain.request import BATCH_LIMIT, BATCHED, LOST, run_name
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.gates import begin

WAITS = "waits_for_person"
"""A question about the request is open: it does not go along."""
LEFT = "left_for_the_next"
"""There are more requests than one batch reads for: another one does."""
_ASKED = NeedsPersonError.__name__


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
            outcomes[request_id] = type(met).__name__
            services.log(
                f"Request {request_id} does not go along: {type(met).__name__}. Its own run says why."
            )
            _end(own, request_id, batched=not isinstance(met, NeedsPersonError))
    return {source: some for source, some in sources.items() if some}, outcomes


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
