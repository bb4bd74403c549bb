"""Whose the keys of a request are, and other keys, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.identity.look_up import ask_look_up, identity_view, record_look
from afschrift.casework.officer import Officer
from afschrift.register.open import open_register
from afschrift.web.answers import Start
from afschrift.web.body import JsonBody
from afschrift.web.caller import Caller, Known

Value = Annotated[str, Field(max_length=1_000)]


class KeysBody(BaseModel):
    """Key -> its value now; an empty one takes the key out. Kept encrypted."""

    model_config = ConfigDict(extra="forbid")

    keys: dict[str, Value] = Field(max_length=40, repr=False)


FIELDS = frozenset(KeysBody.model_fields)


def routes(start_look_up: Start) -> APIRouter:
    """The routes; `start_look_up` begins the look-up of a request's keys as the caller."""
    router = APIRouter()

    @router.post("/requests/{request_id}/look-up")
    def looked_up(request_id: str, by: Known) -> dict[str, Any]:
        """Ask what the sources hold under the keys, and start the task that looks."""
        ask = ask_look_up(_officer(by), request_id)
        return {"request": request_id, "look_up": ask.id, "run": start_look_up(request_id, by.token)}

    @router.post("/requests/{request_id}/identity")
    def identity(request_id: str, by: Known) -> dict[str, Any]:
        """Keys and findings in clear; the look is an event."""
        officer = _officer(by)
        record_look(officer, request_id)
        view = identity_view(officer.register, request_id, masked=False)
        return {
            "request": request_id,
            "keys": dict(view.keys),
            "asked": None if view.ask is None else {"by": view.ask.by, "at": view.ask.asked_at},
            "served_at": None if view.ask is None else view.ask.served_at,
            "tables": [asdict(one) for one in view.tables],
            "said": list(view.said),
        }

    @router.post("/requests/{request_id}/keys")
    def keys(request_id: str, body: JsonBody[KeysBody], by: Known) -> dict[str, Any]:
        """Correct or add keys; an earlier confirmation does not hold for them."""
        done = change_keys(_officer(by), request_id, body.keys)
        return {"request": request_id, **asdict(done)}

    return router


def _officer(by: Caller) -> Officer:
    return Officer(open_register(), by.roles, by.account)
