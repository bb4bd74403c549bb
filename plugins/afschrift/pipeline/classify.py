"""Decide before anything is read, and freeze the plan."""

from __future__ import annotations

import json
from typing import Any

from afschrift.core.errors import NeedsPersonError
from afschrift.core.event import NewEvent, digest
from afschrift.core.keys import Key
from afschrift.core.ports import Staging
from afschrift.core.state import State
from afschrift.pipeline.draft import Draft, Drafter, outcome
from afschrift.pipeline.gates import identity_decision, must_be_open
from afschrift.pipeline.questions import IDENTITY, Answers, OpenQuestion, ask
from afschrift.pipeline.services import Services

KEYS = "keys.json"


def classify(services: Services, request_id: str) -> dict[str, Any]:
    """Freeze the plan of a request (R08, R18-R24, R31-R33, R87).

    Returns:
        `plan` (digest), `sources` (names with something to extract), `tables`, `withheld`.

    Raises:
        NeedsPersonError: something only a person may decide; the questions stand in the register.
    """
    register = services.register
    request = register.request(request_id)
    must_be_open(request)
    if identity_decision(register, request_id) is None:
        raise ask(register, request_id, [IDENTITY])
    decisions = register.decisions(request_id)
    inputs = digest(
        {
            "inventory": services.inventory.digest,
            "policy": services.inventory.policy_digest,
            "package": services.package,
            "decisions": [[d.kind, d.choice, d.about] for d in decisions],
        }
    )
    staging = services.staging(request_id)
    done = register.step(request_id, "classify", inputs)
    if done is not None and staging.exists(KEYS):
        return done
    frozen_at = register.plan(request_id, done["plan"]).frozen_at if done else services.now()
    answers = Answers(decisions)
    draft = Drafter(services, request, answers).draft(register.identity(request_id), frozen_at)
    _stop_where_a_person_is_needed(services, request_id, draft, answers)
    _keep_keys(staging, draft.keys)
    plan = draft.plan
    if done is not None and done["plan"] == plan.digest():
        return done
    if done is not None:
        inputs = digest({"inputs": inputs, "plan": plan.digest()})
    plan_digest = register.save_plan(plan)
    result = {
        "plan": plan_digest,
        "sources": list(plan.sources),
        "tables": len(plan.extracts),
        "withheld": len(plan.withheld),
    }
    rules = sorted({rule for e in (*plan.extracts, *plan.withheld) for f in e.fields for rule in f.rules})
    event = NewEvent(
        "plan_frozen",
        payload={
            "plan": plan_digest,
            "inventory": plan.inventory,
            "policy": plan.policy,
            "tables": len(plan.extracts),
            "withheld": len(plan.withheld),
            "rules": rules,
        },
    )
    if register.request(request_id).state is not State.ACCEPTED:
        register.move(request_id, State.ACCEPTED, NewEvent("accepted"))
    result = register.finish_step(request_id, "classify", inputs, result, event)
    services.log(
        f"Plan {plan_digest[:12]} frozen: {len(plan.extracts)} tables from {', '.join(plan.sources)}; "
        f"{len(plan.withheld)} tables withheld whole."
    )
    return result


def _stop_where_a_person_is_needed(
    services: Services, request_id: str, draft: Draft, answers: Answers
) -> None:
    if draft.questions:
        raise ask(services.register, request_id, draft.questions)
    nothing = outcome(draft, draft.plan.right)
    if nothing is None:
        return
    register = services.register
    systems = sorted({e.source for e in (*draft.plan.extracts, *draft.plan.withheld)})
    detail: dict[str, Any] = {"systems": systems, "keys": sorted({key.name for key in draft.keys})}
    if nothing == "nothing_portable":
        register.move(request_id, State.NOTHING_PORTABLE, NewEvent(nothing, payload=detail))
        raise NeedsPersonError(
            f"The systems hold data of the person of request {request_id}, but nothing that Art. 20 covers.",
            question=nothing,
            detail=detail,
            way_out="tell the person which categories are held, offer access, name the authority and court.",
        )
    words = "No system holds anything under these keys."
    question = OpenQuestion(nothing, ("confirm_none", "search_again"), words, detail)
    if answers.to(question) == "confirm_none":
        register.move(request_id, State.NOTHING_HELD, NewEvent(nothing, payload=detail))
        raise NeedsPersonError(
            f"Nothing is held about the person of request {request_id}, as a person confirmed.",
            question=nothing,
            detail=detail,
            way_out="tell the person so, and invite other identifiers (R09).",
        )
    raise ask(register, request_id, [question])


def _keep_keys(staging: Staging, keys: tuple[Key, ...]) -> None:
    rows = [[key.name, key.value, key.valid_from, key.valid_to] for key in keys]
    with staging.writer(KEYS) as sink:
        sink.write(json.dumps(rows).encode())


def staged_keys(staging: Staging) -> tuple[Key, ...]:
    """The person's keys as `classify` found them.

    Raises:
        RetriableError: they are not staged any more.
    """
    with staging.reader(KEYS) as stream:
        return tuple(Key(*row) for row in json.loads(stream.read()))
