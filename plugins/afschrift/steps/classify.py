"""Decide before anything is read, and freeze the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from afschrift.casework.decision.require_decision import hidden_places, require_decision
from afschrift.casework.identity.confirmed import fingerprint, require_identity
from afschrift.casework.identity.mandates import require_representation
from afschrift.casework.informing.question import INFORM, INFORM_KIND, answer_ready, inform_person
from afschrift.casework.manual.question import asked_again
from afschrift.casework.partial_response.earlier_parts import delivered
from afschrift.casework.partial_response.question import ask_for_more, left_for_later
from afschrift.casework.question_kinds import KINDS
from afschrift.casework.review.question import decided, redactions_of
from afschrift.datamap.check.map_findings import stopping
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.plan import ExtractPlan, Plan, Withheld
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.extraction.redact import add_redactions
from afschrift.law.restriction import lifted
from afschrift.questions.ask import Answers, ask, asking
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.staging.staged_file import PERSON
from afschrift.steps.draft import Drafter, PlanDraft, outcome
from afschrift.steps.gates import StepBasis, StepEvidence, enter
from afschrift.steps.residual import read_sources, search_all
from afschrift.steps.staged_again import REPLACED, Faults, fault, record_again, stage_person, staged_keys


@dataclass(frozen=True)
class PlanBasis:
    """What a plan rests on, as the register had it in one moment.

    Attributes:
        rests_on: the decisions, as a plan is bound to them.
        inputs: digest of all of it.
        latest: the result of the step before; None: it never ended.
        evidence: what the event of the step says that it rests on.
        hidden: tables, columns and systems that a hidden restriction keeps back (R84).
        stopping: what the check of the data map found by now that makes requests wait.
    """

    request: Request
    decisions: Sequence[DecisionRow]
    rests_on: Any
    inputs: str
    latest: dict[str, Any] | None
    evidence: StepBasis
    hidden: frozenset[str]
    stopping: Sequence[str] = ()

    @property
    def new_findings(self) -> bool:
        """Whether the data map's check found something since the step before."""
        return not set(self.stopping) <= set((self.latest or {}).get("map", ()))


def plan_basis(services: Services, request_id: str) -> PlanBasis:
    """Through the gate of `classify`, and what follows it; inside `read_snapshot`.

    Raises:
        GateError: the request is closed, or the step's run is not the one that goes.
        NeedsPersonError: identity, mandate or a flag waits for a person; the question stands in the register.
    """
    register = services.register
    request = enter(services, request_id, "classify")
    require_identity(services, request)
    require_representation(services, request_id)
    require_decision(services, request_id)
    decisions, timeline = register.decisions.of(request_id), register.facts.timeline(request_id)
    rests_on = decided(decisions, lifted(timeline))
    inputs = digest(
        {
            "inventory": services.inventory.digest,
            "policy": services.inventory.policy_digest,
            "package": services.package,
            "answer": [request.right, list(request.formats), request.language, request.destination],
            "receipt": request.received_at,
            "decisions": rests_on,
            "delivered": delivered(timeline),
            "later": [
                [one.source, one.rest_by, one.about] for one in left_for_later(services, timeline, decisions)
            ],
        }
    )
    latest = register.steps.latest(request_id, "classify")
    evidence, hidden = StepBasis(register, request_id), hidden_places(register, request_id)
    return PlanBasis(request, decisions, rests_on, inputs, latest, evidence, hidden, stopping(register))


def plan_evidence(plan: Plan) -> dict[str, Any]:
    """Counts, codes and names of tables and sources; never a column, a statement or a value."""
    parts: list[ExtractPlan | Withheld] = [*plan.extracts, *plan.withheld]
    fields = [field for part in parts for field in part.fields]
    redactions = [one for extract in plan.extracts for one in extract.redactions]
    rules = {rule for field in fields for rule in field.rules} | {r for one in redactions for r in one.rules}
    counted = Counter((f.action.value, f.reason, f.rules) for f in fields)
    columns = [
        {"action": action, "reason": reason, "rules": list(by), "columns": number}
        for (action, reason, by), number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]
    return {
        "inventory": plan.inventory,
        "policy": plan.policy,
        "tables": len(plan.extracts),
        "withheld": len(plan.withheld),
        "rules": sorted(rules),
        "columns": columns,
        **({"withheld_tables": [f"{w.source}.{w.table}" for w in plan.withheld]} if plan.withheld else {}),
        **({"redactions": len(redactions)} if redactions else {}),
        **({"manual": {one.source: one.status.value for one in plan.manual}} if plan.manual else {}),
        **({"later": [one.source for one in plan.later]} if plan.later else {}),
        **({"after": list(plan.after)} if plan.after else {}),
    }


NOTHING_HELD, NOTHING_PORTABLE, NOTHING_IN_LIMITS = "nothing_held", "nothing_portable", "nothing_in_limits"


def classify(services: Services, request_id: str) -> dict[str, Any]:
    """Freeze the plan of a request (R08, R18-R24, R31-R33, R87).

    Returns:
        `plan` (digest), `sources` (names with something to extract), `tables`, `withheld`.

    Raises:
        GateError: the request is closed, or the step's run is not the one that goes.
        NeedsPersonError: something only a person may decide; the questions stand in the register.
    """
    took, register = StepEvidence(), services.register
    with register.read_snapshot():  # the plan rests on what the gate itself held against the trail
        basis = plan_basis(services, request_id)
        now, latest = services.now(), basis.latest
        draft = None if _still_holds(services, basis) else _draft(services, basis, now)
        staging = services.staging(request_id)
    if draft is None:
        return _accepted(services, basis, basis.latest or {})
    answers = Answers(basis.decisions)
    _stop_where_nothing_is_given(services, basis, draft, answers)
    stage_person(staging, draft.keys, draft.identifiers)
    turn = latest.get("turn", 0) + 1 if latest else 1
    told = {"inputs": basis.inputs, "decisions": basis.rests_on, "turn": turn}
    told |= {"map": list(basis.stopping)} if basis.stopping else {}
    if latest is not None and latest["plan"] == draft.plan.digest():
        return _keep(services, basis, latest, told, took)
    return _freeze(services, basis, replace(draft.plan, frozen_at=now), told, took)


def _still_holds(services: Services, basis: PlanBasis) -> bool:
    """Whether the plan of the step before is that of today; what is lost of its staging is told."""
    request, latest = basis.request, basis.latest
    if latest is None or latest["inputs"] != basis.inputs:
        return False
    if request.state is State.READY:  # nothing is read again
        return True
    if basis.new_findings:
        return False
    faults = _person_faults(services, request.id, latest)
    if not faults and not asked_again(services.register, request.id):
        return True
    record_again(services, request.id, faults)
    return False


def _draft(services: Services, basis: PlanBasis, now: str) -> PlanDraft:
    """The plan as it is now.

    Raises:
        NeedsPersonError: something in it only a person may decide.
    """
    register, request, request_id = services.register, basis.request, basis.request.id
    frozen_at = _frozen_before(register, request_id, basis.latest) or now
    with asking(register, request_id, KINDS):
        drafter = Drafter(services, request, Answers(basis.decisions))
        draft = drafter.draft(register.identities.of(request_id), frozen_at)
    if draft.questions:
        raise ask(register, request_id, draft.questions)
    require_decision(services, request_id, draft.triggers)
    return replace(draft, plan=add_redactions(draft.plan, redactions_of(register, draft.plan)))


def _keep(
    services: Services, basis: PlanBasis, latest: dict[str, Any], told: dict[str, Any], took: StepEvidence
) -> dict[str, Any]:
    """The plan comes out the same under the decisions and options of today: it holds for them too."""
    _accepted(services, basis, latest)
    if latest["inputs"] == told["inputs"] and latest.get("map") == told.get("map"):
        return latest
    event = NewEvent("plan_kept", payload={"plan": latest["plan"], **took.of(basis.evidence)})
    return services.register.steps.finish(
        basis.request.id, "classify", digest(told), {**latest, **told}, event
    )


def _freeze(
    services: Services, basis: PlanBasis, plan: Plan, told: dict[str, Any], took: StepEvidence
) -> dict[str, Any]:
    """Keep the plan and say so in the trail; every later step is bound to its digest and basis."""
    register = services.register
    result = {
        "plan": plan.digest(),
        "sources": list(read_sources(services, plan)),
        "tables": len(plan.extracts),
        "withheld": len(plan.withheld),
        **told,
    }
    payload = {"plan": plan.digest(), **plan_evidence(plan), **_hidden(basis)}
    event = NewEvent("plan_frozen", payload={**payload, **took.of(basis.evidence)})
    _answer_must_not_be_ready(services, basis.request)
    with register.write_together():
        register.plans.save(plan)
        _accepted(services, basis, result)
        return register.steps.finish(plan.request, "classify", digest(told), result, event)


def _accepted(services: Services, basis: PlanBasis, result: dict[str, Any]) -> dict[str, Any]:
    """Nothing stands in the way (any more): the request is in work.

    Raises:
        NeedsPersonError: the answer under this plan is ready already, and the person is to be told.
    """
    request = basis.request
    _answer_must_not_be_ready(services, request)
    if request.state is not State.ACCEPTED:
        services.register.requests.move(request.id, State.ACCEPTED, NewEvent("accepted"))
    return result


def _answer_must_not_be_ready(services: Services, request: Request) -> None:
    """Under a plan that still holds nothing is read again once its answer is ready."""
    if request.state is State.READY:
        words = "The answer is ready already, and nothing changed since."
        raise _told_next(services, request.id, INFORM, words)


def _person_faults(services: Services, request_id: str, latest: dict[str, Any]) -> Faults:
    """Whether what was staged of the person is there, opens, and is what the plan was made for."""
    staging = services.staging(request_id)
    if why := fault(staging, PERSON):
        return {PERSON: why}
    plan = services.register.plans.get(request_id, latest["plan"])
    same = fingerprint(services.register, request_id, staged_keys(staging)) == plan.keys
    return {} if same else {PERSON: REPLACED}


def _frozen_before(register: Register, request_id: str, latest: dict[str, Any] | None) -> str | None:
    """When the plan was frozen that this one may turn out to be again."""
    if latest is None:
        return None
    try:
        return register.plans.get(request_id, latest["plan"]).frozen_at
    except ConfigurationError:  # kept by another version of the software: a new plan is due
        return None


def _stop_where_nothing_is_given(
    services: Services, basis: PlanBasis, draft: PlanDraft, answers: Answers
) -> None:
    request, request_id = basis.request, basis.request.id
    nothing = outcome(draft, draft.plan.right)
    if draft.plan.later and (nothing is not None or not draft.plan.staged):
        raise ask_for_more(services, draft.plan)
    if nothing is None:
        return
    systems = sorted({e.source for e in draft.plan.extracts} | {w.source for w in draft.plan.withheld})
    detail: dict[str, Any] = {"systems": systems, "keys": sorted({key.name for key in draft.keys})}
    if draft.plan.manual:
        detail["manual"] = {one.source: one.status.value for one in draft.plan.manual}
    detail |= _hidden(basis)
    if nothing == NOTHING_IN_LIMITS:
        _ask_about_the_limits(services, request_id, detail, answers)
    if nothing == NOTHING_PORTABLE:
        words = (
            f"The systems hold data of the person of request {request_id}, but nothing that Art. 20 covers."
        )
        raise _nothing(services, request_id, State.NOTHING_PORTABLE, nothing, detail, words)
    told, shown = search_all(services, draft.plan, draft.keys, draft.identifiers, request.received_at)
    _confirm_that_none_is_held(services, request_id, detail | told, answers, shown)


def _hidden(basis: PlanBasis) -> dict[str, list[str]]:
    """For the trail and for officers: what a hidden restriction keeps back (R84)."""
    return {"hidden": sorted(basis.hidden)} if basis.hidden else {}


def _confirm_that_none_is_held(
    services: Services, request_id: str, detail: dict[str, Any], answers: Answers, shown: dict[str, Any]
) -> NoReturn:
    """After the search beside the ways of the inventory: a person says that it is true (R09).

    `shown`: what was searched, for that person.
    """
    beside = ", beside what a hidden restriction keeps back" if "hidden" in detail else ""
    words = f"No system holds anything under these keys{beside}."
    question = OpenQuestion(KINDS[NOTHING_HELD], ("confirm_none", "search_again"), words, detail, kept=shown)
    if answers.to(question) == "confirm_none":
        words = f"Nothing is there to give to the person of request {request_id}, as a person confirmed."
        raise _nothing(services, request_id, State.NOTHING_HELD, NOTHING_HELD, detail, words)
    raise ask(services.register, request_id, [question])


def _ask_about_the_limits(
    services: Services, request_id: str, detail: dict[str, Any], answers: Answers
) -> NoReturn:
    """The person's own limits leave nothing to give: an officer asks them, or answers within them (R24)."""
    words = "The person's own limits leave nothing to give."
    question = OpenQuestion(KINDS[NOTHING_IN_LIMITS], ("ask_the_person", "answer_none"), words)
    if answers.to(question) == "answer_none":
        raise _nothing(services, request_id, State.NOTHING_HELD, NOTHING_IN_LIMITS, detail, words)
    raise ask(services.register, request_id, [question])


def _nothing(
    services: Services, request_id: str, state: State, letter: str, detail: dict[str, Any], words: str
) -> NeedsPersonError:
    """The answer is that there is nothing to give: the person is told; the error that ends the run."""
    register = services.register
    if register.requests.get(request_id).state is not state:
        register.trail.record(request_id, NewEvent(letter, payload=detail))
    answer = {name: detail[name] for name in ("systems", "keys")}
    answer_ready(register, request_id, state, {"letter": letter, **answer})
    return _told_next(services, request_id, letter, words)


def _told_next(services: Services, request_id: str, question: str, words: str) -> NeedsPersonError:
    said = inform_person(services, request_id)
    return NeedsPersonError(
        f"{words} {said}", question=question, remedy=INFORM_KIND.hint.format(request=request_id)
    )
