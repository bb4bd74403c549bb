"""The gate is the register: each step reads the decisions it needs there, whatever Airflow says.

docs/gates.md tells an auditor what each attempt to get round it comes to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from afschrift.core.errors import GateError, UnknownRequestError
from afschrift.core.event import NewEvent, digest
from afschrift.core.manifest import Plan
from afschrift.core.ports import DecisionRow, Register
from afschrift.core.request import Request
from afschrift.core.run import Run
from afschrift.core.state import State
from afschrift.pipeline.draft import fingerprint
from afschrift.pipeline.questions import IDENTITY, Answers, OpenQuestion
from afschrift.pipeline.services import Services

NEW_RUN = "start a new run of `fulfil_request`; it goes as far as the register allows."
REVIEW = "review"


def refusal(
    services: Services,
    request_id: str | None,
    step: str,
    reason: str,
    message: str,
    way_out: str = NEW_RUN,
    *,
    event: str = "gate_bypassed",
    **told: Any,
) -> GateError:
    """The error to raise; the attempt stands in the trail.

    Args:
        services: of the step.
        request_id: whose gate it was; None, or an unknown one: the event concerns no request.
        step: name of the step.
        reason: a code.
        message: one sentence for the log.
        way_out: what to do.
        event: `gate_bypassed`, or `gate_refused` where the step merely came too late.
        told: further codes for the event.
    """
    new = NewEvent(event, payload={"step": step, "reason": reason, "run": services.run, **told})
    try:
        services.register.record(request_id, new)
    except UnknownRequestError:
        services.register.record(None, new)
    return GateError(message, way_out=way_out)


def begin(services: Services, request_id: str, by: str) -> None:
    """Begin the run that the services stand for, before anything of the request changes.

    Raises:
        GateError: the request is closed, another run of it goes, or this run began for another request.
    """
    open_request(services, request_id, "assess")
    if services.run is not None:
        goes = services.register.begin_run(request_id, services.run, services.patience, by=by)
        _must_be_ours(services, request_id, "assess", goes)


def enter(services: Services, request_id: str, step: str) -> Request:
    """Into a step: the request is open, and the run of this step is the one that goes.

    Raises:
        GateError: it is not.
    """
    request = open_request(services, request_id, step)
    in_run(services, request_id, step)
    return request


def open_request(services: Services, request_id: str, step: str) -> Request:
    """The request.

    Raises:
        GateError: it is delivered, refused or withdrawn.
    """
    request = services.register.request(request_id)
    if not request.state.open:
        raise refusal(
            services,
            request_id,
            step,
            "closed",
            f"Request {request.id} is closed ({request.state}).",
            "a new request of the person gets its own id: `afschrift submit`.",
            event="gate_refused",
        )
    return request


def in_run(services: Services, request_id: str, step: str) -> None:
    """Mark the run of this step as alive.

    Raises:
        GateError: it never began for this request, or another run of the request goes.
    """
    if services.run is None:
        return
    goes = services.register.see_run(request_id, services.run, services.patience)
    if goes is None:
        raise refusal(
            services,
            request_id,
            step,
            "run_not_begun",
            f"Step {step} was started in a run that never began for request {request_id}.",
        )
    _must_be_ours(services, request_id, step, goes)


def _must_be_ours(services: Services, request_id: str, step: str, goes: Run) -> None:
    if goes.request != request_id:
        message = f"Run {services.run} began for another request than {request_id}."
        raise refusal(services, request_id, step, "run_of_another_request", message)
    if goes.id != services.run:
        raise refusal(
            services,
            request_id,
            step,
            "another_run",
            f"Run {goes.id} of request {request_id} is still going; two at once would work in one staging.",
            "wait for its end, or clear what failed in it. Where it is gone, it counts as lost "
            f"{services.patience} after {goes.seen_at}.",
            going=goes.id,
        )


def identity_question(register: Register, request_id: str) -> OpenQuestion:
    """The question who the requester is; its answer holds for the keys that the request has now."""
    return replace(IDENTITY, bound=fingerprint(register, request_id, register.identity(request_id)))


def identity_decision(register: Register, request_id: str) -> DecisionRow | None:
    """The decision that the requester is who they say, taken about the keys of the request, or None.

    The last one counts: a later `not_confirmed` takes a confirmation back.
    """
    decision = Answers(register.decisions(request_id)).of_kind(IDENTITY.kind)
    if decision is None or decision.choice != "confirmed":
        return None
    return decision if decision.about == identity_question(register, request_id).about else None


def decided(decisions: Sequence[DecisionRow]) -> str:
    """Digest of the decisions that a plan rests on. A review is about the plan, not under it."""
    return digest([[d.kind, d.choice, d.about] for d in decisions if d.kind != REVIEW])


def gated_plan(services: Services, request_id: str, step: str) -> tuple[Request, Plan]:
    """The request and its frozen plan, for a step that touches data.

    Raises:
        GateError: closed, not the run that goes, no identity decision, no frozen plan, a state that allows
            no data to move, or a review that does not allow the plan; the attempt stands in the trail.
        GateError: inventory, policy, software, options or decisions changed since the plan was frozen.
    """
    register = services.register
    request = open_request(services, request_id, step)
    frozen = register.latest_step(request_id, "classify")
    missing = None
    if identity_decision(register, request_id) is None:
        missing = ("no_identity", "there is no identity decision")
    elif frozen is None:
        missing = ("no_plan", "no plan is frozen")
    elif request.state is not State.ACCEPTED:
        missing = (f"state_{request.state}", f"the request is in state {request.state}")
    if missing is not None or frozen is None:
        reason, words = missing or ("no_plan", "no plan is frozen")
        message = f"Step {step} of request {request_id} was started, but {words}."
        raise refusal(services, request_id, step, reason, message)
    plan = register.plan(request_id, frozen["plan"])
    review_must_allow(services, request_id, step, plan.digest(), "plan_frozen")
    _no_drift(services, request, plan, frozen, step)
    in_run(services, request_id, step)
    return request, plan


def review_must_allow(services: Services, request_id: str, step: str, about: str, made_by: str) -> None:
    """A review holds for one digest: one that turned it down stops what follows, and so does a change after.

    Args:
        services: of the step.
        request_id: whose plan or bundle it is.
        step: name of the step.
        about: digest of the plan or bundle.
        made_by: type of the event that tells of each one made, `plan_frozen` or `packed`.

    Raises:
        GateError: the last review of it is no approval, or only an earlier one was reviewed.
    """
    reviews = [d for d in services.register.decisions(request_id) if d.kind == REVIEW]
    if not reviews:
        return
    of_this = [d for d in reviews if d.about == about]
    if of_this and of_this[-1].choice != "approved":
        message = f"A review turned down what step {step} of request {request_id} would hand on."
        raise refusal(services, request_id, step, "review", message, "decide what the review asks for.")
    field = {"plan_frozen": "plan", "packed": "bundle"}[made_by]
    events = services.register.events(request_id)
    made = {payload[field] for header, payload in events if header.type == made_by and payload}
    if not of_this and any(d.about in made for d in reviews):
        message = f"The {field} of request {request_id} is not the one that was reviewed."
        raise refusal(services, request_id, step, "review_of_another", message, "have this one reviewed.")


def _no_drift(services: Services, request: Request, plan: Plan, frozen: dict[str, Any], step: str) -> None:
    now = {
        "inventory": services.inventory.digest,
        "policy": services.inventory.policy_digest,
        "software version": services.package,
        "options": (request.formats, request.language, request.destination),
        "receipt": request.received_at,
        "decisions": decided(services.register.decisions(request.id)),
    }
    then = {
        "inventory": plan.inventory,
        "policy": plan.policy,
        "software version": plan.package,
        "options": (plan.formats, plan.language, plan.destination),
        "receipt": plan.received_at,
        "decisions": frozen.get("decisions"),
    }
    changed = [name for name, value in now.items() if then[name] != value]
    if not changed:
        return
    payload = {"step": step, "changed": changed, "run": services.run}
    services.register.record(plan.request, NewEvent("drift_found", payload=payload))
    raise GateError(
        f"The {' and '.join(changed)} changed after the plan of request {plan.request} was frozen.",
        way_out="clear `classify` and what follows: a new plan is frozen on what holds now.",
    )
