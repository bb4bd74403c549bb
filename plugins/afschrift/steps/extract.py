"""Read one source on one snapshot into encrypted staging, in every chosen format."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from afschrift.casework.columns.judged_files import active_counts, judged_files
from afschrift.casework.identity.confirmed import fingerprint
from afschrift.casework.partial_response.require import waits_for
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.extracted import UPLOADS, SourceExtract
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request
from afschrift.extraction.manual_files import stage
from afschrift.extraction.own_rows import OthersRowError
from afschrift.extraction.staged_records import read_record, record_path, stage_record, unstage
from afschrift.services import Services
from afschrift.steps.gates import refusal
from afschrift.steps.keyed_digests import (
    files_digest,
    keyed_files,
    read_back_digest,
    record_digest,
    search_digest,
)
from afschrift.steps.person_staged import staged_keys
from afschrift.steps.plan_gates import gated_plan, why_not
from afschrift.steps.residual import read_sources, searched_sources
from afschrift.steps.source_reading import SourceReading
from afschrift.steps.staged_again import Faults, fault, record_again, source_faults
from afschrift.steps.step_evidence import StepEvidence


def extract(services: Services, request_id: str, source: str) -> dict[str, Any]:
    """Extract a source by the frozen plan (R08, R80).

    The data are those of the moment of reading, which the answer names, and not of the receipt: a warehouse
    keeps no earlier state, and nothing here holds data back from deletion (R07). A retry reads the whole
    source again on a new snapshot.

    Returns:
        `source`, `tables`, `rows`, `digest` of what was written.

    Raises:
        GateError: a decision that the step needs is not in the register, or something drifted.
        NeedsPersonError: another source of the request is down, and a person was asked about it.
        ValidationFailedError: what was read is not what the source itself says of the rows, or a file does
            not read back as what was extracted; nothing of the source counts as extracted.
        SourceDownError: the source is down.
        RetriableError: the staging is.
    """
    took = StepEvidence()
    request, plan = gated_extract(services, request_id, source)
    done, again = extracted_before(services, plan, source)
    if done is not None:
        return done
    clear_extract(services, request_id, source)
    if source in {one.source for one in plan.given}:
        return _given_files(services, plan, source, took)
    if source not in searched_sources(services, plan):
        return _only_named(services, plan, source, took)
    reading = SourceReading(services, plan, source, keys_of(services, plan))
    try:
        record = reading.run(request.received_at)
    except OthersRowError as met:
        raise refusal(
            services, request_id, "extract", "row_of_another", str(met.args[0]), met.remedy
        ) from None
    return finish(services, plan, record, reading.evidence(record), took, again=again)


def gated_extract(services: Services, request_id: str, source: str) -> tuple[Request, Plan]:
    """Through the gate of `extract`.

    Raises:
        GateError: a decision that the step needs is not in the register, or something drifted.
        NeedsPersonError: another source of the request is down, and a person was asked about it.
    """
    _no_other_source_waits(services, request_id)
    request, plan = gated_plan(services, request_id, "extract")
    if source not in read_sources(services, plan):
        raise refusal(
            services,
            request_id,
            "extract",
            "source_not_in_plan",
            f"The plan of request {request_id} reads nothing from this source.",
        )
    return request, plan


def extracted_before(services: Services, plan: Plan, source: str) -> tuple[dict[str, Any] | None, bool]:
    """The result where a source is extracted and still staged; and whether it was extracted once."""
    done = services.register.steps.result(plan.request, "extract", plan.digest(), part=source)
    if done is not None and _still_staged(services, plan, source):
        return done, True
    return None, done is not None


def clear_extract(services: Services, request_id: str, source: str) -> None:
    """Nothing of a source is staged any more."""
    staging = services.staging(request_id)
    unstage(staging, source)  # first: what is left half-way of what follows is no extract
    staging.wipe(f"data/{source}")
    staging.wipe(f"data/{UPLOADS}/{source}")


def _no_other_source_waits(services: Services, request_id: str) -> None:
    if (asked := waits_for(services.register, request_id)) is not None:
        raise NeedsPersonError(
            f"Another source of request {request_id} cannot be reached, and question {asked.id} is open.",
            question=asked.kind,
            remedy=f"answer with `afschrift answer {asked.id} --choice {'|'.join(asked.options)}`.",
        )


def _still_staged(services: Services, plan: Plan, source: str) -> bool:
    """Whether what was extracted of a source is there, whole, and what the register knows of."""
    staging, given = services.staging(plan.request), {one.source for one in plan.given}
    faults: Faults
    if why := fault(staging, record_path(source)):
        faults = {record_path(source): why}
    elif why_not(services, plan, record := read_record(staging, source)):
        return False
    else:
        read = source in searched_sources(services, plan) and source not in given
        faults = source_faults(staging, record, read=read)
    record_again(services, plan.request, faults)
    return not faults


def keys_of(services: Services, plan: Plan) -> tuple[Key, ...]:
    """The staged keys, which must be those that the plan was made for."""
    keys = staged_keys(services.staging(plan.request))
    if fingerprint(services.register, plan.request, keys) != plan.keys:
        raise refusal(
            services,
            plan.request,
            "extract",
            "keys_replaced",
            f"The staged keys of request {plan.request} are not those that its plan was made for.",
            "clear `classify` and what follows.",
        )
    return keys


def _given_files(services: Services, plan: Plan, source: str, took: StepEvidence) -> dict[str, Any]:
    """The files that a person found in a system are staged as they were given (R08).

    Raises:
        NeedsPersonError: something in one of them may run, and nobody said yet whether it goes along.
    """
    staging = services.staging(plan.request)
    found = next(one for one in plan.given if one.source == source)
    mac = partial(services.register.data_keys.fingerprint, plan.request)
    record = stage(services.register, staging, plan.request, found)
    record = judged_files(services.register, staging, record, plan.request, mac)
    stage_record(staging, record)
    files = keyed_files(services, record.digests)
    evidence: dict[str, Any] = {"answer": found.answer, "files": files}
    if record.kept_back:
        evidence["kept_back"] = len(record.kept_back)
    if active := active_counts(record.given):
        evidence["active"] = active
    return finish(services, plan, record, evidence, took, files=len(record.given))


def _only_named(services: Services, plan: Plan, source: str, took: StepEvidence) -> dict[str, Any]:
    """Of a source that the last part of an answer only names nothing is read, and it is not opened."""
    record = SourceExtract(source, plan.frozen_at, ())
    stage_record(services.staging(plan.request), record)
    return finish(services, plan, record, {"tables": {}}, took)


def finish(
    services: Services,
    plan: Plan,
    record: SourceExtract,
    evidence: Mapping[str, Any],
    took: StepEvidence,
    *,
    again: bool = False,
    **counts: int,
) -> dict[str, Any]:
    """The step is done with its event, in one transaction.

    `again`: what was staged before is gone, so it is another reading on another snapshot, said as such.
    """
    inputs = digest({"plan": plan.digest(), "snapshot": record.snapshot}) if again else plan.digest()
    result = {
        "source": record.source,
        "tables": len(record.tables),
        "rows": sum(table.rows for table in record.tables),
        **counts,
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
        **took.of(services.register, plan.request),
    }
    event = NewEvent("extracted", payload=payload)
    return services.register.steps.finish(plan.request, "extract", inputs, result, event, part=record.source)
