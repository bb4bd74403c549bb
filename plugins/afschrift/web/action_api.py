"""Actions over HTTP: a route for each, made from the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from afschrift.casework.actions.action import Action
from afschrift.casework.actions.actions import ACTIONS, perform
from afschrift.domain.errors import FormError
from afschrift.web.body import read_body
from afschrift.web.caller import Known

router = APIRouter()


def _route(action: Action) -> Callable[..., Coroutine[Any, Any, dict[str, Any]]]:
    async def do(request: Request, owner: str, by: Known) -> dict[str, Any]:
        given = await read_body(request)
        if not isinstance(given, Mapping):
            raise FormError("The body is no object.", {"body": "is no object"})
        return (await run_in_threadpool(perform, by.officer(), action, owner, given)).document()

    return do


for _action in ACTIONS:
    router.post(f"/{_action.of}/{{owner}}/{_action.name}", description=_action.help)(_route(_action))
