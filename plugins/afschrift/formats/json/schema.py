"""JSON Schema 2020-12 of a table: an array of rows; `#/$defs/row` is a line of an NDJSON file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from afschrift.domain.file_format import SchemaColumn
from afschrift.domain.value_kind import ValueKind
from afschrift.values.json_text import indented
from afschrift.values.shapes import PATTERNS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BEYOND_DOUBLES = "^-?[1-9][0-9]{15,}$"
_SPECIALS = ["NaN", "INF", "-INF"]


def json_schema(table: str, columns: Sequence[SchemaColumn]) -> bytes:
    """The schema of the files of `source.table`."""
    document = {
        "$schema": _DIALECT,
        "title": table,
        "type": "array",
        "items": {"$ref": "#/$defs/row"},
        "$defs": {
            "row": {
                "type": "object",
                "properties": {column.name: _property(column) for column in columns},
                "required": [column.name for column in columns],
                "additionalProperties": False,
            }
        },
    }
    return indented(document)


def _property(column: SchemaColumn) -> dict[str, Any]:
    if not column.codes:
        return dict(column.texts) | _value(column.kind)
    meanings = [{"const": code, "title": meaning} for code, meaning in column.codes.items()]
    return dict(column.texts) | {"oneOf": [*meanings, {"type": "null"}]}


def _value(kind: ValueKind) -> dict[str, Any]:
    """The JSON values of a kind; NULL is one of every kind."""
    if kind is ValueKind.JSON:
        return {}
    if kind is ValueKind.BOOLEAN:
        return {"type": ["boolean", "null"]}
    if kind is ValueKind.INTEGER:
        return {"type": ["integer", "string", "null"], "pattern": _BEYOND_DOUBLES}
    if kind is ValueKind.NUMBER:
        return {"anyOf": [{"type": ["number", "null"]}, {"enum": _SPECIALS}]}
    value: dict[str, Any] = {"type": ["string", "null"]}
    if kind in PATTERNS:
        value["pattern"] = PATTERNS[kind]
    if kind is ValueKind.BINARY:
        value["contentEncoding"] = "base64"
    return value
