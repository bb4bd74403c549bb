"""The pages of a request: all about it, its trail, and what was sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from afschrift.canary.signature import asks_for_canary
from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import situation
from afschrift.casework.delivery.take_file import take_file
from afschrift.casework.sent_bundle import delivery_of, sent_file, sent_files
from afschrift.domain.errors import UnknownRequestError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import run_name
from afschrift.law.roles import Act
from afschrift.questions.form_fields import fields_of
from afschrift.register.open import open_register
from afschrift.web.caller import Caller, Known, form_token, read_note
from afschrift.web.form import must_be_ours
from afschrift.web.letter_pages import shown_letters
from afschrift.web.multipart import Sent, answer_form
from afschrift.web.page import render
from afschrift.web.request_view import details, request_view

SHOWN_BYTES = 200_000_000
"""Of a file of what was sent; a larger one is at the destination."""

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
    """A request, with its history for accounts that may read it; that look is an event."""
    return _page(request, by, request_id, notice=read_note(by, notice))


def _page(request: Request, by: Caller, request_id: str, **shown: Any) -> Response:
    register, base = open_register(), str(request.scope.get("root_path", ""))
    officer, here = by.officer(register), f"{base}/requests/{request_id}"
    register.requests.get(request_id)
    events = None
    if by.roles.may(by.account, Act.TIMELINE):
        role = by.roles.require(by.account, Act.TIMELINE)
        register.trail.record(request_id, NewEvent("request_viewed", by.account, {"role": role.value}))
    with register.read_snapshot():
        at = situation(officer, Subject.REQUEST, request_id)
        values = request_view(officer, at)
        values["letters"] = shown_letters(by, officer, at, base)
        act = next((due.form for due in values["due"] if due.form), None)
        values["fields"] = list(fields_of(act.form(at), ())) if act else []
        values["act_token"] = form_token(by, f"{here}/do/{act.name}") if act else ""
        if by.roles.may(by.account, Act.TIMELINE):
            events = register.trail.events(request_id)
            values |= details(officer, at, events)
            values["file_tokens"] = {
                seen.row.id: form_token(by, f"{base}/deliveries/{seen.row.id}/file")
                for seen, _ in values["deliveries"]
            }
    return render(
        request,
        "request",
        by=by,
        sent=Sent(),
        canary=asks_for_canary(register, request_id, officer.settings),
        trail=events is not None,
        message_token=form_token(by, f"{here}/message"),
        sent_token=form_token(by, f"{here}/sent"),
        print_token=form_token(by, f"{here}/print"),
        **({"notice": {}, "texts": None} | shown | values),
    )


@router.post("/deliveries/{delivery_id}/file")
async def file(request: Request, delivery_id: str, by: Known) -> Response:
    """The encrypted file of a delivery, to be handed over in person; an event."""
    return await answer_form(request, _file, delivery_id, by)


def _file(request: Request, delivery_id: str, by: Caller, sent: Sent) -> Response:
    must_be_ours(request, by, sent)
    officer = by.officer()
    row = officer.register.deliveries.get(delivery_id)
    headers = {"Content-Disposition": f'attachment; filename="{row.name}"'}
    return StreamingResponse(take_file(officer, row), media_type="application/octet-stream", headers=headers)


@router.get("/requests/{request_id}/trail")
def trail(request: Request, request_id: str, by: Known) -> Response:
    """Every event of a request as it is kept, with its codes; that look is an event."""
    register = open_register()
    timeline, role = register.facts.timeline(request_id), by.roles.require(by.account, Act.TIMELINE)
    register.trail.record(request_id, NewEvent("request_viewed", by.account, {"role": role.value}))
    events = register.trail.events(request_id)
    return render(request, "request_trail", by=by, request_id=request_id, zone=timeline.zone, events=events)


@router.post("/requests/{request_id}/message")
async def message(request: Request, request_id: str, by: Known) -> Response:
    """The request with what was written in its case; that look is an event."""
    return await answer_form(request, _message, request_id, by)


def _message(request: Request, request_id: str, by: Caller, sent: Sent) -> Response:
    by.roles.require(by.account, Act.VALUES)
    must_be_ours(request, by, sent)
    texts = open_register().cases.texts(request_id, by.account)
    kinds = ("request", "received", "sent", "note", "document")
    return _page(request, by, request_id, texts=[text for text in texts if text.kind in kinds])


@router.post("/requests/{request_id}/sent")
async def sent(request: Request, request_id: str, by: Known) -> Response:
    """What was sent to the person, or a file of it; that look is an event."""
    return await answer_form(request, _sent, request_id, by)


def _sent(request: Request, request_id: str, by: Caller, sent: Sent) -> Response:
    must_be_ours(request, by, sent)
    officer = by.officer()
    delivery, path = delivery_of(officer, request_id, sent.value("delivery")), sent.value("path")
    if not path:
        files, token = sent_files(officer, delivery), form_token(by, request.url.path)
        found = officer.register.requests.get(request_id)
        values: dict[str, Any] = {"delivery": delivery, "zone": found.zone, "files": files}
        return render(request, "sent", by=by, token=token, **values)
    content = sent_file(officer, delivery, path, SHOWN_BYTES)
    if path.endswith(".html"):  # without an origin and scripts, so that it can reach nothing of ours
        policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
        return HTMLResponse(content, headers={"Content-Security-Policy": policy})
    name = quote(path.rpartition("/")[2])
    as_file = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type="application/octet-stream", headers=as_file)
