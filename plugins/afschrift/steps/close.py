"""When the bundle arrived, the answer is ready and the person is to be told; what was staged is destroyed.

No rows are read or written here, so nothing that does so is imported.
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
    """The answer is ready: tell the person, or have them told, and destroy what was staged (R78).

    The request ends once they were told (R37). After a partial delivery its clock goes on too: the next run
    gives the rest (R44).

    Raises:
        GateError: nothing was delivered under the plan that was frozen last.
    """
    register = services.register
    with register.read_snapshot():
        must_follow_from_trail(services, request_id, "close")
        request = register.requests.get(request_id)
        told_next = request.state in (State.READY, State.DELIVERED)
        if not told_next:
            plan, delivered = _delivered_plan(services, request_id)
    if not told_next:
        if plan.later:
            return _part_is_over(services, plan, delivered)
        letter = "supplement" if plan.part is Portion.SUPPLEMENT else "delivery"
        detail = {"letter": letter, "bundle": delivered["sha256"]}
        answer_ready(register, request_id, State.READY, detail)
    if request.state is not State.DELIVERED:
        inform_person(services, request_id)
    return {"request": request_id, "state": str(_wiped(services, request_id)[0])}


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
    return {"request": request_id, "state": str(_wiped(services, request_id)[0])}


def wipe(services: Services, request_id: str) -> bool:
    """Destroy staging where the answer is ready or its part is delivered, and end the run.

    After a failure staging is kept, so that a run resumes; and while the request is under hold.
    """
    return _wiped(services, request_id)[1]


def _wiped(services: Services, request_id: str) -> tuple[State, bool]:
    """The state of the request, and whether its staging was destroyed."""
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
