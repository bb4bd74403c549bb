"""Requests, cases and questions as JSON, and a route for each action of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from afschrift.casework.actions.action import Action, Done, Parameters, Subject
from afschrift.casework.actions.actions import ACTIONS
from afschrift.casework.answer import look, visible
from afschrift.casework.answer_rows import answer_row, form_of
from afschrift.casework.delivery.view import seen_deliveries
from afschrift.casework.desk.desk import desk_rows
from afschrift.casework.desk.today import LONGEST, Filters, lines_of, search
from afschrift.casework.identity.look_up import ask_look_up, identity_view, record_look
from afschrift.casework.intake.case_story import story
from afschrift.casework.intake.referral import to_hand_over
from afschrift.law.roles import Act, Role
from afschrift.outside.read_model import read_model
from afschrift.questions.ask import assigned_to
from afschrift.register.open import open_register
from afschrift.register.records import QuestionRow
from afschrift.web.answers import Starts, act
from afschrift.web.body import Body
from afschrift.web.caller import Caller, Known
from afschrift.web.question_status import visible_question

router = APIRouter()
ANSWER = """Record the answer; where it was the last one due, start the request's next run as the caller.

If no run starts, the answer remains recorded, and `next` says what to do."""


class SearchBody(Parameters):
    """Number, reference, or value of an identity key; nothing keeps it."""

    text: str = Field(max_length=LONGEST)


@router.get("/requests")
def listing(by: Known, filters: Annotated[Filters, Depends(Filters)]) -> dict[str, Any]:
    """What is open and the caller sees, due first, each with its next actions."""
    viewer = by.viewer
    rows = [row for row in desk_rows(by.officer()) if viewer.sees(row) and filters.fits(row)]
    return {"requests": [line.document() for line in lines_of(rows, viewer)]}


@router.post("/requests/search")
def searched(body: Body, by: Known) -> dict[str, Any]:
    """The requests that a text finds, open and closed; each is an event, without the text."""
    found = search(by.officer(), by.viewer, read_model(SearchBody, body).text)
    return {"requests": [line.document() for line in lines_of(found, by.viewer)]}


@router.get("/requests/{request_id}")
def show(request_id: str, by: Known) -> dict[str, Any]:
    """State, open questions and, for those who may read it, the trail; such a look is an event."""
    register = open_register()
    request = register.requests.get(request_id)
    body: dict[str, Any] = {
        "id": request.id,
        "case": request.case,
        "right": request.right.value,
        "state": request.state.value,
        "received_at": request.received_at,
        "open_questions": [q.id for q in register.questions.all(request_id=request_id)],
    }
    if by.roles.may(by.account, Act.TIMELINE):
        by.officer(register).view(request_id)
        body["timeline"] = [
            {**asdict(header), "payload": payload} for header, payload in register.trail.events(request_id)
        ]
    return body


@router.get("/requests/{request_id}/deliveries")
def deliveries(request_id: str, by: Known) -> dict[str, Any]:
    """What was delivered: where each lies, until when, and whether its words went."""
    by.roles.require(by.account, Act.TIMELINE)
    officer = by.officer()
    officer.register.requests.get(request_id)
    return {"deliveries": [seen.document() for seen in seen_deliveries(officer, request_id)]}


@router.post("/requests/{request_id}/identity")
def identity(request_id: str, by: Known) -> dict[str, Any]:
    """Keys and findings in clear; the look is an event."""
    officer = by.officer()
    record_look(officer, request_id)
    view = identity_view(officer.register, request_id, masked=False)
    return {
        "request": request_id,
        "keys": dict(view.keys),
        "asked": None if view.ask is None else {"by": view.ask.by, "at": view.ask.asked_at},
        "served_at": None if view.ask is None else view.ask.served_at,
        "tables": [asdict(table) for table in view.tables],
        "said": list(view.said),
    }


@router.get("/cases/{owner}")
def show_case(owner: str, by: Known) -> dict[str, Any]:
    """What happened in a case or to a request, in chronological order; no text. The look is an event."""
    by.roles.require(by.account, Act.TIMELINE)
    register = open_register()
    found = story(register, owner, register.cases.texts(owner, by.account))
    case = register.cases.get(owner)
    requests = case.requests if owner == case.id else (owner,)
    return {
        "case": case.id,
        **Done([register.facts.timeline(request_id) for request_id in requests]).document(),
        "story": [entry.document() for entry in found],
    }


@router.post("/cases/{owner}/parties")
def parties(owner: str, by: Known) -> dict[str, dict[str, str]]:
    """The parties of a case; the look is an event."""
    by.roles.require(by.account, Act.VALUES)
    return open_register().cases.parties(owner, by.account)


@router.get("/matters")
def pending_referrals(by: Known) -> list[dict[str, Any]]:
    """What is not handed over yet, the first due first."""
    by.roles.require(by.account, Act.SEE)
    return [pending.document() for pending in to_hand_over(open_register())]


@router.get("/questions")
def open_questions(by: Known) -> list[dict[str, Any]]:
    """Open questions, oldest first: those put to the caller's roles; all of them to an overseer."""
    found = open_register().questions.all()
    return [_question(by, q) for q in found if visible(by.roles, by.account, q)]


@router.get("/questions/{question_id}")
def show_question(question_id: str, by: Known) -> dict[str, Any]:
    """One question with its form as JSON Schema."""
    return _question(by, visible_question(open_register(), by, question_id))


@router.api_route("/questions/{question_id}/view", methods=["GET", "POST"])
def view(request: Request, question_id: str, by: Known) -> dict[str, Any]:
    """What is judged: masked, or by POST with the values, for who may answer. The look is an event."""
    register = open_register()
    asked = visible_question(register, by, question_id)
    found = look(by.officer(register), asked.id, unmask=request.method == "POST")
    return asdict(found) if found is not None else {"question": asked.id, "sections": []}


def _question(by: Caller, question: QuestionRow) -> dict[str, Any]:
    mine = by.roles.holds(by.account, Role(question.role))
    to = assigned_to(open_register().facts.timeline(question.request), question.id)
    mine = mine and (to is None or by.roles.acts_for(by.account, to))
    return asdict(question) | {"form": form_of(question), "may_answer": mine, "assigned_to": to}


def _do(action: Action | None) -> Callable[..., dict[str, Any]]:
    def do(owner: str, by: Known, body: Body, starting: Starts) -> dict[str, Any]:
        row = action or answer_row(open_register().questions.get(owner).kind)
        return act(by, row, owner, body, starting).document()

    return do


for _action in ACTIONS:
    if _action.of is not Subject.QUESTION:
        router.post(f"/{_action.of}/{{owner}}/{_action.name}", description=_action.help)(_do(_action))
router.post("/questions/{owner}/answer", description=ANSWER)(_do(None))


@router.post("/requests/{request_id}/look-up")
def looked_up(request_id: str, by: Known, starting: Starts) -> dict[str, Any]:
    """Ask what the sources hold under the keys, and start the task that looks."""
    ask = ask_look_up(by.officer(), request_id)
    return {"request": request_id, "look_up": ask.id, "run": starting.look_up(request_id)}
