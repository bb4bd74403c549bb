"""The pages on which an identity is confirmed: whose the keys are, with the message."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from afschrift.casework.identity.accounts import key_title
from afschrift.casework.identity.look_up import ask_look_up, identity_view, record_look, record_masked_look
from afschrift.casework.identity.question import IDENTITY_KIND
from afschrift.domain.errors import AfschriftError, TooLateError, UnknownQuestionError
from afschrift.domain.language import gettext
from afschrift.law.clock.facts import Timeline
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.web.answers import Start
from afschrift.web.caller import (
    Caller,
    Known,
    form_token,
    note,
    read_note,
)
from afschrift.web.form import must_be_ours
from afschrift.web.multipart import Sent, answer_form
from afschrift.web.page import render, said_error
from afschrift.web.question_status import local, question_for_view

FROM_PERSON = ("request", "received", "representative", "parties")
"""Kinds of texts that came from the person or from a representative, or say who they are."""


def routes(start_look_up: Start) -> APIRouter:
    """The routes; `start_look_up` begins the look-up of a request's keys as the caller."""
    router = APIRouter(default_response_class=HTMLResponse)

    @router.post("/questions/{question_id}/look-up")
    async def look_up(request: Request, question_id: str, by: Known) -> Response:
        """Ask what the sources hold under the keys, and start the task that looks."""
        await run_in_threadpool(_asked, by, question_id)
        return await answer_form(request, _look_up, question_id, by, start_look_up)

    return router


def identity_parts(
    register: Register, by: Caller, asked: QuestionRow, path: str, notice: str, timeline: Timeline
) -> dict[str, Any]:
    """What the question's page shows of whose the keys are: masked values, and buttons to see and to ask.

    That look is an event.
    """
    record_masked_look(by.officer(register), asked.request, asked.id)
    view = identity_view(register, asked.request)
    at = {"asked": "", "served": ""}
    if view.ask is not None:
        at["asked"] = local(view.ask.asked_at, timeline)
        at["served"] = local(view.ask.served_at, timeline) if view.ask.served_at else ""
    return {
        "view": view,
        "token": form_token(by, f"{path}/look-up"),
        "notice": read_note(by, notice),
        "at": at,
    }


def unmasked_page(
    request: Request, register: Register, by: Caller, asked: QuestionRow, timeline: Timeline
) -> Response:
    """Keys and findings in clear, with the message; the look is an event."""
    record_look(by.officer(register), asked.request, asked.id)
    texts = register.cases.texts(asked.request, by.account)
    return render(
        request,
        "identity",
        by=by,
        question=asked,
        key_title=partial(key_title, by.officer(register)),
        view=identity_view(register, asked.request, masked=False),
        texts=[
            (text, local(text.at, timeline), text.text.decode(errors="replace"))
            for text in texts
            if text.text is not None and text.kind in FROM_PERSON
        ],
        others=sum(text.kind not in FROM_PERSON or text.text is None for text in texts),
    )


def _asked(by: Caller, question_id: str) -> tuple[Register, QuestionRow]:
    """The question who asks, which the caller may answer.

    Raises:
        UnknownQuestionError: there is none for their roles, or it asks something else.
        NotAllowedError: they may not answer it now; says why.
    """
    register, asked, _ = question_for_view(by, question_id)
    if asked.kind != IDENTITY_KIND.name:
        raise UnknownQuestionError("This question does not ask who the requester is.")
    return register, asked


def _look_up(request: Request, question_id: str, by: Caller, start: Start, sent: Sent) -> Response:
    register, asked = _asked(by, question_id)
    must_be_ours(request, by, sent)
    try:
        ask_look_up(by.officer(register), asked.request)
        start(asked.request, by.token)
        words = gettext("It is being looked up.")
    except TooLateError:
        raise
    except AfschriftError as error:
        words = gettext("No look-up is under way yet. {why}", why=said_error(error))
    return RedirectResponse(
        f"{_address(request, question_id)}?notice={note(by, {'look_up': words})}#whose", 303
    )


def _address(request: Request, question_id: str) -> str:
    return f"{request.scope.get('root_path', '')}/questions/{question_id}"
