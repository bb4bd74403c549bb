"""Read one source on one snapshot into encrypted staging, in every chosen format."""

from __future__ import annotations

from functools import partial
from typing import Any

from afschrift.casework.identity.confirmed import fingerprint
from afschrift.casework.partial_response.require import waits_for
from afschrift.domain.errors import GateError, NeedsPersonError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.extracted import UPLOADS, SourceExtract, TableExtract
from afschrift.domain.plan import ExtractPlan, Plan
from afschrift.domain.profile import Overview
from afschrift.domain.sources import Source
from afschrift.extraction.finder.find import Finding
from afschrift.extraction.manual_files import stage
from afschrift.extraction.profile_columns import choices, kept_bytes
from afschrift.extraction.redact import redacted
from afschrift.extraction.row_observers import Watch
from afschrift.extraction.staged_records import is_staged, stage_looks, stage_record
from afschrift.extraction.write import TableWriter
from afschrift.questions.kinds import asking
from afschrift.selection.table import NO_ROWS
from afschrift.selection.tokens import SALT_OF, salt_key
from afschrift.services import Sample, Services
from afschrift.steps.classify import staged_keys
from afschrift.steps.gates import refusal
from afschrift.steps.plan_gates import gated_plan
from afschrift.steps.sheet import read_facts, require_complete


def extract(services: Services, request_id: str, source: str) -> dict[str, Any]:
    """Extract a source by the frozen plan (R07, R08, R80).

    A retry reads the whole source again on a new snapshot.

    Returns:
        `source`, `tables`, `rows`, `digest` of what was written.

    Raises:
        GateError: a decision that the step needs is not in the register, or something drifted.
        NeedsPersonError: another source of the request is down, and a person was asked about it.
        SourceDownError: the source is down.
        RetriableError: the staging is.
    """
    if (asked := waits_for(services, request_id)) is not None:
        raise NeedsPersonError(
            f"Another source of request {request_id} cannot be reached, and question {asked.id} is open.",
            question=asked.kind,
            way_out=f"answer with `afschrift answer {asked.id} --choice {'|'.join(asked.options)}`.",
        )
    request, plan = gated_plan(services, request_id, "extract")
    if source not in plan.staged:
        raise refusal(
            services,
            request_id,
            "extract",
            "source_not_in_plan",
            f"The plan of request {request_id} reads nothing from this source.",
        )
    frozen = inputs = plan.digest()
    staging = services.staging(request_id)
    done = services.register.steps.result(request_id, "extract", inputs, part=source)
    if done is not None and is_staged(staging, source):
        return done
    staging.wipe(f"data/{source}")
    staging.wipe(f"data/{UPLOADS}/{source}")
    if source in {one.source for one in plan.given}:
        return _given(services, plan, source)
    if source not in (*plan.sources, *(one.source for one in plan.withheld)):
        return _only_named(services, plan, source)
    keys = staged_keys(staging)
    if fingerprint(services.register, request_id, keys) != plan.keys:
        raise refusal(
            services,
            request_id,
            "extract",
            "keys_replaced",
            f"The staged keys of request {request_id} are not those that its plan was made for.",
            "clear `classify` and what follows.",
        )
    watch, finding = Watch(services, staging, source), Finding(services, plan, keys)
    samples: dict[str, Sample] = {}
    overviews: dict[str, Overview] = {}
    inventory = services.inventory
    chosen, kept = choices(inventory, plan), kept_bytes(len(plan.extracts))
    tables: list[TableExtract] = []
    mac = partial(services.register.data_keys.fingerprint, request_id)
    with asking(services.register, request_id), services.open_source(source, request_id) as session:
        salt = services.register.data_keys.fingerprint(request_id, SALT_OF)
        session.bind((*keys, salt_key(salt)), request.received_at)
        for part in plan.of_source(source):
            formats = [services.formats[name] for name in plan.formats]
            writer = TableWriter(staging, part, formats, services.limits, chosen[part.name], kept)
            read = redacted(part, partial(session.stream, part.statement), mac)
            stream = finding.over(part, watch.over(part, read))
            table = watch.noted(writer.write(stream, _masked(session, part)))
            if table.rows and any(f.reason == NO_ROWS for f in part.selected):
                raise GateError(
                    f"{part.name} holds rows of the person by now, for which consent is missing.",
                    way_out="clear `classify` and what follows: a person must decide on them.",
                )
            samples[part.name], overviews[part.name] = writer.sample, writer.overview
            tables.append(table)
            services.log(f"{part.name}: {table.rows} rows in {', '.join(f.format for f in table.files)}.")
            finding.say(part)
        told = read_facts(session, [fact for fact in plan.facts if fact.source == source])
        record = SourceExtract(source, session.snapshot, tuple(tables), watch.references(), told)
        require_complete(inventory, plan, record)
    watch.ask_about_missing(request_id, tables)
    stage_looks(staging, source, samples, overviews)
    finding.stage(staging, source)
    stage_record(staging, record)
    if done is not None:  # what was staged is gone: another reading on another snapshot, said as such
        inputs = digest({"plan": frozen, "snapshot": record.snapshot})
    written = {path: sha256 for t in tables for path, sha256 in t.digests.items()}
    result = {
        "source": source,
        "tables": len(tables),
        "rows": sum(t.rows for t in tables),
        "digest": digest(written),
    }
    payload = {
        "source": source,
        "snapshot": record.snapshot,
        "plan": frozen,
        "tables": {t.table: t.rows for t in tables},
        "files": written,
        "masked": {t.table: t.masked for t in tables if t.masked},
        "redacted": {p.table: len(p.redactions) for p in plan.of_source(source) if p.redactions},
        "uploads": {t.table: len(t.uploads) for t in tables if t.uploads},
        "missing": {t.table: len(t.missing) for t in tables if t.missing},
        **finding.evidence(),
    }
    event = NewEvent("extracted", payload=payload)
    return services.register.steps.finish(request_id, "extract", inputs, result, event, part=source)


def _given(services: Services, plan: Plan, source: str) -> dict[str, Any]:
    """The files that a person found in a system are staged as they were given (R08)."""
    staging, request_id = services.staging(plan.request), plan.request
    found = next(one for one in plan.given if one.source == source)
    record = stage(services.register, staging, request_id, found)
    stage_record(staging, record)
    services.log(f"{source}: {len(record.given)} files of whoever searched it.")
    result = {
        "source": source,
        "tables": 0,
        "rows": 0,
        "files": len(record.given),
        "digest": digest(record.digests),
    }
    payload = {
        "source": source,
        "snapshot": record.snapshot,
        "plan": plan.digest(),
        "answer": found.answer,
        "files": record.digests,
    }
    event = NewEvent("extracted", payload=payload)
    return services.register.steps.finish(request_id, "extract", plan.digest(), result, event, part=source)


def _only_named(services: Services, plan: Plan, source: str) -> dict[str, Any]:
    """Of a source that the last part of an answer only names nothing is read, and it is not opened."""
    record = SourceExtract(source, plan.frozen_at, ())
    stage_record(services.staging(plan.request), record)
    result = {"source": source, "tables": 0, "rows": 0, "digest": digest(record.digests)}
    payload = {"source": source, "snapshot": record.snapshot, "plan": plan.digest(), "tables": {}}
    event = NewEvent("extracted", payload=payload)
    return services.register.steps.finish(plan.request, "extract", plan.digest(), result, event, part=source)


def _masked(session: Source, part: ExtractPlan) -> dict[str, int]:
    """How many values each mask hides, counted in the warehouse on the same snapshot."""
    if not part.masked_statement:
        return {}
    names = [f.name for f in part.selected if f.mask]
    counts = session.rows(part.masked_statement)[0]
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
