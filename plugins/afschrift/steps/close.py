"""The step `close`: the bundle arrived, so the answer is ready; the person is notified, staging destroyed.

No rows are read or written here, so nothing is imported that does.
"""

from __future__ import annotations

from typing import Any

from afschrift.casework.informing.question import answer_ready, inform_person
from afschrift.casework.partial_response.earlier_parts import last_part_is_delivered
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.plan import Plan, Portion
from afschrift.domain.request import PARTLY
from afschrift.domain.state import State
from afschrift.law.dispute import under_hold
from afschrift.services import Services
from afschrift.steps.gates import enter, must_follow_from_trail, refusal


def close(services: Services, request_id: str) -> dict[str, Any]:
    """Make the answer ready, notify the person or ask an officer to, and destroy staging (R78).

    The request ends once the person is notified (R37). After a partial delivery it remains open with its
    clock, and the next run gives the rest (R44).

    Raises:
        GateError: nothing was delivered under the last plan.
    """
    register = services.register
    with register.read_snapshot():
        must_follow_from_trail(services, request_id, "close")
        request = register.requests.get(request_id)
        alone = len(register.requests.all(case=request.case)) == 1  # the gate has read the case
        is_ready = request.state in (State.READY, State.DELIVERED)
        if not is_ready:
            plan, delivered = _delivered_plan(services, request_id)
    if not is_ready:
        if plan.later:
            return _close_part(services, plan, delivered)
        letter = "supplement" if plan.part is Portion.SUPPLEMENT else "delivery"
        detail = {"letter": letter, "bundle": delivered["sha256"]}
        answer_ready(register, request_id, State.READY, detail)
    if request.state is not State.DELIVERED:
        inform_person(services, request_id, alone=alone)
    return {"request": request_id, "state": str(_wiped(services, request_id)[0])}


def _delivered_plan(services: Services, request_id: str) -> tuple[Plan, dict[str, Any]]:
    """Pass the gate of `close`; return the plan and the result of its delivery."""
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


def _close_part(services: Services, plan: Plan, delivered: dict[str, Any]) -> dict[str, Any]:
    """End a run that delivered a part; once, whatever is cleared in Airflow."""
    register, request_id = services.register, plan.request
    result = {"plan": delivered["plan"], "bundle": delivered["sha256"]}
    payload = {"sha256": delivered["sha256"], "later": [later.name for later in plan.later]}
    register.steps.finish(
        request_id, "close", digest(result), result, NewEvent("part_closed", payload=payload)
    )
    if services.run is not None:
        register.runs.end(request_id, services.run, PARTLY)
    return {"request": request_id, "state": str(_wiped(services, request_id)[0])}


def wipe(services: Services, request_id: str) -> bool:
    """End the run, and destroy staging if the answer is ready or its part is delivered.

    Staging is kept after a failure, so that a run can resume, and while the request is under hold.

    Returns:
        Whether staging was destroyed.
    """
    return _wiped(services, request_id)[1]


def _wiped(services: Services, request_id: str) -> tuple[State, bool]:
    """Return the state of the request, and whether its staging was destroyed."""
    register = services.register
    with register.write_together():
        state = register.requests.get(request_id).state
        if services.run is not None:
            register.runs.end(request_id, services.run, str(state))
        if state.open and state is not State.READY and not last_part_is_delivered(register, request_id):
            return state, False
        holds, staging = register.disputes.holds(request_id), services.staging(request_id)
    if holds:
        services.log(str(under_hold(request_id, holds, "what is staged of it stays")))
        return state, False
    staging.wipe()
    return state, True
