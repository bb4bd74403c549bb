"""Hand the bundle over; when it arrived, the answer is ready, and the person is to be told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import Any

from afschrift.casework.partial_response.supplement import record_part, spent
from afschrift.casework.review.require import require_review
from afschrift.casework.telling.ready import answer_ready
from afschrift.casework.telling.tell import tell
from afschrift.domain.errors import StagedFileError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.plan import Plan
from afschrift.domain.portions import Portion
from afschrift.domain.state import State
from afschrift.law.dispute import under_hold
from afschrift.law.partial_response import file_name
from afschrift.register.deliveries import DeliveryRow
from afschrift.services import Services
from afschrift.staging.staged_file import BUNDLE
from afschrift.steps.gates import enter, must_follow_from_trail, refusal
from afschrift.steps.package import package
from afschrift.steps.plan_gates import gated_plan, staged_extracts
from afschrift.steps.step_evidence import StepEvidence
from afschrift.steps.sweep.findings import PARTLY

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
    request, plan = gated_plan(services, request_id, "deliver")
    register = services.register
    packed = _packed(services, plan)
    inputs = _inputs(plan, packed)
    done = register.steps.result(request_id, "deliver", inputs)
    if done is not None:
        return done
    require_review(services, plan, packed)
    base = file_name(request_id, request.right, plan.part, plan.after)
    name = _free(base, register.deliveries.of(request_id), packed["bundle"])
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


def close(services: Services, request_id: str) -> dict[str, Any]:
    """The answer is ready: tell the person, or have them told, and destroy what was staged (R78).

    The request ends once they were told (R37). After a partial delivery its clock goes on too: the next run
    gives the rest (R44).

    Raises:
        GateError: nothing was delivered under the plan that was frozen last.
    """
    register = services.register
    with register.one_moment():
        request = register.requests.get(request_id)
        told_next = request.state in (State.READY, State.DELIVERED)
        if told_next:
            must_follow_from_trail(services, request_id, "close")
        else:
            plan, delivered = _delivered_plan(services, request_id)
    if not told_next:
        if plan.later:
            return _part_is_over(services, plan, delivered)
        letter = "supplement" if plan.part is Portion.SUPPLEMENT else "delivery"
        detail = {"letter": letter, "bundle": delivered["sha256"]}
        request = answer_ready(register, request_id, State.READY, detail)
    if request.state is State.READY:
        tell(services, request_id)
    wipe(services, request_id)
    return {"request": request_id, "state": str(register.requests.get(request_id).state)}


def _delivered_plan(services: Services, request_id: str) -> tuple[Plan, dict[str, Any]]:
    """Through the gate of `close`: the plan, and the result of its delivery."""
    register = services.register
    enter(services, request_id, "close")
    frozen = register.steps.latest(request_id, "classify")
    delivered = register.steps.latest(request_id, "deliver")
    if frozen is None or delivered is None or delivered["plan"] != frozen["plan"]:
        raise refusal(
            services,
            request_id,
            "close",
            "not_delivered",
            f"Request {request_id} cannot be closed: nothing was delivered under its plan.",
            "clear `deliver` and what follows.",
        )
    return register.plans.get(request_id, frozen["plan"]), delivered


def _part_is_over(services: Services, plan: Plan, delivered: dict[str, Any]) -> dict[str, Any]:
    """The end of a run that delivered a part; once, whatever is cleared."""
    register, request_id = services.register, plan.request
    result = {"plan": delivered["plan"], "bundle": delivered["sha256"]}
    payload = {"sha256": delivered["sha256"], "later": [one.source for one in plan.later]}
    register.steps.finish(
        request_id, "close", digest(result), result, NewEvent("part_closed", payload=payload)
    )
    if services.run is not None:
        register.runs.end(request_id, services.run, PARTLY)
    wipe(services, request_id)
    return {"request": request_id, "state": str(register.requests.get(request_id).state)}


def wipe(services: Services, request_id: str) -> bool:
    """Destroy staging where the answer is ready or its part is delivered, and end the run.

    After a failure staging is kept, so that a run resumes; and while the request is under hold.
    """
    state = services.register.requests.get(request_id).state
    if services.run is not None:
        services.register.runs.end(request_id, services.run, str(state))
    if state.open and state is not State.READY and not spent(services.register, request_id):
        return False
    if holds := services.register.disputes.holds(request_id):
        services.log(str(under_hold(request_id, holds, "what is staged of it stays")))
        return False
    services.staging(request_id).wipe()
    return True


def _free(name: str, delivered: Sequence[DeliveryRow], bundle: str) -> str:
    """The name, numbered where another answer of this request lies there that nobody was told of."""
    taken = {one.uri.rpartition("/")[2] for one in delivered if one.sha256 != bundle}
    stem, dot, ending = name.rpartition(".")
    numbered = (f"{stem}-{number}{dot}{ending}" for number in count(2))
    return next(one for one in chain([name], numbered) if one not in taken)


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
    with services.register.one_moment():  # what becomes visible goes by what the gate itself saw
        gated_plan(services, request_id, "deliver")
        require_review(services, plan, packed)
