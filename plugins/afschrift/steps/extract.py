"""The step `extract`: read one source on one snapshot into encrypted staging, in every chosen format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.casework.columns.judged_files import active_counts, judged_files
from afschrift.casework.partial_response.damaged import damaged_columns
from afschrift.casework.partial_response.question import waits_for
from afschrift.domain.errors import DamagedValueError, GateError, NeedsPersonError, VersionGoneError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.extracted import UPLOADS, SourceExtract
from afschrift.domain.keys import Key, keys_text
from afschrift.domain.redaction import GIVEN_FILES
from afschrift.extraction.finder.people import PeopleReader
from afschrift.extraction.manual_files import stage, stage_found
from afschrift.extraction.own_rows import OthersRowError
from afschrift.extraction.staged_records import read_record, record_path, stage_record, unstage
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.steps.classify import classify
from afschrift.steps.damage import DamageSearch
from afschrift.steps.gates import StepEvidence, open_request
from afschrift.steps.keyed_digests import (
    files_digest,
    keyed_files,
    read_back_digest,
    record_digest,
    search_digest,
)
from afschrift.steps.plan_gates import Gate, gated_plan, why_not
from afschrift.steps.residual import read_sources, searched_sources
from afschrift.steps.source_reading import SourceReading
from afschrift.steps.staging_faults import (
    Faults,
    fault,
    record_again,
    source_faults,
    staged_identifiers,
    staged_keys,
)
from afschrift.steps.table_versions import record_gone


class ReplacedPlanError(GateError):
    """Another plan was frozen while a source was read."""


def extract(services: Services, request_id: str, source: str, *, reaches_all: bool = True) -> dict[str, Any]:
    """Extract a source by the frozen plan (R08, R80).

    The data are of the time of reading, which the answer names, not of the receipt: most warehouses keep no
    earlier state, and the request does not stop the deletion of data (R07). A retry reads the whole source
    again: tables with a log at the versions that the plan chose, others on a new snapshot. A version that was
    removed meanwhile is recorded, and the next `classify` chooses another.

    A value that cannot be read is traced to its column. The column is given as the database's own text, by a
    new plan under which the step reads again; where there is no text, a person is asked. Where other sources
    cannot be reached from here (`reaches_all`), `classify` makes that plan in its own place.

    Returns:
        `source`, `tables`, `rows`, `digest` of what was written.

    Raises:
        DamagedValueError: a value cannot be read, and its column was not found.
        GateError: a decision that the step needs is not in the register, or something drifted.
        NeedsPersonError: another source of the request is down, and a person was asked about it.
        VersionGoneError: a version of a table that the plan reads was removed.
        ValidationFailedError: the rows differ from what the source itself computes of them, or a file does
            not read back as what was extracted; nothing of the source counts as extracted.
        SourceDownError: the source is down.
        RetriableError: the staging is down.
    """
    while True:
        try:
            return _extract(services, request_id, source)
        except VersionGoneError as error:
            record_gone(services.register, gated_extract(services, request_id, source).plan, source, error)
            raise
        except ReplacedPlanError:
            if not damaged_columns(services, request_id):
                raise
        except DamagedValueError as error:
            gate = gated_extract(services, request_id, source)
            keys = SourceReading(gate, source, keys_of(gate)).keys(gate.request.received_at)
            is_new = DamageSearch(gate, source, keys).record()
            if is_new and not reaches_all:
                raise DamagedValueError(
                    str(error.args[0]), remedy="clear `classify` and what follows: the new plan regards it."
                ) from None
            if classify(services, request_id)["plan"] == gate.plan.digest() and not is_new:
                raise


def _extract(services: Services, request_id: str, source: str) -> dict[str, Any]:
    evidence, gate = StepEvidence(), gated_extract(services, request_id, source)
    plan = gate.plan
    done, again = extracted_before(gate, source)
    if done is not None:
        return done
    _clear(gate.staging, source)
    if source in {files.source for files in plan.given}:
        return _given_files(gate, source, evidence)
    if source not in searched_sources(services, plan):
        return _only_named(gate, source, evidence)
    reading = SourceReading(gate, source, keys_of(gate))
    try:
        record = reading.run(gate.request.received_at, lambda: ask_again(gate, source))
    except OthersRowError as error:
        raise gate.refusal("row_of_another", str(error.args[0]), error.remedy) from None
    return finish(gate, record, reading.evidence(record), evidence, again=again)


def gated_extract(services: Services, request_id: str, source: str) -> Gate:
    """Open the gate of `extract`.

    Raises:
        GateError: a decision that the step needs is not in the register, or something drifted.
        NeedsPersonError: another source of the request is down, and a person was asked about it.
    """
    with services.register.read_snapshot():
        open_request(services, request_id, "extract")
        _no_other_source_waits(services, request_id)
        gate = gated_plan(services, request_id, "extract")
    if source not in read_sources(services, gate.plan):
        message = f"The plan of request {request_id} reads nothing from this source."
        raise gate.refusal("source_not_in_plan", message)
    return gate


def ask_again(gate: Gate, source: str) -> None:
    """Pass the gate a second time, after reading: a decision may be revoked while a source is read.

    Files already written remain without a record, so they are no extract, and the next one clears them.

    Raises:
        GateError, NeedsPersonError: as `gated_extract`, or another plan was frozen meanwhile.
    """
    now = gated_extract(gate.services, gate.request.id, source)
    if now.plan.digest() != gate.plan.digest():
        raise ReplacedPlanError(
            f"Another plan of request {gate.request.id} was frozen meanwhile.",
            remedy="nothing: the run of that plan continues.",
        )


def extracted_before(gate: Gate, source: str) -> tuple[dict[str, Any] | None, bool]:
    """Return the result if a source is extracted and still staged; and whether it was ever extracted."""
    done = gate.results.of("extract", gate.plan.digest(), part=source)
    if done is not None and _still_staged(gate, source):
        return done, True
    return None, done is not None


def clear_extract(services: Services, request_id: str, source: str) -> None:
    """Remove everything staged of a source."""
    _clear(services.staging(request_id), source)


def _clear(staging: EncryptedStaging, source: str) -> None:
    unstage(staging, source)  # the record first: if this is killed half-way, what is left is no extract
    staging.wipe(f"data/{source}")
    staging.wipe(f"data/{UPLOADS}/{source}")


def _no_other_source_waits(services: Services, request_id: str) -> None:
    if (asked := waits_for(services.register, request_id)) is not None:
        raise NeedsPersonError(
            f"Another source of request {request_id} cannot be reached, and question {asked.id} is open.",
            question=asked.kind,
            remedy=f"answer with `afschrift answer {asked.id} --choice {'|'.join(asked.options)}`.",
        )


def _still_staged(gate: Gate, source: str) -> bool:
    """Whether the extract of a source is complete in staging and is the one that the register knows."""
    given = {files.source for files in gate.plan.given}
    faults: Faults
    if why := fault(gate.staging, record_path(source)):
        faults = {record_path(source): why}
    elif why_not(gate, record := read_record(gate.staging, source)):
        return False
    else:
        read = source in searched_sources(gate.services, gate.plan) and source not in given
        faults = source_faults(gate.staging, record, read=read)
    record_again(gate.services, gate.request.id, faults)
    return not faults


def keys_of(gate: Gate) -> tuple[Key, ...]:
    """Return the staged keys, after checking that the plan was made for them."""
    keys = staged_keys(gate.staging)
    if gate.fingerprint(keys_text(keys)) != gate.plan.keys:
        raise gate.refusal(
            "keys_replaced",
            f"The staged keys of request {gate.request.id} are not those that its plan was made for.",
            "clear `classify` and what follows.",
        )
    return keys


def _given_files(gate: Gate, source: str, took: StepEvidence) -> dict[str, Any]:
    """Stage the files that a person found in a manual source, with what a reviewer masked in them (R08, R31).

    Raises:
        NeedsPersonError: one of them has active content, and it is not decided whether it is included.
    """
    services, request_id = gate.services, gate.request.id
    found = next(files for files in gate.plan.given if files.source == source)
    record = stage(services.register, gate.staging, request_id, found, gate.fingerprint)
    record = judged_files(services.register, gate.staging, record, request_id, gate.fingerprint)
    own = (*staged_identifiers(gate.staging), services.inventory.controller.contact)
    people = PeopleReader(services, gate.plan, keys_of(gate), own)
    pointed_out = stage_found(gate.staging, record, people, services.inventory.controller.country)
    ask_again(gate, source)
    stage_record(gate.staging, record)
    files = keyed_files(services, record.digests)
    evidence: dict[str, Any] = {"answer": found.answer, "files": files}
    if pointed_out.total:
        evidence["pointed_out"] = {GIVEN_FILES: pointed_out.counts}
    evidence |= {"people": people.outcomes} if people.outcomes else {}
    if record.kept_back:
        evidence["kept_back"] = len(record.kept_back)
    if active := active_counts(record.given):
        evidence["active"] = active
    return finish(gate, record, evidence, took, files=len(record.given))


def _only_named(gate: Gate, source: str, took: StepEvidence) -> dict[str, Any]:
    """Stage an empty record of a source that the last part of an answer only names; it is not opened."""
    record = SourceExtract(source, gate.plan.frozen_at, ())
    stage_record(gate.staging, record)
    return finish(gate, record, {"tables": {}}, took)


def finish(
    gate: Gate,
    record: SourceExtract,
    evidence: Mapping[str, Any],
    took: StepEvidence,
    *,
    again: bool = False,
    **counts: int,
) -> dict[str, Any]:
    """Finish the step with its event, in one transaction.

    `again`: an earlier extract was lost from staging, so this is a second result, of another snapshot.
    """
    services, plan = gate.services, gate.plan
    inputs = digest({"plan": plan.digest(), "snapshot": record.snapshot}) if again else plan.digest()
    result = {
        "source": record.source,
        "tables": len(record.tables),
        "rows": sum(table.rows for table in record.tables),
        **counts,
        "masked": {table.table: table.masked for table in record.tables if table.masked},
        "digest": files_digest(services, [record]),
        "read_back": read_back_digest(services, record),
        "record": record_digest(services, record),
        "searched": search_digest(services, record),
    }
    payload = {
        "source": record.source,
        "snapshot": record.snapshot,
        "plan": plan.digest(),
        **evidence,
        **took.of(gate.basis),
    }
    event = NewEvent("extracted", payload=payload)
    return services.register.steps.finish(plan.request, "extract", inputs, result, event, part=record.source)
