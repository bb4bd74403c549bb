"""The gate is the register: each step reads the decisions it needs there, whatever Airflow says.

docs/gates.md tells an auditor what each attempt to get round it comes to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from afschrift.casework.identity.age import known_minority, person_digest
from afschrift.casework.identity.mandates import asked_for, standing_now
from afschrift.casework.partial_response.require import decided_partial, left_for_later
from afschrift.casework.partial_response.supplement import delivered, spent
from afschrift.casework.review.redactions import REVIEW, REVIEW_SIGNED, in_force
from afschrift.domain.errors import GateError, UnknownRequestError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request
from afschrift.domain.run import Run
from afschrift.domain.state import State
from afschrift.law.partial_response import parts
from afschrift.law.person.assurance import Level, Risk, level_of
from afschrift.law.restriction import lifted
from afschrift.questions.kinds import IDENTITY, Answers, OpenQuestion
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register
from afschrift.services import Services

NEW_RUN = "start a new run of `fulfil_request`; it goes as far as the register allows."


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
        services.register.trail.record(request_id, new)
    except UnknownRequestError:
        services.register.trail.record(None, new)
    return GateError(message, way_out=way_out)


def begin(services: Services, request_id: str, by: str) -> None:
    """Begin the run that the services stand for, before anything of the request changes.

    Raises:
        GateError: the request is closed, another run of it goes, or this run began for another request.
    """
    open_request(services, request_id, "assess")
    if services.run is not None:
        goes = services.register.runs.begin(request_id, services.run, services.patience, by=by)
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
    request = services.register.requests.get(request_id)
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
    goes = services.register.runs.see(request_id, services.run, services.patience)
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


def identity_question(register: Register, request_id: str, risk: Risk | None = None) -> OpenQuestion:
    """The question who the requester is; its answer holds for the keys that the request has now.

    Args:
        register: of the installation.
        request_id: the request.
        risk: how sure the answer must be (R12).
    """
    question = replace(IDENTITY, bound=person_digest(register, request_id))
    if risk is None:
        return question
    detail = {"risk": risk.level.value, "factors": [one.value for one in risk.factors]}
    words = f"{IDENTITY.words} The check takes level {risk.level} (R12)."
    return replace(question, detail=detail, words=words)


def identity_decision(register: Register, request_id: str) -> DecisionRow | None:
    """The decision that the requester is who they say, taken about the keys of the request, or None.

    The last one counts: a later `not_confirmed` takes a confirmation back. One that is less sure than the
    question asked for since does not count (R12).
    """
    decision = Answers(register.decisions.of(request_id)).of_kind(IDENTITY.kind)
    if decision is None or decision.choice != "confirmed":
        return None
    if decision.about != identity_question(register, request_id).about:
        return None
    asked = register.questions.all(open_only=False, request_id=request_id)
    risks = [q.detail["risk"] for q in asked if q.kind == IDENTITY.kind and "risk" in q.detail]
    sure = not risks or level_of(decision.detail.get("level")).covers(Level(risks[-1]))
    return decision if sure else None


def decided(decisions: Sequence[DecisionRow], over: Collection[str] = ()) -> str:
    """Digest of the decisions that a plan rests on. A review is about it; only what it masks is under it.

    `over`: ids of restrictions that were lifted (R84).
    """
    under = [d for d in decisions if d.kind not in (REVIEW, REVIEW_SIGNED)]
    told: list[Any] = [[d.kind, d.choice, d.about] for d in under]
    told += [[d.kind, d.choice, d.about, d.question] for d in in_force(decisions)]
    return digest([*told, sorted(over)] if over else told)


def gated_plan(services: Services, request_id: str, step: str) -> tuple[Request, Plan]:
    """The request and its frozen plan, for a step that touches data.

    Raises:
        GateError: closed, not the run that goes, no identity decision, no frozen plan, a state that allows
            no data to move, or a review that does not allow the plan; the attempt stands in the trail.
        NeedsPersonError: a representative's mandate does not hold any more; the question stands in the
            register.
        GateError: inventory, policy, software, options or decisions changed since the plan was frozen.
    """
    register = services.register
    request = open_request(services, request_id, step)
    frozen = register.steps.latest(request_id, "classify")
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
    plan = register.plans.get(request_id, frozen["plan"])
    review_must_allow(services, request_id, step, plan.digest())
    _mandate_must_hold(services, request, step)
    _no_drift(services, request, plan, frozen, step)
    _parts_must_be_decided(services, plan, step)
    in_run(services, request_id, step)
    return request, plan


def _parts_must_be_decided(services: Services, plan: Plan, step: str) -> None:
    """Each source that a plan leaves for later was left by an officer; a part is given once (R44, R54)."""
    register, request_id = services.register, plan.request
    wanted = {one.about for one in decided_partial(register, services.inventory, request_id)}
    if any(one.about not in wanted for one in plan.later):
        message = f"The plan of request {request_id} leaves a source for later, and no officer decided that."
        raise refusal(services, request_id, step, "partial_not_decided", message)
    is_given = any(
        fact.detail["plan"] == plan.digest() for fact in parts(register.facts.timeline(request_id))
    )
    if plan.later and not is_given and not set(plan.later) <= set(left_for_later(services, request_id)):
        message = f"What the plan of request {request_id} leaves for later cannot be left any more (R44)."
        raise refusal(services, request_id, step, "partial_over", message)
    if step != "deliver" and spent(register, request_id):
        message = f"The part of request {request_id} under this plan is delivered already."
        way_out = "start a new run of `fulfil_request`: it gives the rest."
        raise refusal(services, request_id, step, "part_delivered", message, way_out, event="gate_refused")


def _mandate_must_hold(services: Services, request: Request, step: str) -> None:
    """A mandate that was taken back, or ran out since, is asked for again before anything leaves (R15)."""
    stands = standing_now(services, request)
    if stands.holds:
        return
    if stands.decision is not None:
        raise asked_for(services.register, request, stands, known_minority(services, request.id))
    message = f"Step {step} of request {request.id} was started, but nobody found the mandate to be proven."
    raise refusal(services, request.id, step, "no_mandate", message)


def review_must_allow(services: Services, request_id: str, step: str, plan: str) -> None:
    """A review of a plan holds for that one: where it turned it down, or the plan changed, nothing follows.

    What is packed is reviewed too, at `deliver` (`pipeline/review.py`).

    Args:
        services: of the step.
        request_id: whose plan it is.
        step: name of the step.
        plan: its digest.

    Raises:
        GateError: the last review of it is no approval, or only an earlier plan was reviewed.
    """
    reviews = [d for d in services.register.decisions.of(request_id) if d.kind == REVIEW]
    if not reviews:
        return
    of_this = [d for d in reviews if d.about == plan]
    if of_this and of_this[-1].choice != "approved":
        message = f"A review turned down what step {step} of request {request_id} would hand on."
        raise refusal(services, request_id, step, "review", message, "decide what the review asks for.")
    events = services.register.trail.events(request_id)
    made = {payload["plan"] for header, payload in events if header.type == "plan_frozen" and payload}
    if not of_this and any(d.about in made for d in reviews):
        message = f"The plan of request {request_id} is not the one that was reviewed."
        raise refusal(services, request_id, step, "review_of_another", message, "have this one reviewed.")


def _no_drift(services: Services, request: Request, plan: Plan, frozen: dict[str, Any], step: str) -> None:
    now = {
        "inventory": services.inventory.digest,
        "policy": services.inventory.policy_digest,
        "software version": services.package,
        "right": request.right,
        "options": (request.formats, request.language, request.destination),
        "receipt": request.received_at,
        "parts delivered": delivered(services.register, request.id, but=plan.digest()),
        "decisions": decided(
            services.register.decisions.of(request.id), lifted(services.register.facts.timeline(request.id))
        ),
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
    if not changed:
        return
    payload = {"step": step, "changed": changed, "run": services.run}
    services.register.trail.record(plan.request, NewEvent("drift_found", payload=payload))
    raise GateError(
        f"The {' and '.join(changed)} changed after the plan of request {plan.request} was frozen.",
        way_out="clear `classify` and what follows: a new plan is frozen on what holds now.",
    )
