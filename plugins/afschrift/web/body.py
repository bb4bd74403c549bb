"""Read JSON bodies, only after the caller and their role are known, and only up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from afschrift.casework.actions.action import LONGEST_TEXT
from afschrift.domain.errors import FormError
from afschrift.outside.limits import UnreadableError
from afschrift.outside.read_json import read_json
from afschrift.outside.read_model import read_model
from afschrift.web.caller import Known
from afschrift.web.multipart import chunks

JSON_BYTES = 4_000_000
"""Of a body of the API."""

JSON_PARTS = 10_000
"""Values and lists in it. Limited because the faults of all of them are gathered before the reply."""

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, repr=False)]
Code = Annotated[str, Field(max_length=100)]


class ApiBody(BaseModel):
    """A body of the API: what it does not name is refused."""

    model_config = ConfigDict(extra="forbid")


Model = TypeVar("Model", bound=ApiBody)


if TYPE_CHECKING:
    JsonBody = Annotated[Model, "body"]
else:

    class JsonBody:
        """`JsonBody[SomeModel]` is a parameter that takes the body as that model.

        It is a dependency after the caller, as FastAPI would read a plain model before it checks the caller.
        """

        def __class_getitem__(cls, model: type[Model]) -> Any:
            async def body(request: Request, _by: Known) -> Model:
                return await _read(request, model)

            return Annotated[model, Depends(body)]


async def _read(request: Request, model: type[Model]) -> Model:
    return read_model(model, await read_body(request))


async def read_body(request: Request) -> object:
    """The body of a call of the API.

    Raises:
        FormError: it is no JSON, or too large.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    read = b"".join([chunk async for chunk in chunks(request, JSON_BYTES, "body")])
    problem = "is no JSON by its Content-Type"
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        try:
            return read_json(read, parts=JSON_PARTS)
        except UnreadableError as error:
            problem = error.problem
    raise FormError(f"The body is not read: {problem}.", {"body": problem})
