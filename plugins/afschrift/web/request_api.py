"""A request as JSON: its timeline, whose its keys are, and which right its message means."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from afschrift.casework.delivery.view import seen_deliveries
from afschrift.casework.desk.desk import desk_rows
from afschrift.casework.desk.search import LONGEST, search
from afschrift.casework.desk.today import Filters, Viewer, lines_of
from afschrift.casework.identity.look_up import ask_look_up, identity_view, record_look
from afschrift.domain.event import NewEvent
from afschrift.law.roles import Act
from afschrift.register.open import open_register
from afschrift.web.answers import Start
from afschrift.web.body import ApiBody, JsonBody
from afschrift.web.caller import Known

log = logging.getLogger("afschrift.web")


router = APIRouter()


class SearchBody(ApiBody):
    """Number, reference, or value of an identity key; nothing keeps it."""

    text: str = Field(max_length=LONGEST, repr=False)


@router.get("/requests")
def listing(by: Known, filters: Annotated[Filters, Depends(Filters)]) -> dict[str, Any]:
    """What is open and the caller sees, due first, each with its next actions."""
    viewer = Viewer(by.roles, by.account)
    rows = [row for row in desk_rows(by.officer()) if viewer.sees(row) and filters.fits(row)]
    return {"requests": [line.document() for line in lines_of(rows, viewer)]}


@router.post("/requests/search")
def searched(body: JsonBody[SearchBody], by: Known) -> dict[str, Any]:
    """The requests that a text finds, open and closed; each is an event, without the text."""
    viewer = Viewer(by.roles, by.account)
    found = search(by.officer(), viewer, body.text)
    return {"requests": [line.document() for line in lines_of(found, viewer)]}


@router.get("/requests/{request_id}")
def show(request_id: str, by: Known) -> dict[str, Any]:
    """State, open questions and, for those who may read it, the trail; such a look is an event."""
    register = open_register()
    request = register.requests.get(request_id)
    body: dict[str, Any] = {
        "id": request.id,
        "case": request.case,
        "right": request.right.value,
        "state": request.state.value,
        "received_at": request.received_at,
        "open_questions": [q.id for q in register.questions.all(request_id=request_id)],
    }
    if by.roles.may(by.account, Act.TIMELINE):
        role = by.roles.require(by.account, Act.TIMELINE)
        register.trail.record(request_id, NewEvent("request_viewed", by.account, {"role": role.value}))
        body["timeline"] = [
            {**asdict(header), "payload": payload} for header, payload in register.trail.events(request_id)
        ]
    return body


@router.get("/requests/{request_id}/deliveries")
def deliveries(request_id: str, by: Known) -> dict[str, Any]:
    """What was delivered: where each lies, until when, and whether its words went."""
    by.roles.require(by.account, Act.TIMELINE)
    officer = by.officer()
    officer.register.requests.get(request_id)
    return {"deliveries": [seen.document() for seen in seen_deliveries(officer, request_id)]}


@router.post("/requests/{request_id}/identity")
def identity(request_id: str, by: Known) -> dict[str, Any]:
    """Keys and findings in clear; the look is an event."""
    officer = by.officer()
    record_look(officer, request_id)
    view = identity_view(officer.register, request_id, masked=False)
    return {
        "request": request_id,
        "keys": dict(view.keys),
        "asked": None if view.ask is None else {"by": view.ask.by, "at": view.ask.asked_at},
        "served_at": None if view.ask is None else view.ask.served_at,
        "tables": [asdict(table) for table in view.tables],
        "said": list(view.said),
    }


def routes(start_look_up: Start) -> APIRouter:
    """The routes; `start_look_up` starts the look-up of a request's keys as the caller."""
    every = APIRouter()
    every.include_router(router)

    @every.post("/requests/{request_id}/look-up")
    def looked_up(request_id: str, by: Known) -> dict[str, Any]:
        """Ask what the sources hold under the keys, and start the task that looks."""
        ask = ask_look_up(by.officer(), request_id)
        return {"request": request_id, "look_up": ask.id, "run": start_look_up(request_id, by.token)}

    return every
