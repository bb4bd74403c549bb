"""Which requests can read a source in one pass: those whose frozen plans read it by the same statements.

`explain` shows it beforehand without reading rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from afschrift.batch.batch_statements import batch_statements
from afschrift.casework.decision.require_decision import hidden_places
from afschrift.domain.errors import StagedFileError
from afschrift.domain.event import digest
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.sources import Source
from afschrift.selection.held_keys import alike
from afschrift.services import Services
from afschrift.steps.extract import extracted_before, gated_extract, keys_of
from afschrift.steps.plan_gates import Gate
from afschrift.steps.residual import searched_sources
from afschrift.steps.staging_faults import staged_keys


class Alone(StrEnum):
    """Why a request reads a source alone."""

    NOT_READ = "not_read"  # no statement reads it: files were given, or nothing of it is given
    HIDDEN = "hidden"
    REDACTIONS = "redactions"
    UPLOADS = "uploads"
    KEYS = "keys_alike"
    SHAPE = "no_shape"
    COMPANY = "no_company"


WHY_ALONE = {
    Alone.NOT_READ: "no statement reads rows of it",
    Alone.HIDDEN: "a restriction keeps a part back",
    Alone.REDACTIONS: "a reviewer redacted something in it",
    Alone.UPLOADS: "its rows name uploaded files",
    Alone.KEYS: "two keys of the person may find one row",
    Alone.SHAPE: "no statement of it has a shape for several persons",
    Alone.COMPANY: "no other request reads it alike",
}
"""Texts for officers, about a source."""


@dataclass(frozen=True)
class Member:
    """A request that is to read a source.

    Attributes:
        gate: of `extract`, with the services of its own run.
        again: the source was extracted before, and the staged files are gone.
    """

    gate: Gate
    keys: tuple[Key, ...]
    again: bool

    @property
    def id(self) -> str:
        """Id of the request."""
        return self.gate.request.id


def member(services: Services, request_id: str, source: str) -> Member | None:
    """Pass the gate of `extract` for a request; return None if the source is extracted already.

    Raises:
        GateError, NeedsPersonError: as `extract`.
    """
    gate = gated_extract(services, request_id, source)
    done, again = extracted_before(gate, source)
    return None if done is not None else Member(gate, keys_of(gate), again)


def why_alone(services: Services, plan: Plan, keys: Sequence[Key], source: str) -> Alone | None:
    """Return why a request must read a source alone, as far as this is known without opening the source.

    Its plan need not be frozen yet.
    """
    parts = plan.of_source(source)
    given = source in {manual.source for manual in plan.given}
    if not parts or given or source not in searched_sources(services, plan):
        return Alone.NOT_READ
    if any(place.partition(".")[0] == source for place in hidden_places(services.register, plan.request)):
        return Alone.HIDDEN
    if any(part.redactions for part in parts):
        return Alone.REDACTIONS
    tables = services.inventory.sources[source].tables
    if any(tables[part.table].file for part in parts):
        return Alone.UPLOADS
    return Alone.KEYS if alike(keys) else None


def alike_plans(members: Iterable[Member], source: str) -> Iterator[Sequence[Member]]:
    """Yield groups of requests that read a source by the same statements."""
    found: dict[str, list[Member]] = {}
    for request in members:
        found.setdefault(_reads(request.gate.plan, source), []).append(request)
    yield from found.values()


def _reads(plan: Plan, source: str) -> str:
    """Return a digest of what a plan reads of a source, independent of the person."""
    parts = [[part.table, part.statement, part.masked_statement] for part in plan.of_source(source)]
    facts = [[fact.place, fact.statement] for fact in plan.facts if fact.source == source]
    versions = asdict(plan.versions[source]) if source in plan.versions else None
    kinds = [[[f.name, f.kind, f.action] for f in part.selected] for part in plan.of_source(source)]
    return digest({"parts": parts, "facts": facts, "kinds": kinds, "versions": versions})


def explain(services: Services, requests: Sequence[str]) -> Iterator[str]:
    """Yield a line for each request and source; for requests without a plan or staging, a line that says so.

    Raises:
        UnknownRequestError: no such request.
        SourceDownError: a source is down.
    """
    found: dict[tuple[str, str], list[Plan]] = {}
    for request_id in requests:
        frozen = services.register.steps.latest(request_id, "classify")
        if frozen is None:
            yield f"{request_id}: no plan is frozen yet; it is assessed and classified separately first"
            continue
        plan = services.register.plans.get(request_id, frozen["plan"])
        try:
            keys = staged_keys(services.staging(request_id))
        except StagedFileError:
            yield f"{request_id}: its staged files are gone; it is classified separately again"
            continue
        for source in searched_sources(services, plan):
            why = why_alone(services, plan, keys, source)
            if why is not None:
                yield f"{request_id} {source}: alone, since {WHY_ALONE[why]}"
            else:
                found.setdefault((source, _reads(plan, source)), []).append(plan)
    for (source, _), plans in found.items():
        how = _how(services, source, plans)
        yield from (f"{plan.request} {source}: {how}" for plan in plans)


def way_of(services: Services, plan: Plan, keys: Sequence[Key], source: str, session: Source) -> str:
    """Return in words whether a plan reads a source with others or alone, and why."""
    why = why_alone(services, plan, keys, source)
    but = "" if why is not None else _but_for(services, plan, source, session)
    if why is not None or but is None:
        return f"is read alone, since {WHY_ALONE[why or Alone.SHAPE]}"
    return f"may be read together with others (`afschrift batch`){but}"


def _how(services: Services, source: str, plans: Sequence[Plan]) -> str:
    """Return in words how plans that read a source by the same statements are read."""
    if len(plans) == 1:
        return f"alone, since {WHY_ALONE[Alone.COMPANY]}"
    with services.open_source(source) as session:
        but = _but_for(services, plans[0], source, session)
    if but is None:
        return f"alone, since {WHY_ALONE[Alone.SHAPE]}"
    return f"together with {len(plans) - 1} more{but}"


def _but_for(services: Services, plan: Plan, source: str, session: Source) -> str | None:
    """Return in words the tables that are read for each person alone; None: all of them."""
    statements, parts = batch_statements(services, source, session), plan.of_source(source)
    tables = [part.table for part in parts if not statements.reads(part)]
    if len(tables) == len(parts):
        return None
    return f", but for {', '.join(tables)}" if tables else ""
