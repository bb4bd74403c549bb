"""The gate is the register: each step reads the decisions it needs there, whatever Airflow says."""

from __future__ import annotations

from afschrift.core.errors import GateError
from afschrift.core.event import NewEvent
from afschrift.core.manifest import Plan
from afschrift.core.ports import DecisionRow, Register
from afschrift.core.request import Request
from afschrift.core.state import State
from afschrift.pipeline.questions import Answers
from afschrift.pipeline.services import Services


def identity_decision(register: Register, request_id: str) -> DecisionRow | None:
    """The decision that the requester is who they say, or None."""
    decision = Answers(register.decisions(request_id)).of_kind("identity")
    return decision if decision is not None and decision.choice == "confirmed" else None


def must_be_open(request: Request) -> None:
    """Turn down work on a request that is closed.

    Raises:
        GateError: delivered, refused or withdrawn.
    """
    if not request.state.open:
        raise GateError(
            f"Request {request.id} is closed ({request.state}).",
            way_out="a new request of the person gets its own id: `afschrift submit`.",
        )


def gated_plan(services: Services, request_id: str, step: str) -> tuple[Request, Plan]:
    """The request and its frozen plan, for a step that touches data.

    Raises:
        GateError: no identity decision, no frozen plan, or a state that allows no data to move;
            the attempt stands in the trail as `gate_bypassed`.
        GateError: inventory, policy or software changed since the plan was frozen (drift).
    """
    register = services.register
    request = register.request(request_id)
    frozen = register.latest_step(request_id, "classify")
    missing = None
    if identity_decision(register, request_id) is None:
        missing = "there is no identity decision"
    elif frozen is None:
        missing = "no plan is frozen"
    elif request.state is not State.ACCEPTED:
        missing = f"the request is in state {request.state}"
    if missing is not None or frozen is None:
        register.record(request_id, NewEvent("gate_bypassed", payload={"step": step, "reason": missing}))
        raise GateError(
            f"Step {step} of request {request_id} was started, but {missing}.",
            way_out="start a new run of `fulfil_request`; it goes as far as the register allows.",
        )
    plan = register.plan(request_id, frozen["plan"])
    _no_drift(services, plan, step)
    return request, plan


def _no_drift(services: Services, plan: Plan, step: str) -> None:
    now = {
        "inventory": services.inventory.digest,
        "policy": services.inventory.policy_digest,
        "software version": services.package,
    }
    frozen = {"inventory": plan.inventory, "policy": plan.policy, "software version": plan.package}
    changed = [name for name, value in now.items() if frozen[name] != value]
    if not changed:
        return
    services.register.record(
        plan.request, NewEvent("drift_found", payload={"step": step, "changed": changed})
    )
    raise GateError(
        f"The {' and '.join(changed)} changed after the plan of request {plan.request} was frozen.",
        way_out="clear `classify` and what follows: a new plan is frozen on what holds now.",
    )
