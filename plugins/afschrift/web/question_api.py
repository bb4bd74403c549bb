"""Open questions, as JSON. Their answers are actions: `request_api`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request

from afschrift.casework.answer import look, visible
from afschrift.casework.answer_rows import form_of
from afschrift.law.roles import Role
from afschrift.questions.ask import assigned_to
from afschrift.register.open import open_register
from afschrift.register.records import QuestionRow
from afschrift.web.caller import Caller, Known
from afschrift.web.question_status import visible_question

router = APIRouter()


@router.get("/questions")
def listing(by: Known) -> list[dict[str, Any]]:
    """Open questions, oldest first: those put to the caller's roles; all of them to an overseer."""
    found = open_register().questions.all()
    return [_shown(by, q) for q in found if visible(by.roles, by.account, q)]


@router.get("/questions/{question_id}")
def show(question_id: str, by: Known) -> dict[str, Any]:
    """One question with its form as JSON Schema."""
    return _shown(by, visible_question(open_register(), by, question_id))


@router.api_route("/questions/{question_id}/view", methods=["GET", "POST"])
def view(request: Request, question_id: str, by: Known) -> dict[str, Any]:
    """What is judged: masked, or by POST with the values, for who may answer. The look is an event."""
    register = open_register()
    asked = visible_question(register, by, question_id)
    found = look(by.officer(register), asked.id, unmask=request.method == "POST")
    return asdict(found) if found is not None else {"question": asked.id, "sections": []}


def _shown(by: Caller, question: QuestionRow) -> dict[str, Any]:
    mine = by.roles.holds(by.account, Role(question.role))
    to = assigned_to(open_register().facts.timeline(question.request), question.id)
    mine = mine and (to is None or by.roles.acts_for(by.account, to))
    return asdict(question) | {"form": form_of(question), "may_answer": mine, "assigned_to": to}
