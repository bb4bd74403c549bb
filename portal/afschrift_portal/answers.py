"""What both listeners send with each answer, and what they leave out of it and of the log."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import traceback
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
# by us, by who left, or as the delivery was removed before the first byte
_CUT = ConnectionAbortedError, TimeoutError, ClientDisconnect, sqlite3.IntegrityError
_log = logging.getLogger("afschrift_portal")


class Guarded:
    """An application with these headers, whose failures are logged by place alone: a path holds a link.

    Args:
        most: bytes of a body that is no content of a file.
        stalled: seconds in which a reader takes nothing, after which an answer is cut.
    """

    def __init__(self, app: ASGIApp, most: int, stalled: int) -> None:
        self._app, self._most, self._stalled = app, most, stalled

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = ended = False

        async def guarded(message: Message) -> None:
            nonlocal started, ended
            ended = message["type"] == "http.response.body" and not message.get("more_body")
            if message["type"] == "http.response.start":
                started = True
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(own for own in HEADERS if own[0] not in given)]
            async with asyncio.timeout(self._stalled):
                await send(message)

        try:
            if _is_long(scope, self._most):
                return await JSONResponse({"detail": "This is too long."}, 413)(scope, receive, guarded)
            await self._app(scope, receive, guarded)
        except Exception as error:
            if not isinstance(error, _CUT):
                place = traceback.extract_tb(error.__traceback__)[-1]
                _log.error("%s in %s:%d", type(error).__name__, Path(place.filename).name, place.lineno or 0)
            if not started:
                await JSONResponse({"detail": "The portal failed. Try again."}, 500)(scope, receive, guarded)
            elif not ended:
                raise ConnectionAbortedError from None


def _is_long(scope: Scope, most: int) -> bool:
    """Whether a body is longer than is read, or of a length that is not said."""
    if scope["method"] == "PATCH" and scope["path"].endswith("/content"):
        return False
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or int(headers.get(b"content-length", 0)) > most


def without_values(app: FastAPI) -> None:
    """Answer a malformed request without what was in it, and one that came while the database was locked."""

    @app.exception_handler(sqlite3.OperationalError)
    def delay(_: Request, __: sqlite3.OperationalError) -> JSONResponse:
        return JSONResponse({"detail": "Try again in a minute."}, 503, {"Retry-After": "60"})

    @app.exception_handler(RequestValidationError)
    def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in error.errors()]
        return JSONResponse({"detail": "; ".join(faults)}, 422)
