"""The step `classify`: decide on every column before anything is read, and freeze the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from afschrift.casework.decision.denial import EVASIVE, PART, PLAIN, denial
from afschrift.casework.decision.require_decision import hidden_places, require_decision
from afschrift.casework.identity.confirmed import fingerprint, require_identity
from afschrift.casework.identity.mandates import require_bound, require_representation
from afschrift.casework.informing.question import INFORM, INFORM_KIND, answer_ready, inform_person
from afschrift.casework.manual.question import asked_again
from afschrift.casework.partial_response.damaged import damaged_columns
from afschrift.casework.partial_response.earlier_parts import delivered
from afschrift.casework.partial_response.question import ask_for_more, left_for_later
from afschrift.casework.question_kinds import KINDS
from afschrift.casework.review.question import decided, redactions_of
from afschrift.datamap.check.map_findings import stopping_findings
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.plan import NOTHING_GIVEN, ExtractPlan, Plan, Withheld
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.extraction.redact import add_redactions
from afschrift.law.partial_response import DAMAGED_GIVEN
from afschrift.law.restriction import lifted
from afschrift.questions.ask import Answers, ask, asking
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.staging.staged_file import PERSON
from afschrift.steps.draft import Drafter, PlanDraft, outcome
from afschrift.steps.gates import StepBasis, StepEvidence, enter
from afschrift.steps.residual import read_sources, search_all, searched_sources
from afschrift.steps.staging_faults import REPLACED, Faults, fault, record_again, stage_person, staged_keys
from afschrift.steps.table_versions import gone_versions


@dataclass(frozen=True)
class PlanBasis:
    """What a plan depends on, from one snapshot of the register.

    Attributes:
        rests_on: the decisions, in the form that binds the plan to them.
        inputs: digest of everything that the plan depends on.
        latest: result of the last `classify`; None: it never finished.
        evidence: the decisions that the event of the step names.
        hidden: tables, columns and systems that a hidden restriction keeps back (R84).
        stopping: findings of the check of the data map that make requests wait.
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
        """Whether the check of the data map found something since the last `classify`."""
        return not set(self.stopping) <= set((self.latest or {}).get("map", ()))


def plan_basis(services: Services, request_id: str) -> PlanBasis:
    """Pass the gate of `classify` and read what a plan depends on. Call it inside `read_snapshot`.

    Raises:
        GateError: the request is closed, or this run is not its active run.
        NeedsPersonError: identity, mandate or a flag waits for a person; the question is in the register.
    """
    register = services.register
    request = enter(services, request_id, "classify")
    require_identity(services, request)
    require_representation(services, request_id)
    require_bound(services, request)
    require_decision(services, request_id)
    decisions, timeline = register.decisions.of(request_id), register.facts.timeline(request_id)
    rests_on = decided(decisions, lifted(timeline))
    found = damaged_columns(services, request_id).items()
    damaged = [[*place, damage.damage, damage.given] for place, damage in found]
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
                [later.source, later.rest_by, later.about]
                for later in left_for_later(services, timeline, decisions)
            ],
            **({"again": timeline.asked_again.id} if timeline.asked_again else {}),
            **({"damaged": damaged} if damaged else {}),
        }
    )
    latest = register.steps.latest(request_id, "classify")
    evidence, hidden = StepBasis(register, request_id), hidden_places(register, request_id)
    findings = stopping_findings(register)
    return PlanBasis(request, decisions, rests_on, inputs, latest, evidence, hidden, findings)


def plan_evidence(plan: Plan) -> dict[str, Any]:
    """Return counts, codes and names of tables and sources, and of columns that follow; never a value."""
    parts: list[ExtractPlan | Withheld] = [*plan.extracts, *plan.withheld]
    fields = [field for part in parts for field in part.fields]
    redactions = [redaction for extract in plan.extracts for redaction in extract.redactions]
    redactions += [mask for system in plan.manual for mask in system.masks]
    rules = {rule for field in fields for rule in field.rules}
    rules |= {rule for redaction in redactions for rule in redaction.rules}
    past = [f"{source}.{table}" for source, of in plan.versions.items() for table in of.not_at_receipt]
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
        **({"manual": {part.source: part.status.value for part in plan.manual}} if plan.manual else {}),
        **({"later": [later.name for later in plan.later]} if plan.later else {}),
        **({"after": list(plan.after)} if plan.after else {}),
        **({"not_at_receipt": past} if past else {}),
    }


NOTHING_HELD, NOTHING_PORTABLE, NOTHING_IN_LIMITS = "nothing_held", "nothing_portable", "nothing_in_limits"
_ANSWERED = ("systems", "keys", "reasons", "holding", "denial", "searched", "unsearched")
"""What the letter about such an answer names."""


def classify(services: Services, request_id: str) -> dict[str, Any]:
    """Freeze the plan of a request (R08, R18-R24, R31-R33, R87).

    Returns:
        `plan` (digest), `sources` (names with something to extract), `tables`, `withheld`.

    Raises:
        GateError: the request is closed, or this run is not its active run.
        NeedsPersonError: something only a person may decide; the questions are in the register.
    """
    evidence, register = StepEvidence(), services.register
    with register.read_snapshot():  # the same rows that the gate compared with the trail
        basis = plan_basis(services, request_id)
        now, latest = services.now(), basis.latest
        draft = None if _still_holds(services, basis) else _draft(services, basis, now)
        staging = services.staging(request_id)
    if draft is None:
        return _accepted(services, basis, basis.latest or {})
    answers = Answers(basis.decisions)
    _stop_where_nothing_is_given(services, basis, draft, answers)
    stage_person(staging, draft.keys, draft.identifiers, draft.shown)
    turn = latest.get("turn", 0) + 1 if latest else 1
    bound_to = {"inputs": basis.inputs, "decisions": basis.rests_on, "turn": turn}
    bound_to |= {"map": list(basis.stopping)} if basis.stopping else {}
    if latest is not None and latest["plan"] == draft.plan.digest():
        return _keep(services, basis, latest, bound_to, evidence)
    return _freeze(services, basis, replace(draft.plan, frozen_at=now), bound_to, evidence)


def _still_holds(services: Services, basis: PlanBasis) -> bool:
    """Whether the last plan still holds. Faults of its staged files are recorded in the trail."""
    request, latest = basis.request, basis.latest
    if latest is None or latest["inputs"] != basis.inputs:
        return False
    if request.state is State.READY:  # nothing is read again
        return True
    if basis.new_findings or gone_versions(services.register.steps.results(request.id), latest["plan"]):
        return False
    faults = _person_faults(services, request.id, latest)
    if not faults and not asked_again(services.register, request.id):
        return True
    record_again(services, request.id, faults)
    return False


def _draft(services: Services, basis: PlanBasis, now: str) -> PlanDraft:
    """Draft the plan on what holds now.

    Raises:
        NeedsPersonError: something in it only a person may decide.
    """
    register, request, request_id = services.register, basis.request, basis.request.id
    before = _plan_before(register, request_id, basis.latest)
    frozen_at = before.frozen_at if before else now
    with asking(register, request_id, KINDS):
        drafter = Drafter(services, request, Answers(basis.decisions), before)
        draft = drafter.draft(register.identities.of(request_id), frozen_at)
    if draft.questions:
        raise ask(register, request_id, draft.questions)
    require_decision(services, request_id, draft.triggers)
    return replace(draft, plan=add_redactions(draft.plan, redactions_of(register, draft.plan)))


def _keep(
    services: Services,
    basis: PlanBasis,
    latest: dict[str, Any],
    bound_to: dict[str, Any],
    evidence: StepEvidence,
) -> dict[str, Any]:
    """Keep the last plan, which is the same under the decisions and options of today; bind it to them too."""
    _accepted(services, basis, latest)
    if latest["inputs"] == bound_to["inputs"] and latest.get("map") == bound_to.get("map"):
        return latest
    event = NewEvent("plan_kept", payload={"plan": latest["plan"], **evidence.of(basis.evidence)})
    return services.register.steps.finish(
        basis.request.id, "classify", digest(bound_to), {**latest, **bound_to}, event
    )


def _freeze(
    services: Services, basis: PlanBasis, plan: Plan, bound_to: dict[str, Any], evidence: StepEvidence
) -> dict[str, Any]:
    """Save the plan with its event; every later step is bound to its digest and basis."""
    register = services.register
    result = {
        "plan": plan.digest(),
        "sources": list(read_sources(services, plan)),
        "tables": len(plan.extracts),
        "withheld": len(plan.withheld),
        **bound_to,
    }
    payload = {"plan": plan.digest(), **plan_evidence(plan), **_hidden(basis)}
    event = NewEvent("plan_frozen", payload={**payload, **evidence.of(basis.evidence)})
    _answer_must_not_be_ready(services, basis.request)
    with register.write_together():
        register.plans.save(plan)
        _accepted(services, basis, result)
        return register.steps.finish(plan.request, "classify", digest(bound_to), result, event)


def _accepted(services: Services, basis: PlanBasis, result: dict[str, Any]) -> dict[str, Any]:
    """Move the request to `accepted`, and return the result unchanged.

    Raises:
        NeedsPersonError: the answer under this plan is ready, and the person must be notified.
    """
    request = basis.request
    _answer_must_not_be_ready(services, request)
    if request.state is not State.ACCEPTED:
        services.register.requests.move(request.id, State.ACCEPTED, NewEvent("accepted"))
    return result


def _answer_must_not_be_ready(services: Services, request: Request) -> None:
    """Read nothing again under a plan that still holds and whose answer is ready."""
    if request.state is State.READY:
        message = "The answer is ready, and nothing changed since."
        raise _notify_person(services, request.id, INFORM, message)


def _person_faults(services: Services, request_id: str, latest: dict[str, Any]) -> Faults:
    """Return the fault of the staged person: missing, damaged, or not the person of the plan."""
    staging = services.staging(request_id)
    if why := fault(staging, PERSON):
        return {PERSON: why}
    plan = services.register.plans.get(request_id, latest["plan"])
    is_same = fingerprint(services.register, request_id, staged_keys(staging)) == plan.keys
    return {} if is_same else {PERSON: REPLACED}


def _plan_before(register: Register, request_id: str, latest: dict[str, Any] | None) -> Plan | None:
    """Return the last plan; None where the answer was to be given again since.

    The draft takes its instant, and its versions of tables: they enter the plan's digest, so with others an
    unchanged plan would look changed.
    """
    if latest is None:
        return None
    again = register.facts.timeline(request_id).asked_again
    try:
        plan = register.plans.get(request_id, latest["plan"])
        return None if again is not None and plan.frozen_at < again.at else plan
    except ConfigurationError:  # saved by another version of the software: a new plan is due
        return None


def _stop_where_nothing_is_given(
    services: Services, basis: PlanBasis, draft: PlanDraft, answers: Answers
) -> None:
    request, request_id = basis.request, basis.request.id
    nothing = outcome(draft, draft.plan.right)
    parts: list[ExtractPlan | Withheld] = [*draft.plan.extracts, *draft.plan.withheld]
    missing = draft.plan.later or any(f.reason == DAMAGED_GIVEN for part in parts for f in part.fields)
    if missing and (nothing is not None or not draft.plan.staged):
        raise ask_for_more(services, draft.plan)
    if nothing is None:
        return
    systems = sorted({e.source for e in draft.plan.extracts} | {w.source for w in draft.plan.withheld})
    detail: dict[str, Any] = {"systems": systems, "keys": sorted({key.name for key in draft.shown})}
    if draft.plan.manual:
        detail["manual"] = {part.source: part.status.value for part in draft.plan.manual}
        detail["reasons"] = {part.source: part.reason for part in draft.plan.manual if part.reason}
    detail |= _hidden(basis)
    if nothing == NOTHING_IN_LIMITS:
        _ask_about_the_limits(services, request_id, detail, answers)
    if nothing == NOTHING_PORTABLE:
        message = (
            f"The systems hold data of the person of request {request_id}, but nothing that Art. 20 covers."
        )
        detail["holding"] = {source: list(reasons) for source, reasons in draft.holding.items()}
        raise _nothing(services, request_id, State.NOTHING_PORTABLE, nothing, detail, message)
    found, shown = search_all(services, draft.plan, draft.keys, draft.identifiers, request.received_at)
    _confirm_nothing_held(
        services, request_id, detail | found, answers, shown, _denial(services, basis, draft, found)
    )


def _hidden(basis: PlanBasis) -> dict[str, list[str]]:
    """Return what a hidden restriction keeps back, for the trail and for officers (R84)."""
    return {"hidden": sorted(basis.hidden)} if basis.hidden else {}


def _confirm_nothing_held(
    services: Services,
    request_id: str,
    detail: dict[str, Any],
    answers: Answers,
    shown: dict[str, Any],
    wording: dict[str, Any],
) -> NoReturn:
    """Let a person confirm, after the residual search, that nothing is held (R09).

    `shown`: what was searched, for that person. `wording`: what the letter says of it.
    """
    hidden = ", except what a hidden restriction keeps back" if "hidden" in detail else ""
    words = f"No system holds anything under these keys{hidden}."
    question = OpenQuestion(KINDS[NOTHING_HELD], ("confirm_none", "search_again"), words, detail, kept=shown)
    if answers.to(question) == "confirm_none":
        message = f"There is nothing to give to the person of request {request_id}, as an officer confirmed."
        raise _nothing(services, request_id, State.NOTHING_HELD, NOTHING_HELD, detail | wording, message)
    raise ask(services.register, request_id, [question])


def _denial(services: Services, basis: PlanBasis, draft: PlanDraft, found: dict[str, Any]) -> dict[str, Any]:
    """Return how the letter says that nothing is held, which people searched, and what was not (R09).

    `plain` holds only where every source was searched and nothing is kept back; tables, or parts of a source,
    that were not looked into are named. The evasive words name none: of a hidden table nothing is known here.
    """
    plan = draft.plan
    searched = [part.source for part in plan.manual if part.status_for_person == NOTHING_GIVEN]
    read = {*searched, *searched_sources(services, plan)}
    rest = [name for name in (*services.inventory.sources, *services.inventory.manual) if name not in read]
    word = denial(services.register, basis.request, plan)
    if word == PLAIN and (rest or found.get("residual")):
        word = PART
    rest += found.get("not_searched", {}) if word != EVASIVE else ()
    return {"denial": word, "searched": searched, "unsearched": rest}


def _ask_about_the_limits(
    services: Services, request_id: str, detail: dict[str, Any], answers: Answers
) -> NoReturn:
    """Let an officer ask the person about their own limits, or answer within them (R24)."""
    words = "The person's own limits leave nothing to give."
    question = OpenQuestion(KINDS[NOTHING_IN_LIMITS], ("ask_the_person", "answer_none"), words)
    if answers.to(question) == "answer_none":
        raise _nothing(services, request_id, State.NOTHING_HELD, NOTHING_IN_LIMITS, detail, words)
    raise ask(services.register, request_id, [question])


def _nothing(
    services: Services, request_id: str, state: State, letter: str, detail: dict[str, Any], message: str
) -> NeedsPersonError:
    """Make ready the answer that there is nothing to give; return the error that ends the run."""
    register = services.register
    if register.requests.get(request_id).state is not state:
        register.trail.record(request_id, NewEvent(letter, payload=detail))
    answer: dict[str, Any] = {name: detail[name] for name in _ANSWERED if name in detail}
    answer_ready(register, request_id, state, {"letter": letter, **answer})
    return _notify_person(services, request_id, letter, message)


def _notify_person(services: Services, request_id: str, question: str, message: str) -> NeedsPersonError:
    notice = inform_person(services, request_id)
    return NeedsPersonError(
        f"{message} {notice}", question=question, remedy=INFORM_KIND.hint.format(request=request_id)
    )
