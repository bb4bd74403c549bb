"""The pages of questions: one for each, and what was recorded. Without script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.casework.answer import has_view, look, visible
from afschrift.casework.answer_form import AnswerForm
from afschrift.casework.identity.accounts import key_title
from afschrift.casework.identity.question import IDENTITY_KIND
from afschrift.casework.manual.question import how_to_search, shown_terms
from afschrift.domain.errors import FormError
from afschrift.domain.event import NewEvent
from afschrift.domain.language import gettext, joined
from afschrift.law.clock.facts import Timeline
from afschrift.register.open import open_register
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register
from afschrift.web.answers import Start, record
from afschrift.web.caller import Caller, Known, form_token, is_form_token, note, read_note
from afschrift.web.form import form_for, must_be_ours, read_form, unsendable
from afschrift.web.identity_pages import identity_parts, unmasked_page
from afschrift.web.multipart import Sent, answer_form, read, sent_form
from afschrift.web.page import Problem, render, said_error, status_and_words
from afschrift.web.question_status import (
    clock_today,
    last_day,
    local,
    question_for_view,
    upload_limit,
    visible_question,
    why_barred,
)

CHECK_RECORDED = "Look whether the answer was recorded."


def routes(start: Start) -> APIRouter:
    """The routes; `start` starts the next run after an answer."""
    router = APIRouter(default_response_class=HTMLResponse)

    @router.get("/questions/{question_id}")
    def question(request: Request, question_id: str, by: Known) -> Response:
        """A question with its form; read-only for an account that may not answer it."""
        register = open_register()
        asked = visible_question(register, by, question_id)
        sent = Sent()
        form = form_for(register, asked, request.query_params)
        return _question_page(request, register, by, asked, form, sent)

    @router.post("/questions/{question_id}")
    async def answered(request: Request, question_id: str, by: Known) -> Response:
        """Record an answer. A fault shows the page again, with all that was typed."""
        file_bytes, unbarred = await run_in_threadpool(upload_limit, by, question_id)
        with sent_form() as sent:

            def take() -> bool:  # the form sends its token before the files
                return unbarred and is_form_token(by, request.url.path, sent.value("token"))

            await read(request, sent, file_bytes, take)
            return await run_in_threadpool(_answer, request, question_id, by, sent, start)

    @router.get("/questions/{question_id}/recorded")
    def recorded(request: Request, question_id: str, by: Known, notice: str = "") -> Response:
        """What was recorded, and what remains to be done."""
        return _recorded(request, question_id, by, notice)

    @router.post("/questions/{question_id}/shown")
    async def shown(request: Request, question_id: str, by: Known) -> Response:
        """The question with the values of what is judged."""
        return await answer_form(request, _shown, question_id, by)

    @router.post("/questions/{question_id}/look")
    async def looked(request: Request, question_id: str, by: Known) -> Response:
        """What was written in the case, or what to search a system by. The look is an event."""
        await run_in_threadpool(question_for_view, by, question_id)
        return await answer_form(request, _viewed, question_id, by)

    return router


def _answer(request: Request, question_id: str, by: Caller, sent: Sent, start: Start) -> Response:
    register = open_register()
    asked = visible_question(register, by, question_id)
    form = form_for(register, asked, {"choice": sent.value("choice"), "ground": sent.value("ground")})
    if wrong := unsendable(request, by, sent):
        return _question_page(request, register, by, asked, form, sent, *wrong)
    try:
        answered = record(register, by, question_id, read_form(form, sent), start)
    except Exception as error:  # the application handles it too, but on a page without what was typed
        status, text = status_and_words(error)
        problem = _problem(form, error) if isinstance(error, FormError) else Problem(text)
        if status >= 500:
            problem = Problem(joined(text, gettext(CHECK_RECORDED)))
        return _question_page(request, register, by, asked, form, sent, problem, status)
    ids = {
        "run": answered.run or "",
        "letter": answered.done.letter or "",
        "signer": answered.done.signer or "",
    }
    address = f"{_address(request, question_id)}/recorded?notice={note(by, {**ids, 'next': answered.next})}"
    return RedirectResponse(address, 303)


def _recorded(request: Request, question_id: str, by: Caller, notice: str) -> Response:
    register = open_register()
    asked = visible_question(register, by, question_id)
    if asked.answered_at is None:
        return RedirectResponse(_address(request, question_id), 303)
    timeline = register.facts.timeline(asked.request)
    decision = _decision(register, asked)
    others = register.questions.all(request_id=asked.request)
    return render(
        request,
        "recorded",
        by=by,
        question=asked,
        decision=decision,
        at=local(decision.at, timeline) if decision else "",
        notice=read_note(by, notice),
        others=[question for question in others if visible(by.roles, by.account, question)],
        state=timeline.state,
    )


def _viewed(request: Request, question_id: str, by: Caller, sent: Sent) -> Response:
    register, asked, timeline = question_for_view(by, question_id)
    must_be_ours(request, by, sent)
    if asked.kind == "manual":
        register.trail.record(asked.request, NewEvent("identity_read", by.account, {"question": asked.id}))
        keys = [(key.name, key.value) for key in register.identities.of(asked.request)]
        terms = shown_terms(register, asked)
        officer = by.officer(register)
        shown: dict[str, Any] = {"keys": [*keys, *terms], "search": how_to_search(officer.inventory, asked)}
        return render(request, "keys", by=by, question=asked, key_title=partial(key_title, officer), **shown)
    if asked.kind == IDENTITY_KIND.name:
        return unmasked_page(request, register, by, asked, timeline)
    texts = register.cases.texts(asked.request, by.account)
    return render(
        request,
        "texts",
        by=by,
        question=asked,
        texts=[
            (text, local(text.at, timeline), text.text and text.text.decode(errors="replace"))
            for text in texts
        ],
    )


def _shown(request: Request, question_id: str, by: Caller, sent: Sent) -> Response:
    register = open_register()
    asked = visible_question(register, by, question_id)
    must_be_ours(request, by, sent)
    unmask = sent.value("unmask") == "true"
    return _question_page(request, register, by, asked, form_for(register, asked, {}), Sent(), unmask=unmask)


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
    path = _address(request, asked.id)
    officer = by.officer(register)
    whose = None
    if asked.kind == IDENTITY_KIND.name and not why:
        notice = request.query_params.get("notice", "")
        whose = identity_parts(register, by, asked, path, notice, timeline)
    return render(
        request,
        "question",
        status,
        by=by,
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
        token=form_token(by, path),
        look_token=form_token(by, f"{path}/look"),
        shown_token=form_token(by, f"{path}/shown"),
        has_view=has_view(asked),
        shown=look(officer, asked.id, unmask=unmask),
        **_of(timeline, asked),
    )


def _of(timeline: Timeline, asked: QuestionRow) -> dict[str, Any]:
    found = clock_today(timeline, load_jurisdiction())
    return {
        "right": timeline.right,
        "asked_at": local(asked.asked_at, timeline),
        "last_day": last_day(found),
        "colour": found.colour,
    }


def _problem(form: AnswerForm, error: FormError) -> Problem:
    """The wrong fields, each with the element to which its line in the summary links."""
    shown = {field.name: (field.id, field.title) for field in form.fields}
    shown |= {"choice": ("f-choice", gettext("Your choice")), "text": ("f-text", gettext("Reason"))}
    shown |= {"files": ("f-files", gettext("Files")), "ground": ("f-choice", gettext("Ground"))}
    lines = [
        (
            *shown.get(name, ("answer", gettext("The answer"))),
            gettext("is missing") if fault.startswith("is missing;") else fault,
        )
        for name, fault in error.fields.items()
    ]
    return Problem(
        gettext("Nothing was recorded. Correct this:") if lines else said_error(error), tuple(lines)
    )


def _decision(register: Register, asked: QuestionRow) -> DecisionRow | None:
    found: Sequence[DecisionRow] = [d for d in register.decisions.of(asked.request) if d.question == asked.id]
    return found[-1] if found else None


def _address(request: Request, question_id: str) -> str:
    return f"{request.scope.get('root_path', '')}/questions/{question_id}"
