"""One request with its timeline, for those who may read its trail."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from afschrift.domain.event import NewEvent
from afschrift.law.roles import Act
from afschrift.register.open import open_register
from afschrift.web.caller import Known

router = APIRouter()


@router.get("/requests/{request_id}")
def show(request_id: str, by: Known) -> dict[str, Any]:
    """State, open questions and, for those who may read it, the trail; a look at the trail is an event."""
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
