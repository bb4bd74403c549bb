"""The questions at which runs ended, and their answers, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from afschrift.core.errors import AfschriftError, UnknownQuestionError
from afschrift.core.ports import QuestionRow
from afschrift.core.roles import Role
from afschrift.pipeline.answer import form_of, still_open, visible
from afschrift.pipeline.assignment import assigned_to
from afschrift.web.caller import Caller, Known
from afschrift.wiring.answering import answer_question
from afschrift.wiring.keys import open_ledger

Start = Callable[[str, str], str]
"""Starts the next run of a request: its id, the caller's token -> the run's id."""

LONGEST_TEXT = 20_000
Code = str | int | float | bool | None
Words = Annotated[str, Field(max_length=LONGEST_TEXT)]
WAITS = "The answer is recorded. The next run starts with the answer to the last open question: {others}."
MATTER = "Where those no longer matter, trigger fulfil_request with this id."


class Answer(BaseModel):
    """What somebody answers. Codes in `detail`; words in `text` and `texts`, which are kept encrypted."""

    model_config = ConfigDict(extra="forbid")

    choice: str = Field(max_length=64)
    detail: dict[str, Code | list[Code] | dict[str, Code]] = {}
    texts: dict[str, Words | list[Words]] = Field(default={}, max_length=40, repr=False)
    text: str | None = Field(default=None, max_length=LONGEST_TEXT, repr=False)


def routes(start: Start) -> APIRouter:
    """The routes; `start` begins the run that an answer sets going."""
    router = APIRouter()

    @router.get("/questions")
    def listing(by: Known) -> list[dict[str, Any]]:
        """Open questions, oldest first: those put to the caller's roles; all of them to an overseer."""
        found = open_ledger().questions()
        return [_shown(by, q) for q in found if visible(by.roles, by.account, q)]

    @router.get("/questions/{question_id}")
    def one(question_id: str, by: Known) -> dict[str, Any]:
        """One question with its form as JSON Schema."""
        found = open_ledger().question(question_id)
        if not visible(by.roles, by.account, found):
            raise UnknownQuestionError("There is no question with this id for your roles.")
        return _shown(by, found)

    @router.post("/questions/{question_id}/answer")
    def answered(question_id: str, body: Answer, by: Known) -> dict[str, Any]:
        """Record the answer; where it was the last one due, start the request's next run as the caller.

        Where no run starts, the answer stands all the same, and `next` says what to do.
        """
        register = open_ledger()
        done = answer_question(
            register,
            by.roles,
            question_id,
            body.choice,
            by.account,
            detail=body.detail,
            texts=body.texts,
            text=body.text or None,
        )
        request = done.request
        told: dict[str, Any] = {"question": question_id, "request": request}
        told |= {"choice": done.decision.choice, "at": done.decision.at}
        told |= {"letter": done.letter, "signer": done.signer} if done.said else {}
        if not register.request(request).state.open:
            return told | {"run": None, "next": f"The request is closed by it. {done.said}".strip()}
        if done.signer:
            return told | {"run": None, "next": done.said}
        if others := still_open(register, request):
            return told | {"run": None, "next": f"{WAITS.format(others=', '.join(others))} {MATTER}"}
        try:
            return told | {"run": start(request, by.token), "next": done.said or None}
        except AfschriftError as error:
            words = f"The answer is recorded, but no run was started. {error}"
            hint = f"Trigger fulfil_request with this id, or `afschrift run {request}`; else the sweep will."
            return told | {"run": None, "next": f"{words} {hint}"}

    return router


def _shown(by: Caller, question: QuestionRow) -> dict[str, Any]:
    mine = by.roles.holds(by.account, Role(question.role))
    to = assigned_to(open_ledger().timeline(question.request), question.id)
    mine = mine and (to is None or by.roles.stands_for(by.account, to))
    return asdict(question) | {"form": form_of(question), "may_answer": mine, "assigned_to": to}
