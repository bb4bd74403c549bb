"""The step `validate`: each file was read back by another library than its writer, or is read now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from afschrift.casework.partial_response.damaged import STEP as DAMAGED
from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.event import NewEvent
from afschrift.domain.extracted import SourceExtract
from afschrift.domain.plan import FieldPlan
from afschrift.extraction.exchange import exchange_fields
from afschrift.extraction.staged_records import unstage
from afschrift.extraction.uploads import open_inflated, verify_uploads
from afschrift.formats.validate_file import require_valid
from afschrift.formats.validate_file import validate as read_again
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.steps.extract import extract
from afschrift.steps.gates import StepEvidence
from afschrift.steps.keyed_digests import files_digest, validated_inputs
from afschrift.steps.plan_gates import compared_while_written, gated_plan, staged_extracts
from afschrift.steps.residual import read_sources


def validate(services: Services, request_id: str) -> dict[str, Any]:
    """Validate all files of a request.

    A file that was read back while it was written, by the current library, is not read again: the register
    has the digest of the compared bytes, and `package` accepts no others. Other files are read here.

    If a file fails, its source counts as not extracted: clearing `extract` reads it again.

    Returns:
        `files`, `rows`, and a keyed `digest` over all files.

    Raises:
        ValidationFailedError: names file, field, row and rule, never the value.
        StagedFileError: a file is gone or damaged.
    """
    evidence, gate = StepEvidence(), gated_plan(services, request_id, "validate")
    if gate.results.every(DAMAGED):  # a source may have been read before the plan that regards the damage
        for source in read_sources(services, gate.plan):
            extract(services, request_id, source)
        gate = gated_plan(services, request_id, "validate")
    plan, staging = gate.plan, gate.staging
    records = staged_extracts(gate)
    written = files_digest(services, records)
    inputs = validated_inputs(services, plan, records)
    done = gate.results.of("validate", inputs)
    if done is not None:
        return done
    fields = {extract.name: extract.selected for extract in plan.extracts}
    files = rows = before = 0
    for record in records:
        compared = compared_while_written(gate, record)
        before += len(compared)
        try:
            files += _read_source(staging, record, fields, compared)
        except ValidationFailedError:
            unstage(staging, record.source)  # otherwise `extract` finds it done and reads nothing
            raise
        rows += sum(table.rows for table in record.tables)
    result = {"files": files, "rows": rows, "digest": written}
    payload = {**result, "plan": plan.digest(), **_compared(records), "while_written": before}
    event = NewEvent("validated", payload={**payload, **evidence.of(gate.basis)})
    return services.register.steps.finish(request_id, "validate", inputs, result, event)


def _read_source(
    staging: EncryptedStaging,
    record: SourceExtract,
    fields: Mapping[str, Sequence[FieldPlan]],
    compared: Collection[str],
) -> int:
    """Read the files of a source that are not compared yet; return the number of all its files."""
    files = 0
    for table in record.tables:
        columns = fields[f"{table.source}.{table.table}"]
        written = [(e, columns, p.rows, p.checksums) for p in table.parts for e in p.files]
        written += [
            (x.entry, exchange_fields(x.format), x.rows, x.checksums) for x in table.exchanged if x.entry
        ]
        for entry, selected, rows, checksums in written:
            files += 1
            if entry.path in compared:
                continue
            with staging.reader(f"data/{entry.path}") as staged, open_inflated(staged, entry) as stream:
                require_valid(read_again(entry, stream, selected, rows, checksums))
        verify_uploads(staging, table.uploads)
        files += len(table.uploads)
    verify_uploads(staging, record.given)
    return files + len(record.given)


def _compared(records: Sequence[SourceExtract]) -> dict[str, Any]:
    """Return what was compared with the extract: files by format, and the number of column checksums."""
    parts = [part for record in records for table in record.tables for part in table.parts]
    formats = Counter(entry.format for part in parts for entry in part.files)
    uploads = sum(len(table.uploads) for record in records for table in record.tables)
    given = sum(len(record.given) for record in records)
    others = {"uploads": uploads, "given": given}
    return {
        "formats": {**dict(sorted(formats.items())), **{name: n for name, n in others.items() if n}},
        "columns": sum(len(part.checksums) * len(part.files) for part in parts),
    }
