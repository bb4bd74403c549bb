"""What is wrong with the form of a file, in the words of whoever writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_CHOOSE = "choose one of "

_WORDS = {
    "string_type": "a text is expected; put a number or a list between quotes",
    "dict_type": "a mapping is expected, as {word: value}",
    "model_type": "a mapping is expected, as {word: value}",
    "model_attributes_type": "a mapping is expected, as {word: value}",
    "list_type": "a list is expected, as [one, another]",
    "tuple_type": "a list is expected, as [one, another]",
    "bool_type": "choose true or false",
    "bool_parsing": "choose true or false",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "date_type": "a day is expected, as 2026-01-31",
    "date_parsing": "a day is expected, as 2026-01-31",
    "date_from_datetime_parsing": "a day is expected, as 2026-01-31",
    "date_from_datetime_inexact": "a day is expected, without a time",
    "datetime_type": "a moment is expected, as 2026-01-31T09:30:00+01:00",
    "datetime_parsing": "a moment is expected, as 2026-01-31T09:30:00+01:00",
    "datetime_from_date_parsing": "a moment is expected, as 2026-01-31T09:30:00+01:00",
    "timezone_aware": "it has no time zone: end it with Z, or as +01:00",
    "string_pattern_mismatch": "it has letters or signs that are not allowed here",
    "string_too_short": "it may not be empty",
    "too_short": "it may not be empty",
    "json_invalid": "this is no JSON",
}
"""Type of an error, as pydantic names it, and what it means for the one who wrote the file."""


def in_words(item: Mapping[str, Any]) -> str:
    """One error of pydantic as a colleague would say it; its own words never reach a user.

    Args:
        item: an entry of `ValidationError.errors()`; `ctx` may be left out, where nothing may be repeated.
    """
    kind, context = item["type"], item.get("ctx", {})
    if kind in ("literal_error", "enum") and "expected" in context:
        return _CHOOSE + str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if kind == "greater_than_equal" and "ge" in context:
        return f"a number of at least {context['ge']} is expected"
    if kind == "less_than_equal" and "le" in context:
        return f"a number of at most {context['le']} is expected"
    if kind in ("value_error", "language"):  # our own words
        return _lower(item["msg"].removeprefix("Value error, "))
    return _WORDS.get(kind, "this does not fit here")


def joined(messages: Iterable[str]) -> str:
    """What is said of one place by each form that it may have, as one sentence."""
    choices = [one.removeprefix(_CHOOSE) for one in messages if one.startswith(_CHOOSE)]
    others = [one for one in messages if not one.startswith(_CHOOSE)]
    chosen = [_CHOOSE + ", ".join(dict.fromkeys(choices))] if choices else []
    return ", or ".join(dict.fromkeys((*chosen, *others)))


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
