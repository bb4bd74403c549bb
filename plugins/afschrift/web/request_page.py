"""The pages of a request: its status, its trail for those who may read it, and what is to be reviewed."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from afschrift.app.settings import Settings
from afschrift.canary.signature import asks_for_canary
from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import open_actions, situation
from afschrift.casework.answer import visible
from afschrift.casework.clock import earlier_lines, explanation_lines, fact_lines
from afschrift.casework.letters.due_letters import letters_due
from afschrift.casework.partial_response.damaged import damage_lines
from afschrift.casework.review.require_review import period_lines
from afschrift.casework.review.view import ROWS, review_view
from afschrift.domain.errors import UnknownRequestError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import airflow_id, run_name
from afschrift.law.roles import Act
from afschrift.register.open import open_register
from afschrift.web.caller import Known, form_token, read_note
from afschrift.web.form import form_for
from afschrift.web.letter_pages import shown_letters
from afschrift.web.multipart import Sent
from afschrift.web.page import render
from afschrift.web.question_status import last_day, local, why_barred

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/runs/{run_id}")
def of_run(request: Request, run_id: str, by: Known) -> Response:
    """Redirect from a run of Airflow to its request, for accounts that may see requests."""
    by.roles.require(by.account, Act.SEE)
    request_id = open_register().runs.request_of(run_name(run_id))
    if request_id is None:
        raise UnknownRequestError("This run began for no request that the register knows.")
    return RedirectResponse(f"{request.scope.get('root_path', '')}/requests/{request_id}", 303)


@router.get("/requests/{request_id}")
def show(request: Request, request_id: str, by: Known, notice: str = "") -> Response:
    """A request, with its trail for accounts that may read it; that look is an event."""
    register = open_register()
    officer, found = by.officer(register), register.requests.get(request_id)
    now = situation(officer, Subject.REQUEST, request_id)
    timeline, clock = now.timeline, now.clock
    lines: list[str] = []
    events, runs, parties = None, [], {}
    due_letters: tuple[str, ...] = ()
    if by.roles.may(by.account, Act.TIMELINE):
        role = by.roles.require(by.account, Act.TIMELINE)
        register.trail.record(request_id, NewEvent("request_viewed", by.account, {"role": role.value}))
        if by.roles.may(by.account, Act.VALUES):
            parties = register.cases.parties(request_id)
        lines += fact_lines(timeline.facts)
        lines += earlier_lines(timeline, now.earlier)
        today = officer.today(timeline.zone)
        due_letters = letters_due(register, timeline, officer.jurisdiction, today)
        lines += damage_lines(register, request_id)
        lines += period_lines(register, request_id)
        runs = [
            (run, airflow_id(run.id), *(at and local(at, timeline) for at in (run.started_at, run.ended_at)))
            for run in register.runs.all(request_id=request_id)
        ]
        events = [
            (local(header.at, timeline), header, payload)
            for header, payload in register.trail.events(request_id)
        ]
    return render(
        request,
        "request",
        by=by,
        found=found,
        received_at=local(timeline.received_at, timeline),
        last_day=last_day(clock),
        clock=clock,
        canary=asks_for_canary(register, request_id, Settings.from_environment()),
        why=list(explanation_lines(clock)),
        questions=[
            (q, visible(by.roles, by.account, q)) for q in register.questions.all(request_id=request_id)
        ],
        facts=lines,
        parties=parties,
        decisions=[(d, local(d.at, timeline)) for d in register.decisions.of(request_id)] if events else [],
        events=events,
        runs=runs,
        actions=open_actions(officer, now),
        due_letters=due_letters,
        letters=shown_letters(by, officer, now, str(request.scope.get("root_path", ""))),
        notice=read_note(by, notice),
    )


@router.get("/review/{request_id}")
def review(request: Request, request_id: str, by: Known, table: str = "", rows: int = ROWS) -> Response:
    """Tables with their columns' decisions, first rows and what was pointed out. The look is an event."""
    register = open_register()
    officer = by.officer(register)
    view = review_view(officer, request_id, table=table or None, rows=max(1, rows))
    form, why, question = None, "", None
    if view.question is not None:
        question = register.questions.get(view.question)
        why = why_barred(register, by, question, register.facts.timeline(request_id))
        form = None if why else form_for(register, question, {}, Sent())
    path = f"{request.scope.get('root_path', '')}/questions/{view.question}"
    return render(
        request,
        "review",
        by=by,
        view=view,
        sent=Sent(),
        only=table,
        question=question,
        form=form,
        barred=why,
        faults={},
        token=form_token(by, path),
    )
