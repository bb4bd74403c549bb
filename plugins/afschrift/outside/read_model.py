"""Read what a person or a program gave as a model; errors name what is wrong and repeat no value."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from afschrift.domain.errors import FormError

Model = TypeVar("Model", bound=BaseModel)

_DATE = "is no date; write 2026-03-05"
_INSTANT = "is no instant with its offset; write 2026-11-20T09:30:00+01:00"
_FAULTS = {
    "missing": "is missing",
    "string_too_short": "is missing",
    "too_short": "is missing",
    "date_type": _DATE,
    "date_from_datetime_parsing": _DATE,
    "datetime_type": _INSTANT,
    "timezone_aware": _INSTANT,
}


def read_model(model: type[Model], given: object) -> Model:
    """The model of what was given.

    Args:
        model: of pydantic.
        given: values by name, as texts or as the types of JSON.

    Raises:
        FormError: what is wrong by the name of its field; `body` for what no field of the model takes.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        known = {field.alias or name for name, field in model.model_fields.items()}
        faults: dict[str, str] = {}
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            name = next((str(part) for part in fault["loc"] if part in known), "body")
            faults.setdefault(name, _fault(fault["type"], fault["msg"]) if name != "body" else _UNFIT)
        raise FormError.listing("This is not what it takes.", faults, remedy="nothing was changed.") from None


_UNFIT = "is no object of these names"


def _fault(kind: str, message: str) -> str:
    """The fault in words. The message of a check by Python would repeat the value."""
    if kind == "extra_forbidden" or kind.endswith("_error"):
        return "is not of the type it takes"
    return _FAULTS.get(kind, message[:1].lower() + message[1:])
