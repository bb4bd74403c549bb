"""The pages of a request: all about it, its trail, and what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from afschrift.canary.signature import asks_for_canary
from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import situation
from afschrift.casework.delivery.take_file import take_file
from afschrift.casework.sent_bundle import delivery_of, sent_file, sent_files
from afschrift.domain.errors import UnknownRequestError
from afschrift.domain.request import run_name
from afschrift.law.roles import Act
from afschrift.questions.form_fields import fields_of
from afschrift.register.cases import CaseText
from afschrift.register.open import open_register
from afschrift.web.caller import Caller, Known
from afschrift.web.form import Ours
from afschrift.web.letter_pages import shown_letters
from afschrift.web.multipart import Sent
from afschrift.web.page import redirect, render
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
    return redirect(request, f"/requests/{request_id}")


@router.get("/requests/{request_id}")
def show(request: Request, request_id: str, by: Known) -> Response:
    """A request, with its history for accounts that may read it; that look is an event."""
    return _page(request, by, request_id)


def _page(request: Request, by: Caller, request_id: str, texts: Sequence[CaseText] | None = None) -> Response:
    register = open_register()
    officer = by.officer(register)
    register.requests.get(request_id)
    events, may = None, by.roles.may(by.account, Act.TIMELINE)
    if may:
        officer.view(request_id)
    with register.read_snapshot():
        at = situation(officer, Subject.REQUEST, request_id)
        values = request_view(officer, at)
        values["letters"] = shown_letters(officer, at)
        act = next((due.form for due in values["due"] if due.form), None)
        values["fields"] = list(fields_of(act.form(at), ())) if act else []
        if may:
            events = register.trail.events(request_id)
            values |= details(officer, at, events)
    return render(
        request,
        "request",
        sent=Sent(),
        canary=asks_for_canary(register, request_id, officer.settings),
        trail=events is not None,
        texts=texts,
        **values,
    )


@router.post("/deliveries/{delivery_id}/file")
def file(delivery_id: str, by: Known, _sent: Ours) -> Response:
    """The encrypted file of a delivery, to be handed over in person; an event."""
    officer = by.officer()
    row = officer.register.deliveries.get(delivery_id)
    headers = {"Content-Disposition": f'attachment; filename="{row.name}"'}
    return StreamingResponse(take_file(officer, row), media_type="application/octet-stream", headers=headers)


@router.get("/requests/{request_id}/trail")
def trail(request: Request, request_id: str, by: Known) -> Response:
    """Every event of a request as it is kept, with its codes; that look is an event."""
    register = open_register()
    timeline = register.facts.timeline(request_id)
    by.officer(register).view(request_id)
    events = register.trail.events(request_id)
    return render(request, "request_trail", request_id=request_id, zone=timeline.zone, events=events)


@router.post("/requests/{request_id}/message")
def message(request: Request, request_id: str, by: Known, _sent: Ours) -> Response:
    """The request with what was written in its case; that look is an event."""
    by.roles.require(by.account, Act.VALUES)
    texts = open_register().cases.texts(request_id, by.account)
    kinds = ("request", "received", "sent", "note", "document")
    return _page(request, by, request_id, [text for text in texts if text.kind in kinds])


@router.post("/requests/{request_id}/sent")
def sent(request: Request, request_id: str, by: Known, sent: Ours) -> Response:
    """What was sent to the person, or a file of it; that look is an event."""
    officer = by.officer()
    delivery, path = delivery_of(officer, request_id, sent.value("delivery")), sent.value("path")
    if not path:
        files, zone = sent_files(officer, delivery), officer.register.requests.get(request_id).zone
        return render(request, "sent", delivery=delivery, zone=zone, files=files)
    content = sent_file(officer, delivery, path, SHOWN_BYTES)
    if path.endswith(".html"):  # without an origin and scripts, so that it can reach nothing of ours
        policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
        return HTMLResponse(content, headers={"Content-Security-Policy": policy})
    name = quote(path.rpartition("/")[2])
    as_file = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type="application/octet-stream", headers=as_file)
