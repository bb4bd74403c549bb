"""Which requests would read a source together, and why others go alone; nothing is read of anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.batch.members import WHY_ALONE, Alone, reads, why_alone
from afschrift.batch.together import TogetherFinder
from afschrift.domain.errors import StagedFileError
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.sources import Source
from afschrift.services import Services
from afschrift.steps.person_staged import staged_keys
from afschrift.steps.residual import searched_sources


def explain(services: Services, requests: Sequence[str]) -> Iterator[str]:
    """A line for each request and source, of requests whose plan is frozen and whose staging is whole.

    Raises:
        UnknownRequestError: no such request.
        SourceDownError: a source is down.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for request_id in requests:
        try:
            planned = _planned(services, request_id)
        except StagedFileError:
            yield f"{request_id}: what was staged of it is gone; it is classified by itself again"
            continue
        if planned is None:
            yield f"{request_id}: no plan is frozen yet; it is assessed and classified by itself first"
            continue
        plan, keys = planned
        for source in searched_sources(services, plan):
            why = why_alone(services, plan, keys, source)
            if why is not None:
                yield f"{request_id} {source}: alone, since {WHY_ALONE[why]}"
            else:
                found.setdefault((source, reads(plan, source)), []).append(request_id)
    for (source, _), some in found.items():
        yield from _group(services, source, some)


def _group(services: Services, source: str, requests: Sequence[str]) -> Iterator[str]:
    plan = _plan(services, requests[0])
    if len(requests) == 1:
        yield f"{requests[0]} {source}: alone, since {WHY_ALONE[Alone.COMPANY]}"
        return
    with services.open_source(source) as session:
        tables = without_shape(services, plan, source, session)
    but = f", but for {', '.join(tables)}" if tables else ""
    for one in requests:
        if len(tables) == len(plan.of_source(source)):
            yield f"{one} {source}: alone, since {WHY_ALONE[Alone.SHAPE]}"
        else:
            yield f"{one} {source}: together with {len(requests) - 1} more{but}"


def way_of(services: Services, plan: Plan, keys: Sequence[Key], source: str, session: Source) -> str:
    """Which way a plan reads a source, and why: with others, or alone."""
    why = why_alone(services, plan, keys, source)
    if why is not None:
        return f"is read alone, since {WHY_ALONE[why]}"
    tables = without_shape(services, plan, source, session)
    if len(tables) == len(plan.of_source(source)):
        return f"is read alone, since {WHY_ALONE[Alone.SHAPE]}"
    but = f", but for {', '.join(tables)}" if tables else ""
    return f"may be read together with others (`afschrift batch`){but}"


def without_shape(services: Services, plan: Plan, source: str, session: Source) -> list[str]:
    """Tables of a source whose statements have no shape for several persons."""
    finder = TogetherFinder(services.sql, services.inventory, source, session)
    return [part.table for part in plan.of_source(source) if finder.of_extract(part) is None]


def _planned(services: Services, request_id: str) -> tuple[Plan, Sequence[Key]] | None:
    if services.register.steps.latest(request_id, "classify") is None:
        return None
    return _plan(services, request_id), staged_keys(services.staging(request_id))


def _plan(services: Services, request_id: str) -> Plan:
    frozen = services.register.steps.latest(request_id, "classify") or {}
    return services.register.plans.get(request_id, frozen["plan"])
