"""The pages of questions: one for each, and what was recorded. Without script."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from afschrift.casework.answer import has_view, look, visible
from afschrift.casework.answer_form import AnswerForm, answer_form
from afschrift.casework.answer_rows import AnswerDone, answer_row
from afschrift.casework.clock import ClockService
from afschrift.casework.identity.accounts import key_title
from afschrift.casework.identity.look_up import ask_look_up, identity_view, record_look, record_masked_look
from afschrift.casework.identity.question import IDENTITY_KIND
from afschrift.casework.manual.question import how_to_search, shown_terms
from afschrift.domain.errors import AfschriftError, TooLateError, UnknownQuestionError
from afschrift.domain.event import NewEvent
from afschrift.domain.language import gettext, joined
from afschrift.law.clock.facts import Timeline
from afschrift.register.open import open_register
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register
from afschrift.web.answers import Starting, Starts, act
from afschrift.web.caller import Caller, Known
from afschrift.web.form import Ours, files_of, unsendable
from afschrift.web.multipart import Sent, read, sent_form
from afschrift.web.page import Problem, at_fields, problem_of, redirect, render, said_error
from afschrift.web.question_status import (
    last_day,
    question_for_view,
    upload_limit,
    visible_question,
    why_barred,
)
from afschrift.web.tokens import is_form_token, note

FROM_PERSON = ("request", "received", "representative", "parties")
"""Kinds of texts that came from the person or from a representative, or say who they are."""
Viewed = Annotated[tuple[Register, QuestionRow, Timeline], Depends(question_for_view)]
"""The question of an address, where the caller may answer it; before anything is read of what was sent."""
CHECK_RECORDED = "Look whether the answer was recorded."


router = APIRouter(default_response_class=HTMLResponse)


@router.post("/questions/{question_id}")
async def answer(request: Request, question_id: str, by: Known, starting: Starts) -> Response:
    """Record an answer. A fault shows the page again, with all that was typed."""
    file_bytes, unbarred = await run_in_threadpool(upload_limit, by, question_id)
    with sent_form() as sent:

        def take() -> bool:  # the form sends its token before the files
            return unbarred and is_form_token(by, request.url.path, sent.value("token"))

        await read(request, sent, file_bytes, take)
        return await run_in_threadpool(_answer, request, question_id, by, sent, starting)


@router.get("/questions/{question_id}")
def question(request: Request, question_id: str, by: Known) -> Response:
    """A question with its form; read-only for an account that may not answer it."""
    register = open_register()
    asked = visible_question(register, by, question_id)
    form = answer_form(by.officer(register), asked, request.query_params)
    return _question_page(request, register, by, asked, form, Sent())


def _answer(request: Request, question_id: str, by: Caller, sent: Sent, starting: Starting) -> Response:
    register = open_register()
    asked = visible_question(register, by, question_id)
    form = answer_form(
        by.officer(register), asked, {"choice": sent.value("choice"), "ground": sent.value("ground")}
    )
    if wrong := unsendable(request, by, sent):
        return _question_page(request, register, by, asked, form, sent, *wrong)
    try:
        files = files_of(sent) if form.files else ()
        given = form.read(sent.value("choice"), sent.typed, sent.value("text"), files)
        done = act(by, answer_row(asked.kind), question_id, given, starting)
    except Exception as error:  # the application handles it too, but on a page without what was typed
        problem, status = problem_of(error, *_titles(form))
        if status >= 500:
            problem = Problem(joined(problem.text, gettext(CHECK_RECORDED)))
        return _question_page(request, register, by, asked, form, sent, problem, status)
    assert isinstance(done, AnswerDone)
    ids = {"run": done.run, "letter": done.answered.letter, "signer": done.answered.signer}
    notice = note(by, {name: id_ or "" for name, id_ in ids.items()} | {"next": done.next})
    return redirect(request, f"/questions/{question_id}/recorded?notice={notice}")


@router.get("/questions/{question_id}/recorded")
def recorded(request: Request, question_id: str, by: Known) -> Response:
    """What was recorded, and what remains to be done."""
    register = open_register()
    asked = visible_question(register, by, question_id)
    if asked.answered_at is None:
        return redirect(request, f"/questions/{question_id}")
    others = register.questions.all(request_id=asked.request)
    return render(
        request,
        "recorded",
        question=asked,
        decision=_decision(register, asked),
        timeline=register.facts.timeline(asked.request),
        others=[question for question in others if visible(by.roles, by.account, question)],
    )


@router.post("/questions/{question_id}/look")
def looked(request: Request, by: Known, viewed: Viewed, _sent: Ours) -> Response:
    """What was written in the case, or what to search a system by. The look is an event."""
    register, asked, timeline = viewed
    if asked.kind == "manual":
        register.trail.record(asked.request, NewEvent("identity_read", by.account, {"question": asked.id}))
        keys = [(key.name, key.value) for key in register.identities.of(asked.request)]
        terms = shown_terms(register, asked)
        officer = by.officer(register)
        shown: dict[str, Any] = {"keys": [*keys, *terms], "search": how_to_search(officer.inventory, asked)}
        return render(request, "keys", question=asked, key_title=partial(key_title, officer), **shown)
    if asked.kind == IDENTITY_KIND.name:
        return _unmasked_page(request, register, by, asked, timeline)
    texts = register.cases.texts(asked.request, by.account)
    return render(request, "texts", question=asked, texts=texts, zone=timeline.zone)


def _unmasked_page(
    request: Request, register: Register, by: Caller, asked: QuestionRow, timeline: Timeline
) -> Response:
    """Keys and findings in clear, with the message; the look is an event."""
    record_look(by.officer(register), asked.request, asked.id)
    texts = register.cases.texts(asked.request, by.account)
    shown = [text for text in texts if text.text is not None and text.kind in FROM_PERSON]
    return render(
        request,
        "identity",
        question=asked,
        key_title=partial(key_title, by.officer(register)),
        view=identity_view(register, asked.request, masked=False),
        zone=timeline.zone,
        texts=shown,
        others=len(texts) - len(shown),
    )


@router.post("/questions/{question_id}/look-up")
def look_up(request: Request, by: Known, viewed: Viewed, starting: Starts, _sent: Ours) -> Response:
    """Ask what the sources hold under the keys, and start the task that looks."""
    register, asked, _ = viewed
    if asked.kind != IDENTITY_KIND.name:
        raise UnknownQuestionError("This question does not ask who the requester is.")
    try:
        ask_look_up(by.officer(register), asked.request)
        starting.look_up(asked.request)
        words = gettext("It is being looked up.")
    except TooLateError:
        raise
    except AfschriftError as error:
        words = gettext("No look-up is under way yet. {why}", why=said_error(error))
    return redirect(request, f"/questions/{asked.id}?notice={note(by, {'look_up': words})}#whose")


@router.post("/questions/{question_id}/shown")
def shown(request: Request, question_id: str, by: Known, sent: Ours) -> Response:
    """The question with the values of what is judged."""
    register = open_register()
    asked = visible_question(register, by, question_id)
    unmask = sent.value("unmask") == "true"
    return _question_page(
        request, register, by, asked, answer_form(by.officer(register), asked, {}), Sent(), unmask=unmask
    )


def _question_page(
    request: Request,
    register: Register,
    by: Caller,
    asked: QuestionRow,
    form: AnswerForm,
    sent: Sent,
    problem: Problem | None = None,
    status: int = 200,
    *,
    unmask: bool = False,
) -> Response:
    timeline = register.facts.timeline(asked.request)
    why = why_barred(register, by, asked, timeline)
    decision = _decision(register, asked)
    officer = by.officer(register)
    whose = None
    if asked.kind == IDENTITY_KIND.name and not why:
        record_masked_look(officer, asked.request, asked.id)
        whose = identity_view(register, asked.request)
    return render(
        request,
        "question",
        status,
        question=asked,
        form=form,
        sent=sent,
        problem=problem,
        barred=why,
        whose=whose,
        kept=problem is not None and bool(why),
        decision=decision,
        search=how_to_search(officer.inventory, asked),
        key_title=partial(key_title, officer),
        zone=timeline.zone,
        has_view=has_view(asked),
        shown=look(officer, asked.id, unmask=unmask),
        timeline=timeline,
        clock=ClockService(officer, officer.jurisdiction).clock(timeline),
        last_day=last_day,
    )


def _titles(form: AnswerForm) -> tuple[dict[str, tuple[str, str]], tuple[str, str]]:
    """Id and title of each field, and those of a field that the page does not show."""
    shown = at_fields(form.fields)
    shown |= {"choice": ("f-choice", gettext("Your choice")), "text": ("f-text", gettext("Reason"))}
    shown |= {"files": ("f-files", gettext("Files")), "ground": ("f-choice", gettext("Ground"))}
    return shown, ("answer", gettext("The answer"))


def _decision(register: Register, asked: QuestionRow) -> DecisionRow | None:
    return next((d for d in reversed(register.decisions.of(asked.request)) if d.question == asked.id), None)
