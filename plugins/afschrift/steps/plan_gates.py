"""The gate of each step that touches data: the frozen plan must still hold.

docs/gates.md lists the attempts to bypass it and their outcomes.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from afschrift.casework.decision.denial import denial
from afschrift.casework.decision.require_decision import hidden_places
from afschrift.casework.identity.confirmed import identity_decision
from afschrift.casework.identity.mandates import (
    asked_for,
    known_minority,
    mandate_status_now,
    recipient,
)
from afschrift.casework.partial_response.earlier_parts import delivered, last_part_is_delivered
from afschrift.casework.partial_response.question import left_for_later
from afschrift.casework.review.question import decided
from afschrift.datamap.check.map_findings import stopping_findings
from afschrift.domain.errors import GateError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.extracted import SourceExtract
from afschrift.domain.files import ReadBack
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.extraction.staged_records import read_record
from afschrift.law.partial_response import parts
from afschrift.law.restriction import lifted
from afschrift.register.steps import StepResults
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.steps.gates import NEW_RUN, StepBasis, in_run, open_request, refusal
from afschrift.steps.keyed_digests import files_digest, read_back_digest, record_digest, search_digest
from afschrift.steps.residual import read_sources, searched_sources


@dataclass(frozen=True)
class Gate:
    """What a step that touches data may use, all from the register snapshot in which its gate opened.

    Before something that the step does outside the register counts, it passes a second gate: a decision may
    be revoked in between.

    Attributes:
        step: its name.
        plan: frozen, and nothing changed since.
        results: of the steps that finished.
        basis: the decisions that the event of the step names.
        hidden: tables, columns and systems that a hidden restriction keeps back (R84).
        denial: how the bundle says that nothing is held; read for `package` alone.
        fingerprint: HMAC under the request's own key.
    """

    services: Services
    step: str
    request: Request
    plan: Plan
    results: StepResults
    basis: StepBasis
    hidden: frozenset[str]
    denial: str
    staging: EncryptedStaging
    fingerprint: Callable[[bytes], str]

    def refusal(self, reason: str, message: str, remedy: str = NEW_RUN, **more: Any) -> GateError:
        """Record the attempt and return the error to raise (`gates.refusal`)."""
        return refusal(self.services, self.request.id, self.step, reason, message, remedy, **more)


def gated_plan(services: Services, request_id: str, step: str) -> Gate:
    """Open the gate of a step that touches data.

    Raises:
        GateError: the request is closed, another run is active, there is no identity decision or frozen plan,
            the state allows no data to move, or inventory, policy, software, options or decisions changed
            since the plan was frozen; the attempt is recorded in the trail.
        NeedsPersonError: a representative's mandate no longer holds; the question is in the register.
    """
    register = services.register
    with register.read_snapshot():
        request, plan = _valid_plan(services, request_id, step)
        in_run(services, request_id, step)
        return Gate(
            services,
            step,
            request,
            plan,
            results=register.steps.results(request_id),
            basis=StepBasis(register, request_id),
            hidden=hidden_places(register, request_id),
            denial=denial(register, request, plan) if step == "package" else "",
            staging=services.staging(request_id),
            fingerprint=register.data_keys.fingerprinter(request_id),
        )


def _valid_plan(services: Services, request_id: str, step: str) -> tuple[Request, Plan]:
    register = services.register
    request = open_request(services, request_id, step)
    frozen = register.steps.latest(request_id, "classify")
    if identity_decision(register, request_id) is None:
        raise _too_early(services, request_id, step, "no_identity", "there is no identity decision")
    if frozen is None:
        raise _too_early(services, request_id, step, "no_plan", "no plan is frozen")
    if request.state is State.READY:
        message = (
            f"The answer of request {request_id} is ready: the person must be notified, and nothing is read."
        )
        remedy = f"`afschrift questions --request {request_id}`; a new decision makes a new answer."
        raise refusal(services, request_id, step, "answer_ready", message, remedy, event="gate_refused")
    if request.state is not State.ACCEPTED:
        message = f"the request is in state {request.state}"
        raise _too_early(services, request_id, step, f"state_{request.state}", message)
    plan = register.plans.get(request_id, frozen["plan"])
    _mandate_must_hold(services, request, step)
    if step == "deliver":
        _must_be_theirs(services, request, plan)
    _no_drift(services, request, plan, frozen, step)
    _part_must_hold(services, plan, step)
    return request, plan


def _too_early(services: Services, request_id: str, step: str, reason: str, why: str) -> GateError:
    message = f"Step {step} of request {request_id} was started, but {why}."
    return refusal(services, request_id, step, reason, message)


def _part_must_hold(services: Services, plan: Plan, step: str) -> None:
    """Require that the plan may still leave systems for later, and that a part is delivered once (R44, R54).

    The officer's decision is not read here: if it is another than the plan's, `_no_drift` refuses first.
    """
    register, request_id = services.register, plan.request
    timeline = register.facts.timeline(request_id)
    is_given = any(fact.detail["plan"] == plan.digest() for fact in parts(timeline))
    left = left_for_later(services, timeline, register.decisions.of(request_id))
    if plan.later and not is_given and not set(plan.later) <= set(left):
        message = f"What the plan of request {request_id} leaves for later cannot be left any more (R44)."
        raise refusal(services, request_id, step, "partial_over", message)
    if step != "deliver" and last_part_is_delivered(register, request_id):
        message = f"The part of request {request_id} under this plan is delivered already."
        remedy = "start a new run of `fulfil_request`: it gives the rest."
        raise refusal(services, request_id, step, "part_delivered", message, remedy, event="gate_refused")


def _mandate_must_hold(services: Services, request: Request, step: str) -> None:
    """Ask again for a mandate that was revoked or expired, before any data leaves (R15)."""
    status = mandate_status_now(services, request)
    if status.holds:
        return
    if status.decision is not None:
        raise asked_for(services.register, request, status, known_minority(services, request.id))
    message = f"Step {step} of request {request.id} was started, but no officer found the mandate proven."
    raise refusal(services, request.id, step, "no_mandate", message)


def _must_be_theirs(services: Services, request: Request, plan: Plan) -> None:
    """Refuse a destination that was not bound to the recipient (R71)."""
    found = recipient(services.register, request.id)
    if found.is_at(plan.destination) and found.is_at(request.destination):
        if services.options_of(plan.destination).serves(found.to, found.by):
            return
        message = f"The destination '{plan.destination}' is not for the {found.to} of request {request.id}."
        remedy = "let its `ways` and `to` name them, or decide on identity or mandate anew."
    else:
        message = f"The destination of request {request.id} was not confirmed for its {found.to}."
        remedy = "start a new run of `fulfil_request`: it asks who receives the answer there."
    raise refusal(services, request.id, "deliver", "destination_of_another", message, remedy)


def _no_drift(services: Services, request: Request, plan: Plan, frozen: dict[str, Any], step: str) -> None:
    timeline = services.register.facts.timeline(request.id)
    now = {
        "inventory": services.inventory.digest,
        "policy": services.inventory.policy_digest,
        "software version": services.package,
        "right": request.right,
        "options": (request.formats, request.language, request.destination),
        "receipt": request.received_at,
        "parts delivered": delivered(timeline, excluded=plan.digest()),
        "decisions": decided(services.register.decisions.of(request.id), lifted(timeline)),
    }
    then = {
        "inventory": plan.inventory,
        "policy": plan.policy,
        "software version": plan.package,
        "right": plan.right,
        "options": (plan.formats, plan.language, plan.destination),
        "receipt": plan.received_at,
        "parts delivered": plan.after,
        "decisions": frozen.get("decisions"),
    }
    changed = [name for name, value in now.items() if then[name] != value]
    # `classify` knew the findings under `map`; a new one means that a source changed since.
    if not set(stopping_findings(services.register)) <= set(frozen.get("map", ())):
        changed.append("sources")
    if not changed:
        return
    payload = {"step": step, "changed": changed, "run": services.run}
    services.register.trail.record(plan.request, NewEvent("drift_found", payload=payload))
    raise GateError(
        f"The {' and '.join(changed)} changed after the plan of request {plan.request} was frozen.",
        remedy="clear `classify` and what follows: a new plan is frozen on what holds now. If nothing was "
        f"changed, {socket.gethostname()} has another installation than the worker that froze the plan: "
        "give all workers the same one first.",
    )


def staged_extracts(gate: Gate) -> list[SourceExtract]:
    """Return the records of `extract` for each source that the plan reads or only searches.

    Raises:
        GateError: the staged files were not extracted under this plan, were not reconciled with the source,
            or the residual search did not run there, without which no answer may say that nothing is held
            (R08).
    """
    return [_staged_extract(gate, source) for source in read_sources(gate.services, gate.plan)]


def _staged_extract(gate: Gate, source: str) -> SourceExtract:
    begun = gate.results.of("extract", gate.plan.digest(), part=source)
    record = None if begun is None else read_record(gate.staging, source)
    reason = "not_extracted" if record is None else why_not(gate, record)
    if record is not None and not reason:
        return record
    message = _WHY_NOT[reason].format(source, gate.request.id)
    remedy = f"clear `extract_{source}` and what follows."
    raise gate.refusal(reason, message, remedy, source=source)


_WHY_NOT = {
    "not_extracted": "What is staged of {} for request {} was not extracted under its plan.",
    "not_compared": "What is staged of {} for request {} was not reconciled with the source.",
    "not_searched": "{} was not searched for rows that no way reaches, for request {}.",
}


def why_not(gate: Gate, record: SourceExtract) -> str:
    """Return why a staged record is not the extract that the register knows under the plan; "": it is."""
    services = gate.services
    search = search_digest(services, record)
    results = extract_results(gate, record)
    if not _of_files(services, record, results):
        return "not_extracted"
    if not record.compared:
        return "not_compared"
    known = any(done.get("searched") == search for done in results)
    if record.source in searched_sources(services, gate.plan) and not (search and known):
        return "not_searched"
    whole = record_digest(services, record)  # results of earlier versions have none: they pass
    return "" if any(done.get("record", whole) == whole for done in results) else "not_extracted"


def compared_while_written(gate: Gate, record: SourceExtract) -> frozenset[str]:
    """Return the paths of the files of a source that need not be read again.

    The staged record alone proves nothing. A file counts where the register has, from `extract`, the keyed
    digest over its path, the digest of what was read, and the reader; and where that digest is of the file
    that `package` would take, and the reader is the current one.
    """
    services = gate.services
    known, files = read_back_digest(services, record), record.entries
    results = _of_files(services, record, extract_results(gate, record))
    if not known or not any(done.get("read_back") == known for done in results):
        return frozenset()
    readers = {
        name: file_format.read_by for name, file_format in {**services.formats, **services.exchanges}.items()
    }
    return frozenset(
        entry.path
        for entry in files
        if entry.read_back == ReadBack(entry.deflated_sha256, readers.get(entry.format, ""))
    )


def extract_results(gate: Gate, record: SourceExtract) -> list[dict[str, Any]]:
    """Return the register's results of a source under a plan: of its first reading, and of this snapshot."""
    again = digest({"plan": gate.plan.digest(), "snapshot": record.snapshot})
    found = (gate.results.of("extract", inputs, part=record.source) for inputs in (gate.plan.digest(), again))
    return [done for done in found if done]


def _of_files(
    services: Services, record: SourceExtract, results: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the results that wrote the files of this record."""
    written = files_digest(services, [record])
    return [done for done in results if done["digest"] == written]
