"""What both listeners send with each answer, and what they leave out of it and of the log."""

from __future__ import annotations

import asyncio
import logging
import traceback
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
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
_log = logging.getLogger("afschrift_portal")


class Guarded:
    """An application with these headers, whose failures are logged by place alone: a path holds a link.

    Args:
        most: bytes of a body; it is read before the application is asked. None: the application reads.
    """

    def __init__(self, app: ASGIApp, most: int | None = None) -> None:
        self._app = app
        self._most = most

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
                message["headers"] = [*message["headers"]] + [
                    (name.encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.lower().encode() not in given
                ]
            await send(message)

        try:
            if self._most is not None:
                receive = await _received(receive, self._most)
            await self._app(scope, receive, guarded)
        except _TooLargeError:
            await JSONResponse({"detail": "This is too long."}, 413)(scope, receive, guarded)
        except Exception as error:
            if not isinstance(error, ConnectionAbortedError | TimeoutError):  # we cut it, or the reader left
                place = traceback.extract_tb(error.__traceback__)[-1]
                _log.error("%s in %s:%d", type(error).__name__, Path(place.filename).name, place.lineno or 0)
            if not started:
                await JSONResponse({"detail": "The portal failed. Try again."}, 500)(scope, receive, guarded)
            elif not ended:
                raise ConnectionAbortedError from None


class _TooLargeError(Exception):
    """A body longer than is read."""


async def _received(receive: Receive, most: int) -> Receive:
    """The body of a request, read whole, as it is received; a sender has half a minute."""
    body, more = b"", True
    async with asyncio.timeout(30):
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > most:
                raise _TooLargeError
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def without_values(app: FastAPI) -> None:
    """Answer a malformed request without what was in it."""

    @app.exception_handler(RequestValidationError)
    def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in error.errors()]
        return JSONResponse({"detail": "; ".join(faults)}, 422)
