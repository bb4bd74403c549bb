"""Read one source on one snapshot into encrypted staging, in every chosen format."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import msgspec

from afschrift.classify.table import NO_ROWS
from afschrift.core.errors import GateError, MarkerCollisionError
from afschrift.core.event import NewEvent, digest
from afschrift.core.manifest import ExtractPlan, FileEntry, Plan, SourceExtract, TableExtract
from afschrift.core.ports import Format, Source, Staging, Writer
from afschrift.pipeline.classify import staged_keys
from afschrift.pipeline.draft import fingerprint
from afschrift.pipeline.gates import gated_plan
from afschrift.pipeline.services import Sample, Services
from afschrift.pipeline.sink import HashingSink
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.forms import text_batch

SAMPLE_ROWS = 25


def extract(services: Services, request_id: str, source: str) -> dict[str, Any]:
    """Extract a source by the frozen plan (R07, R08, R80).

    A retry reads the whole source again on a new snapshot.

    Returns:
        `source`, `tables`, `rows`, `digest` of what was written.

    Raises:
        GateError: a decision that the step needs is not in the register, or something drifted.
        RetriableError: the source or the staging is down.
    """
    request, plan = gated_plan(services, request_id, "extract")
    if source not in plan.sources:
        raise GateError(
            f"The plan of request {request_id} reads nothing from this source.",
            way_out="start a new run of `fulfil_request`.",
        )
    frozen = inputs = plan.digest()
    staging = services.staging(request_id)
    done = services.register.step(request_id, "extract", inputs, part=source)
    if done is not None and staging.exists(_record(source)):
        return done
    staging.wipe(f"data/{source}")
    keys = staged_keys(staging)
    if fingerprint(services.register, request_id, keys) != plan.keys:
        raise GateError(
            f"The staged keys of request {request_id} are not those that its plan was made for.",
            way_out="clear `classify` and what follows.",
        )
    samples: dict[str, Sample] = {}
    tables: list[TableExtract] = []
    with services.open_source(source) as session:
        session.bind(keys, request.received_at)
        for part in plan.of_source(source):
            writing = _Table(services, staging, session, part, plan.formats)
            table = writing.run(_masked(session, part))
            if table.rows and any(f.reason == NO_ROWS for f in part.selected):
                raise GateError(
                    f"{part.name} holds rows of the person by now, for which consent is missing.",
                    way_out="clear `classify` and what follows: a person must decide on them.",
                )
            samples[part.name] = writing.sample
            tables.append(table)
            services.log(f"{part.name}: {table.rows} rows in {', '.join(f.format for f in table.files)}.")
        record = SourceExtract(source, session.snapshot, tuple(tables))
    with staging.writer(_samples(source)) as sink:
        sink.write(msgspec.json.encode(samples))
    with staging.writer(_record(source)) as sink:
        sink.write(msgspec.json.encode(record))
    if done is not None:  # what was staged is gone: another reading on another snapshot, said as such
        inputs = digest({"plan": frozen, "snapshot": record.snapshot})
    written = {f.path: f.sha256 for t in tables for f in t.files}
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
    }
    event = NewEvent("extracted", payload=payload)
    return services.register.finish_step(request_id, "extract", inputs, result, event, part=source)


def staged_extracts(services: Services, plan: Plan, step: str) -> list[SourceExtract]:
    """What `extract` recorded of each source of the plan.

    Raises:
        GateError: what is staged was not extracted under this plan.
    """
    staging, register = services.staging(plan.request), services.register
    records = []
    for source in plan.sources:
        with staging.reader(_record(source)) as stream:
            record = msgspec.json.decode(stream.read(), type=SourceExtract)
        written = digest({f.path: f.sha256 for t in record.tables for f in t.files})
        again = digest({"plan": plan.digest(), "snapshot": record.snapshot})
        steps = [register.step(plan.request, "extract", i, part=source) for i in (plan.digest(), again)]
        if not any(done is not None and done["digest"] == written for done in steps):
            payload = {"step": step, "source": source, "reason": "not extracted under this plan"}
            register.record(plan.request, NewEvent("gate_bypassed", payload=payload))
            raise GateError(
                f"What is staged of {source} for request {plan.request} was not extracted under its plan.",
                way_out="clear `extract` and what follows.",
            )
        records.append(record)
    return records


def staged_samples(staging: Staging, source: str) -> dict[str, Sample]:
    """The first rows of each table of a source, as value forms."""
    with staging.reader(_samples(source)) as stream:
        return cast(dict[str, Sample], msgspec.json.decode(stream.read()))


def _record(source: str) -> str:
    return f"records/{source}.json"


def _samples(source: str) -> str:
    return f"samples/{source}.json"


def _masked(session: Source, part: ExtractPlan) -> dict[str, int]:
    """How many values each mask hides, counted in the warehouse on the same snapshot."""
    if not part.masked_statement:
        return {}
    names = [f.name for f in part.selected if f.mask]
    counts = session.rows(part.masked_statement)[0]
    return {name: int(count) for name, count in zip(names, counts, strict=True)}


@dataclass
class _Open:
    """One file being written."""

    format: Format
    path: str
    sink: HashingSink
    writer: Writer


@dataclass
class _Table:
    """One table on its way into staging: one pass over the rows, every format."""

    services: Services
    staging: Staging
    session: Source
    part: ExtractPlan
    formats: tuple[str, ...]
    sample: Sample = field(default_factory=list)

    def run(self, masked: dict[str, int]) -> TableExtract:
        """Write; where a text equals a file's NULL marker, write the table again with another."""
        options: dict[str, dict[str, str]] = {}
        while True:
            try:
                return self._write(masked, options)
            except _CollidedError as collided:
                options[collided.format] = collided.options

    def _write(self, masked: dict[str, int], options: dict[str, dict[str, str]]) -> TableExtract:
        fields = self.part.selected
        checksums = ColumnChecksums(fields)
        rows = 0
        self.sample = []
        with ExitStack() as stack:
            files = [self._open(stack, name, options.get(name, {})) for name in self.formats]
            for batch in self.session.stream(self.part.statement):
                text = text_batch(batch, fields)
                checksums.update(text)
                if rows < SAMPLE_ROWS:
                    self.sample += text.slice(0, SAMPLE_ROWS - rows).to_pylist()
                rows += text.num_rows
                for file in files:
                    try:
                        file.writer.write(text)
                    except MarkerCollisionError as collision:
                        raise _CollidedError(file.format.name, collision.options) from None
            entries = tuple(self._close(file) for file in files)
        return TableExtract(self.part.source, self.part.table, rows, entries, checksums.digests(), masked)

    def _open(self, stack: ExitStack, name: str, options: dict[str, str]) -> _Open:
        format_ = self.services.formats[name]
        path = f"{self.part.source}/{self.part.table}.{format_.extension}"
        raw = stack.enter_context(self.staging.writer(f"data/{path}"))
        sink = HashingSink(raw)
        writer = format_.writer(cast(BinaryIO, sink), self.part.selected, options)
        return _Open(format_, path, sink, writer)

    def _close(self, file: _Open) -> FileEntry:
        options = file.writer.close()
        return FileEntry(file.path, file.format.name, file.sink.bytes, file.sink.sha256, options)


class _CollidedError(Exception):
    """A file of the table has to be written again with other options."""

    def __init__(self, format_: str, options: dict[str, str]) -> None:
        super().__init__(format_)
        self.format = format_
        self.options = options
