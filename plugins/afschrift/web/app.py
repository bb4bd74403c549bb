"""The web application that the plugin mounts below `/afschrift`. Airflow mounts it without authentication.

So the log-in stands on the whole application, and nothing of it (no schema, no documentation page) is open.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from afschrift.core.errors import (
    AfschriftError,
    FormError,
    NotAllowedError,
    RefusedError,
    RetriableError,
    TooLateError,
    UnknownQuestionError,
    UnknownRequestError,
)
from afschrift.web import questions, requests
from afschrift.web.caller import caller

log = logging.getLogger("afschrift.web")

_STATUS: dict[type[AfschriftError], int] = {
    UnknownQuestionError: 404,
    UnknownRequestError: 404,
    NotAllowedError: 403,
    TooLateError: 409,
    FormError: 422,
    RefusedError: 409,
    RetriableError: 503,
}


def create(start: questions.Start) -> FastAPI:
    """The application.

    Args:
        start: starts the next run of a request with the caller's token; returns the run's id.
    """
    app = FastAPI(
        title="Afschrift",
        dependencies=[Depends(caller)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.middleware("http")(_without_words)
    app.add_exception_handler(AfschriftError, _told)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.include_router(questions.routes(start), prefix="/api")
    app.include_router(requests.router, prefix="/api")
    return app


async def _told(_request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if status >= 500:
        log.error("%s", error)
        return JSONResponse({"detail": "The installation cannot do this now; its log says why."}, status)
    told: dict[str, object] = {"detail": str(error)}
    if isinstance(error, FormError):
        told["fields"] = error.fields
    return JSONResponse(told, status)


async def _unreadable(_request: Request, error: Exception) -> Response:
    """Which fields of the body are wrong; FastAPI's own reply repeats what was sent."""
    assert isinstance(error, RequestValidationError)
    known = questions.Answer.model_fields
    places = (next((p for p in item["loc"] if p in known), "body") for item in error.errors())
    fields = dict.fromkeys(places, "is missing, not known or not of the type it takes")
    return JSONResponse({"detail": "The body is not what this takes.", "fields": fields}, 422)


async def _without_words(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """End an unexpected error here: its message may quote what was written, so its place alone is logged."""
    try:
        return await call(request)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        log.error("Unexpected %s at %s:%s.", type(error).__name__, last.filename, last.lineno)
        return JSONResponse({"detail": "There was an unexpected fault; the log names its place."}, 500)
