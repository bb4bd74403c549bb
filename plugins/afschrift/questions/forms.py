"""Forms of answers: the fields besides the choice. Only codes, numbers and dates: the trail may keep them.

A form is a JSON Schema of `choice` and the fields. Free text is apart from it, and kept encrypted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from afschrift.domain.errors import FormError
from afschrift.law.ground_check import takes

WORDS = {"x-kept": "case_file"}
"""Of the schema of a field that takes words: they are kept encrypted, and never reach the trail."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def form(
    options: Sequence[str],
    fields: Mapping[str, Mapping[str, Any]],
    needed: Mapping[str, Sequence[str]],
    more: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Make a form.

    Args:
        options: the choices.
        fields: name -> JSON Schema of its value, with a `title`.
        needed: choice -> fields without which it is not complete.
        more: further rules of JSON Schema.
    """
    rules: list[Mapping[str, Any]] = [
        {"if": {"properties": {"choice": {"const": choice}}}, "then": {"required": list(names)}}
        for choice, names in needed.items()
    ]
    rules += more
    return {
        "$schema": _DIALECT,
        "type": "object",
        "properties": {"choice": {"enum": list(options)}, **{n: dict(f) for n, f in fields.items()}},
        "required": ["choice"],
        "additionalProperties": False,
        **({"allOf": rules} if rules else {}),
    }


def is_words(field: Mapping[str, Any]) -> bool:
    """Whether a field takes words."""
    return WORDS.items() <= field.items()


def fields(schema: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """The fields of a form without the choice, by name."""
    return {n: f for n, f in (schema or {}).get("properties", {}).items() if n != "choice"}


def check(
    schema: Mapping[str, Any] | None, options: Sequence[str], choice: str, detail: Mapping[str, Any]
) -> None:
    """Check an answer against its form.

    Args:
        schema: of the question; None: it has no fields.
        options: of the question.
        choice: what was chosen.
        detail: the fields that were filled in.

    Raises:
        FormError: names every field that is wrong and what it takes; repeats nothing that was filled in.
    """
    schema = schema or form(options, {}, {})
    faults = dict(_faults(schema, options, choice, detail))
    if faults:
        raise FormError.listing(
            "The answer does not fit its question.",
            faults,
            remedy="`afschrift questions` shows its options and fields; nothing was recorded. "
            "What has no field goes into the text, which is kept encrypted.",
        )


def _faults(
    schema: Mapping[str, Any], options: Sequence[str], choice: str, detail: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    if choice not in options:
        yield "choice", f"choose {' | '.join(options)}"
        return
    known = fields(schema)
    if unknown := len(detail.keys() - known.keys()):
        yield "detail", f"{unknown} field(s) that there are not; there are {', '.join(known) or 'none'}"
    answer = {"choice": choice, **{n: v for n, v in detail.items() if n in known}}
    for error in jsonschema_rs.validator_for(dict(schema), validate_formats=True).iter_errors(answer):
        missing = getattr(error.kind, "property", None)
        if missing is not None:
            yield missing, f"is missing; it takes {takes(known[missing])}"
        else:
            name = str(error.instance_path[0])
            yield name, f"takes {takes(known[name])}"
