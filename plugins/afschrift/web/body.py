"""Read JSON bodies, only after the caller and their role are known, and only up to a limit."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from afschrift.domain.errors import FormError
from afschrift.outside.limits import UnreadableError
from afschrift.outside.read_json import read_json
from afschrift.web.caller import Known
from afschrift.web.multipart import chunks

JSON_BYTES = 4_000_000
"""Of a body of the API."""

JSON_PARTS = 10_000
"""Values and lists in it. Limited because the faults of all of them are gathered before the reply."""


async def _body(request: Request, _by: Known) -> dict[str, Any]:
    """The body of a call of the API, which FastAPI would read before it checks the caller.

    Raises:
        FormError: it is no object of JSON, or too large.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    read = b"".join([chunk async for chunk in chunks(request, JSON_BYTES, "body")])
    problem = "is no JSON by its Content-Type"
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        try:
            found = read_json(read, parts=JSON_PARTS)
        except UnreadableError as error:
            problem = error.problem
        else:
            if isinstance(found, dict):
                return found
            raise FormError("The body is no object.", {"body": "is no object"})
    raise FormError(f"The body is not read: {problem}.", {"body": problem})


Body = Annotated[dict[str, Any], Depends(_body)]
"""The object that a program sent."""
