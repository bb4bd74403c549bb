"""Read JSON bodies, only after the caller and their role are known, and only up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from afschrift.domain.errors import FormError
from afschrift.outside.limits import UnreadableError
from afschrift.outside.read_json import read_json
from afschrift.web.caller import Known
from afschrift.web.multipart import chunks

JSON_BYTES = 4_000_000
"""Of a body of the API."""

JSON_PARTS = 10_000
"""Values and lists in it. Limited because the faults of all of them are gathered before the reply."""

LONGEST_TEXT = 20_000
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, repr=False)]
Code = Annotated[str, Field(max_length=100)]


class ApiBody(BaseModel):
    """A body of the API: what it does not name is refused."""

    model_config = ConfigDict(extra="forbid")


def known_fields() -> set[str]:
    """The names that bodies of the API take; an error may repeat these and no other."""
    fields = (body.model_fields.items() for body in ApiBody.__subclasses__())
    return {field.alias or name for of_body in fields for name, field in of_body}


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
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    read = b"".join([chunk async for chunk in chunks(request, JSON_BYTES, "body")])
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise RequestValidationError([{"loc": ("body",)}])
    try:
        return model.model_validate(read_json(read, parts=JSON_PARTS))
    except UnreadableError as error:
        raise FormError(f"The body is not read: {error.problem}.", {"body": error.problem}) from None
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None
