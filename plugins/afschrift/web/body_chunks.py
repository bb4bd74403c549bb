"""The body of a request as it comes, and no more of it than is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Request

from afschrift.domain.errors import FormError


async def chunks(request: Request, most: int, what: str) -> AsyncIterator[bytes]:
    """The body as it comes; where it says itself that it is too long, nothing is read.

    Raises:
        FormError: it is longer than is taken.
    """
    length, came = request.headers.get("Content-Length", ""), 0
    if length.isdecimal() and (len(length) > 15 or int(length) > most):
        raise _too_long(most, what)
    async for chunk in request.stream():
        came += len(chunk)
        if came > most:
            raise _too_long(most, what)
        yield chunk


def _too_long(most: int, what: str) -> FormError:
    files = ", its files together" if what == "form" else ""
    return FormError(
        f"The {what} is longer than the {most / 1_000_000:,.0f} MB that are taken{files}.",
        {},
        remedy="go back, and send less: shorter texts, fewer files. Nothing was recorded.",
    )
