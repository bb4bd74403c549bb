"""Hand the bundle over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from afschrift.casework.partial_response.supplement import record_part
from afschrift.casework.review.require import require_review
from afschrift.domain.errors import StagedFileError
from afschrift.domain.event import digest
from afschrift.domain.files import bundle_name
from afschrift.domain.plan import Plan
from afschrift.law.partial_response import suffix
from afschrift.services import Services
from afschrift.staging.staged_file import BUNDLE
from afschrift.steps.gates import must_be_witnessed, refusal
from afschrift.steps.package import package
from afschrift.steps.plan_gates import gated_plan, staged_extracts
from afschrift.steps.step_evidence import StepEvidence

CHUNK = 1 << 20


def deliver(services: Services, request_id: str) -> dict[str, Any]:
    """Deliver the packed bundle of the frozen plan to the request's destination (R61, R69).

    Returns:
        `uri`, `bytes`, `sha256` of what arrived.

    Raises:
        GateError: nothing was packed under the frozen plan, or the gate closed before all was handed over.
        NeedsPersonError: somebody looks at this bundle first.
        RetriableError: the destination is down or full; nothing is half-delivered.
    """
    took = StepEvidence()
    if not services.delivers:
        message = f"Request {request_id} is the canary's: what is packed for it is delivered nowhere."
        raise refusal(
            services, request_id, "deliver", "canary", message, "nothing: its bundle is only counted."
        )
    _, plan = gated_plan(services, request_id, "deliver")
    register = services.register
    packed = _packed(services, plan)
    inputs = _inputs(plan, packed)
    done = register.steps.result(request_id, "deliver", inputs)
    if done is not None:
        return done
    require_review(services, plan, packed)
    must_be_witnessed(services, request_id, "deliver")
    name = _name(services, plan, packed["bundle"])
    try:
        receipt = services.destination(plan.destination).deliver(name, _chunks(services, plan, packed))
    except StagedFileError:
        services.staging(request_id).remove(BUNDLE)  # the next try packs it again
        raise
    result = {
        "uri": receipt.uri,
        "bytes": receipt.bytes,
        "sha256": receipt.sha256,
        "plan": plan.digest(),
        "part": plan.part.value,
    }
    told = took.of(register, request_id, packed["bundle"])
    register.deliveries.record(request_id, plan.destination, receipt, told, kind=plan.part.value)
    if plan.later:
        records = staged_extracts(services, plan, "deliver")
        rows = {f"{one.source}.{one.table}": one.rows for record in records for one in record.tables}
        rows |= {record.source: len(record.given) for record in records if record.kept_back}
        record_part(services, plan, receipt, rows)
    return register.steps.finish(request_id, "deliver", inputs, result)


def _packed(services: Services, plan: Plan) -> dict[str, Any]:
    """What was packed under the plan; a bundle that is gone since is packed again, which reads no source."""
    packed = services.register.steps.latest(plan.request, "package")
    if packed is None or packed["plan"] != plan.digest():
        raise refusal(
            services,
            plan.request,
            "deliver",
            "not_packed",
            f"Nothing is packed for request {plan.request} under its frozen plan.",
            "clear `package` and what follows.",
        )
    delivered = services.register.steps.result(plan.request, "deliver", _inputs(plan, packed))
    if delivered is None and not services.staging(plan.request).exists(BUNDLE):
        return package(services, plan.request)
    return packed


def _inputs(plan: Plan, packed: dict[str, Any]) -> str:
    return digest({"bundle": packed["bundle"], "destination": plan.destination})


def _name(services: Services, plan: Plan, bundle: str) -> str:
    """Of the bundle; another answer of this request that nobody was notified of may lie there."""
    delivered = services.register.deliveries.of(plan.request)
    taken = {row.uri.rpartition("/")[2] for row in delivered if row.sha256 != bundle}
    return bundle_name(f"{plan.request}-{plan.right}{suffix(plan.part, plan.after)}", taken)


def _chunks(services: Services, plan: Plan, packed: dict[str, Any]) -> Iterator[bytes]:
    """The bundle; an error at its end, before it becomes visible, where it is not the one packed.

    Handing over may take long, so the gate is asked once more at the end.
    """
    request_id, seen = plan.request, hashlib.sha256()
    with services.staging(request_id).reader(BUNDLE) as stream:
        while chunk := stream.read(CHUNK):
            seen.update(chunk)
            yield chunk
    if seen.hexdigest() != packed["bundle"]:
        raise refusal(
            services,
            request_id,
            "deliver",
            "bundle_replaced",
            "The staged bundle is not the one that the register knows as packed.",
            "clear `package` and what follows.",
        )
    with services.register.read_snapshot():  # what becomes visible goes by what the gate itself saw
        gated_plan(services, request_id, "deliver")
        require_review(services, plan, packed)
