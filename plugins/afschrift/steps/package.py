"""The step `package`: pack and sign the bundle, encrypted until it is delivered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from afschrift.bundle.contents import Contents, SharedKey
from afschrift.bundle.pack import pack
from afschrift.bundle.page.left_out import left_out
from afschrift.bundle.page.words import PageWords
from afschrift.casework.identity.accounts import SHARED_KEY
from afschrift.casework.retention import require_removal
from afschrift.casework.review.require_review import kept_too_long
from afschrift.casework.same_message import asked_with
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.extracted import SourceExtract
from afschrift.domain.plan import Plan, Seal
from afschrift.domain.state import State
from afschrift.extraction.deflate import HashingSink
from afschrift.extraction.linked_rows import decision_rows, linked_rows
from afschrift.extraction.staged_records import staged_overviews, staged_samples
from afschrift.register.register import Register
from afschrift.register.trail.trail import BUNDLE_SEALED
from afschrift.services import Services
from afschrift.staging.staged_file import BUNDLE
from afschrift.steps.gates import StepEvidence
from afschrift.steps.keyed_digests import validated_inputs
from afschrift.steps.plan_gates import Gate, gated_plan, staged_extracts
from afschrift.steps.staging_faults import fault, record_again, staged_identifiers, staged_keys


def package(services: Services, request_id: str) -> dict[str, Any]:
    """Pack the validated files (R19, R57-R62, R72, R78).

    The seal is fixed before packing, so that a second attempt gives the same bytes.

    Returns:
        `bundle` (SHA-256 of the ZIP), `bytes`, `plan`, and `left_out`: reason -> number of columns or tables.

    Raises:
        GateError: the staged files are not the validated ones.
        NeedsPersonError: rows are held after their period, and no officer decided when they are removed.
    """
    evidence, gate = StepEvidence(), gated_plan(services, request_id, "package")
    plan, staging = gate.plan, gate.staging
    records = staged_extracts(gate)
    inputs = validated_inputs(services, plan, records)
    if gate.results.of("validate", inputs) is None:
        raise gate.refusal(
            "not_validated",
            f"The staged files of request {request_id} are not the ones that were validated.",
            "clear `validate` and what follows.",
        )
    done = gate.results.of("package", inputs)
    last = None if done is None else _last(gate, inputs, done)
    if last is not None:
        if (why := fault(staging, BUNDLE, last["bundle"])) is None:
            return last
        record_again(services, request_id, {BUNDLE: why})
    removed_by = require_removal(services, plan, records)
    seal = _seal(gate, inputs, {record.source: record.snapshot for record in records})
    contents = _contents(gate, records, seal, removed_by)
    with staging.writer(BUNDLE) as raw:
        sink = HashingSink(raw)
        for chunk in pack(
            contents,
            signer=services.signer(),
            open_payload=lambda path: staging.reader(f"data/{path}"),
            letters=services.letters,
        ):
            sink.write(chunk)
    result = {"bundle": sink.sha256, "bytes": sink.bytes, "plan": plan.digest()}
    payload = {**result, "sealed_at": seal.sealed_at, **evidence.of(gate.basis)}
    if over := kept_too_long(services.inventory, plan, records):
        payload["retention_over"] = over
    groups = left_out(contents, PageWords.load(services.letters, contents.language))
    result["left_out"] = {g.reason: sum(max(len(c), 1) for c in g.tables.values()) for g in groups}
    events = (NewEvent(BUNDLE_SEALED, payload={"bundle": sink.sha256}), NewEvent("packed", payload=payload))
    if last is not None:
        if last["bundle"] == sink.sha256:
            return last
        turn = last.get("turn", 1) + 1  # the same files with other facts make another bundle: another result
        result, inputs = {**result, "of": inputs, "turn": turn}, digest({"inputs": inputs, "turn": turn})
    return services.register.steps.finish(request_id, "package", inputs, result, *events)


def _last(gate: Gate, inputs: str, done: dict[str, Any]) -> dict[str, Any]:
    """Return the last result for these inputs: the first one, or a later one after a loss of the bundle."""
    latest = gate.results.latest("package") or done
    return latest if latest.get("of") == inputs else done


def _contents(gate: Gate, records: Sequence[SourceExtract], seal: Seal, removed_by: date | None) -> Contents:
    """Return the contents of the bundle, which know nothing of a hidden restriction (R84)."""
    services, plan, staging = gate.services, gate.plan, gate.staging
    samples = {name: rows for s in plan.sources for name, rows in staged_samples(staging, s).items()}
    overviews = {name: seen for s in plan.sources for name, seen in staged_overviews(staging, s).items()}
    formats = {**services.formats, **services.exchanges}
    contents = Contents(plan, records, services.inventory, gate.request, samples, seal, formats, overviews)
    return replace(
        contents,
        linked=linked_rows(contents, staging),
        decided=decision_rows(contents, staging),
        access_asked=plan.right.terms.provided_only and _access_asked(services.register, plan.request),
        for_another=services.register.requests.made_by(plan.request) != "self",
        denial=gate.denial,
        removed_by=removed_by,
        shared=tuple(_shared(services.register, plan)),
        keys=staged_keys(staging, "shown"),
        identifiers=staged_identifiers(staging),
    )


def _access_asked(register: Register, request_id: str) -> bool:
    """Return whether the same message asks for access, and that was not refused."""
    others = asked_with(register, register.facts.timeline(request_id))
    return any(other.state is not State.REFUSED for other in others if other.right.terms.information_sheet)


def _shared(register: Register, plan: Plan) -> Iterator[SharedKey]:
    """Yield keys that others use too, with rows of tables that the plan reads: others are hidden."""
    read = {extract.name for extract in plan.extracts}
    decided = {d.question: d.choice for d in register.decisions.of(plan.request)}
    asked = register.questions.all(open_only=False, request_id=plan.request)
    latest = {q.detail["key"]: q.id for q in asked if q.kind == SHARED_KEY.name and q.id in decided}
    for name, question in latest.items():
        kept, given = register.questions.kept(question), decided[question] == "include"
        rows = {table: alone for table, _, alone in kept.get("tables", ()) if alone and table in read}
        if rows:
            yield SharedKey(name, tuple(value for value, *_ in kept["values"]), rows, given)


def _seal(gate: Gate, inputs: str, snapshots: dict[str, str]) -> Seal:
    """Return the seal with the trail's head: every bundle is a witness of the trail up to here."""
    done = gate.results.of("seal", inputs)
    if done is None:
        register = gate.services.register
        with register.write_together():
            seq, head = register.trail.head()
            result = {
                "sealed_at": gate.services.now(),
                "trail_seq": seq,
                "trail_head": head,
                "snapshots": snapshots,
            }
            event = NewEvent("sealed", payload=result)
            done = register.steps.finish(gate.request.id, "seal", inputs, result, event)
    return Seal(**done)
