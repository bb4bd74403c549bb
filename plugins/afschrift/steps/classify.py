"""Decide before anything is read, and freeze the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from afschrift.casework.decision.require import require_decision
from afschrift.casework.identity.mandates import require_representation
from afschrift.casework.identity.risk import require_identity
from afschrift.casework.manual.question import asked_again
from afschrift.casework.partial_response.require import ask_for_more, left_for_later
from afschrift.casework.partial_response.supplement import delivered
from afschrift.casework.question_kinds import KINDS
from afschrift.casework.review.redactions_in_force import decided, redactions_of
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.plan import ExtractPlan, Plan, Withheld
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.extraction.redact import with_redactions
from afschrift.law.restriction import lifted
from afschrift.questions.ask import Answers, ask, asking
from afschrift.questions.kind import OpenQuestion
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.steps.draft import Drafter, PlanDraft, outcome
from afschrift.steps.gates import enter
from afschrift.steps.person_staged import is_staged, stage_person
from afschrift.steps.residual import read_sources, search_all

NOTHING_HELD = "nothing_held"


def classify(services: Services, request_id: str) -> dict[str, Any]:
    """Freeze the plan of a request (R08, R18-R24, R31-R33, R87).

    Returns:
        `plan` (digest), `sources` (names with something to extract), `tables`, `withheld`.

    Raises:
        GateError: the request is closed, or the step's run is not the one that goes.
        NeedsPersonError: something only a person may decide; the questions stand in the register.
    """
    register = services.register
    request = enter(services, request_id, "classify")
    require_identity(services, request)
    require_representation(services, request_id)
    require_decision(services, request_id)
    decisions = register.decisions.of(request_id)
    rests_on = decided(decisions, lifted(register.facts.timeline(request_id)))
    inputs = digest(
        {
            "inventory": services.inventory.digest,
            "policy": services.inventory.policy_digest,
            "package": services.package,
            "answer": [request.right, list(request.formats), request.language, request.destination],
            "receipt": request.received_at,
            "decisions": rests_on,
            "delivered": delivered(register, request_id),
            "later": [[one.source, one.rest_by, one.about] for one in left_for_later(services, request_id)],
        }
    )
    staging = services.staging(request_id)
    latest = register.steps.latest(request_id, "classify")
    same = latest is not None and latest["inputs"] == inputs and is_staged(staging)
    if same and latest is not None and not asked_again(register, request_id):
        return _accepted(services, request_id, latest)
    answers = Answers(decisions)
    now = services.now()
    frozen_at = _frozen_before(register, request_id, latest) or now
    with asking(register, request_id, KINDS):
        draft = Drafter(services, request, answers).draft(register.identities.of(request_id), frozen_at)
    redactions = redactions_of(register, request_id)
    draft = replace(draft, plan=with_redactions(draft.plan, redactions))
    _stop_where_a_person_is_needed(services, request, draft, answers)
    stage_person(staging, draft.keys, draft.identifiers)
    turn = latest.get("turn", 0) + 1 if latest else 1
    basis = {"inputs": inputs, "decisions": rests_on, "turn": turn}
    if latest is not None and latest["plan"] == draft.plan.digest():
        return _keep(services, request_id, latest, basis)
    plan = replace(draft.plan, frozen_at=now)
    return _freeze(services, plan, basis)


def _keep(
    services: Services, request_id: str, latest: dict[str, Any], basis: dict[str, Any]
) -> dict[str, Any]:
    """The plan comes out the same under the decisions and options of today: it holds for them too."""
    _accepted(services, request_id, latest)
    if latest["inputs"] == basis["inputs"]:
        return latest
    event = NewEvent("plan_kept", payload={"plan": latest["plan"]})
    return services.register.steps.finish(request_id, "classify", digest(basis), {**latest, **basis}, event)


def _freeze(services: Services, plan: Plan, basis: dict[str, Any]) -> dict[str, Any]:
    """Keep the plan and say so in the trail; every later step is bound to its digest and basis."""
    register = services.register
    plan_digest = register.plans.save(plan)
    result = {
        "plan": plan_digest,
        "sources": list(read_sources(services, plan)),
        "tables": len(plan.extracts),
        "withheld": len(plan.withheld),
        **basis,
    }
    parts: list[ExtractPlan | Withheld] = [*plan.extracts, *plan.withheld]
    redactions = [one for extract in plan.extracts for one in extract.redactions]
    rules = {rule for part in parts for f in part.fields for rule in f.rules}
    event = NewEvent(
        "plan_frozen",
        payload={
            "plan": plan_digest,
            "inventory": plan.inventory,
            "policy": plan.policy,
            "tables": len(plan.extracts),
            "withheld": len(plan.withheld),
            "rules": sorted(rules | {rule for one in redactions for rule in one.rules}),
            **({"redactions": len(redactions)} if redactions else {}),
            **({"manual": {one.source: one.status.value for one in plan.manual}} if plan.manual else {}),
            **({"later": [one.source for one in plan.later]} if plan.later else {}),
            **({"after": list(plan.after)} if plan.after else {}),
        },
    )
    _accepted(services, plan.request, result)
    result = register.steps.finish(plan.request, "classify", digest(basis), result, event)
    services.log(
        f"Plan {plan_digest[:12]} frozen: {len(plan.extracts)} tables from {', '.join(plan.staged)}; "
        f"{len(plan.withheld)} tables withheld whole."
    )
    return result


def _accepted(services: Services, request_id: str, result: dict[str, Any]) -> dict[str, Any]:
    """Nothing stands in the way (any more): the request is in work."""
    if services.register.requests.get(request_id).state is not State.ACCEPTED:
        services.register.requests.move(request_id, State.ACCEPTED, NewEvent("accepted"))
    return result


def _frozen_before(register: Register, request_id: str, latest: dict[str, Any] | None) -> str | None:
    """When the plan was frozen that this one may turn out to be again."""
    if latest is None:
        return None
    try:
        return register.plans.get(request_id, latest["plan"]).frozen_at
    except ConfigurationError:  # kept by another version of the software: a new plan is due
        return None


def _stop_where_a_person_is_needed(
    services: Services, request: Request, draft: PlanDraft, answers: Answers
) -> None:
    request_id = request.id
    if draft.questions:
        raise ask(services.register, request_id, draft.questions)
    require_decision(services, request_id, draft.triggers)
    nothing = outcome(draft, draft.plan.right)
    if draft.plan.later and (nothing is not None or not draft.plan.staged):
        raise ask_for_more(services, draft.plan)
    if nothing is None:
        return
    if nothing == "nothing_in_limits":
        words = "The person's own limits leave nothing to give."
        raise ask(services.register, request_id, [OpenQuestion(KINDS[nothing], ("ask_the_person",), words)])
    register = services.register
    systems = sorted({e.source for e in draft.plan.extracts} | {w.source for w in draft.plan.withheld})
    detail: dict[str, Any] = {"systems": systems, "keys": sorted({key.name for key in draft.keys})}
    if draft.plan.manual:
        detail["manual"] = {one.source: one.status.value for one in draft.plan.manual}
    if nothing == "nothing_portable":
        register.requests.move(request_id, State.NOTHING_PORTABLE, NewEvent(nothing, payload=detail))
        raise NeedsPersonError(
            f"The systems hold data of the person of request {request_id}, but nothing that Art. 20 covers.",
            question=nothing,
            detail=detail,
            remedy="tell the person which categories are held, offer access, name the authority and court.",
        )
    detail |= search_all(services, draft.plan, draft.keys, draft.identifiers, request.received_at)
    _confirm_that_none_is_held(services, request_id, detail, answers)


def _confirm_that_none_is_held(
    services: Services, request_id: str, detail: dict[str, Any], answers: Answers
) -> NoReturn:
    """After the search beside the ways of the inventory: a person says that it is true (R09)."""
    register = services.register
    words = "No system holds anything under these keys."
    question = OpenQuestion(KINDS[NOTHING_HELD], ("confirm_none", "search_again"), words, detail)
    if answers.to(question) == "confirm_none":
        register.requests.move(request_id, State.NOTHING_HELD, NewEvent(NOTHING_HELD, payload=detail))
        raise NeedsPersonError(
            f"Nothing is held about the person of request {request_id}, as a person confirmed.",
            question=NOTHING_HELD,
            detail=detail,
            remedy="tell the person so, and invite other identifiers (R09).",
        )
    raise ask(register, request_id, [question])
