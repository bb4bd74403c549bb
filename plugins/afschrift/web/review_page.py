"""The page of a review: what will be sent, and the form that answers the question about it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from afschrift.casework.officer import Officer
from afschrift.casework.review.review_view import ROWS, review_view
from afschrift.register.open import open_register
from afschrift.web.caller import Known
from afschrift.web.csrf_token import form_token
from afschrift.web.form import form_for
from afschrift.web.page import render
from afschrift.web.question_status import barred

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/review/{request_id}")
def show(request: Request, request_id: str, by: Known, table: str = "", rows: int = ROWS) -> Response:
    """Tables with their columns' decisions, first rows and what was pointed out. The look is an event."""
    register = open_register()
    officer = Officer(register, by.roles, by.account)
    view = review_view(officer, request_id, table=table or None, rows=max(1, rows))
    form, why, question = None, "", None
    if view.question is not None:
        question = register.questions.get(view.question)
        why = barred(register, by, question, register.facts.timeline(request_id))
        form = None if why else form_for(register, question, {})
    path = f"{request.scope.get('root_path', '')}/questions/{view.question}"
    return render(
        request,
        "review",
        by=by,
        view=view,
        only=table,
        question=question,
        form=form,
        barred=why,
        faults={},
        token=form_token(by, path),
    )
