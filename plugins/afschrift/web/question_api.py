"""Open questions and their answers, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from afschrift.casework.actions.action import LONGEST_TEXT
from afschrift.casework.answer import form_of, look, visible
from afschrift.law.roles import Role
from afschrift.questions.ask import assigned_to
from afschrift.questions.kind import GivenAnswer
from afschrift.register.open import open_register
from afschrift.register.records import QuestionRow
from afschrift.web.answers import Starts, record
from afschrift.web.body import ApiBody, JsonBody
from afschrift.web.caller import Caller, Known
from afschrift.web.question_status import visible_question

Code = str | int | float | bool | None
Words = Annotated[str, Field(max_length=LONGEST_TEXT)]


class AnswerBody(ApiBody):
    """An answer. Codes in `detail`; words in `text` and `texts`, which are kept encrypted."""

    choice: str = Field(max_length=64)
    detail: dict[str, Code | list[Code] | dict[str, Code]] = Field(default={})
    texts: dict[str, Words | list[Words]] = Field(default={}, max_length=40, repr=False)
    text: str | None = Field(default=None, max_length=LONGEST_TEXT, repr=False)


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


@router.post("/questions/{question_id}/answer")
def answer(question_id: str, body: JsonBody[AnswerBody], by: Known, starting: Starts) -> dict[str, Any]:
    """Record the answer; where it was the last one due, start the request's next run as the caller.

    If no run starts, the answer remains recorded, and `next` says what to do.
    """
    recorded = record(
        open_register(),
        by,
        question_id,
        GivenAnswer(body.choice, body.detail, body.texts, body.text),
        starting,
    )
    done = recorded.done
    reply: dict[str, Any] = {"question": question_id, "request": done.request}
    reply |= {"choice": done.decision.choice, "at": done.decision.at}
    reply |= {"letter": done.letter, "signer": done.signer} if done.next_step else {}
    return reply | {"run": recorded.run, "next": recorded.next or None}


@router.get("/questions/{question_id}/view")
def view(question_id: str, by: Known) -> dict[str, Any]:
    """What is judged, with values masked. The look is an event."""
    return _view(by, question_id, unmask=False)


@router.post("/questions/{question_id}/view")
def unmasked(question_id: str, by: Known) -> dict[str, Any]:
    """What is judged, with the values, for accounts that may answer. The look is an event."""
    return _view(by, question_id, unmask=True)


def _view(by: Caller, question_id: str, *, unmask: bool) -> dict[str, Any]:
    register = open_register()
    asked = visible_question(register, by, question_id)
    found = look(by.officer(register), asked.id, unmask=unmask)
    return asdict(found) if found is not None else {"question": asked.id, "sections": []}


def _shown(by: Caller, question: QuestionRow) -> dict[str, Any]:
    mine = by.roles.holds(by.account, Role(question.role))
    to = assigned_to(open_register().facts.timeline(question.request), question.id)
    mine = mine and (to is None or by.roles.acts_for(by.account, to))
    return asdict(question) | {"form": form_of(question), "may_answer": mine, "assigned_to": to}
