r"""JSON by RFC 8259: one document, an array with one object a line. NDJSON: one object a line, without array.

```
[                              {"id":1,"name":"..."}
{"id":1,"name":"..."},         {"id":2,"name":null}
{"id":2,"name":null}
]
```
A table without rows is `[]` in JSON, an empty file in NDJSON. Members are in the order of the fields.

Each table also gets a JSON Schema 2020-12 of an array of rows; its `#/$defs/row` is a line of an NDJSON file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.files import SchemaColumn
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.values.buffers import slices, text_bytes
from afschrift.values.json_text import fragments, indented, pieces
from afschrift.values.shapes import PATTERNS
from afschrift.values.written import written_kind


class JsonWriter:
    """Writes value forms as objects; flat memory, a batch at a time.

    Args:
        sink: the file.
        fields: the members, in their order.
        lines: write NDJSON: each object ends its line, with no array around them.
    """

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan], *, lines: bool) -> None:
        self.options: dict[str, str] = {}
        self._sink, self._lines = sink, lines
        self._kinds = [written_kind(field) for field in fields]
        names = fragments(pa.array([field.name for field in fields], pa.string()), ValueKind.TEXT).to_pylist()
        self._keys = [f"{',' if position else '{'}{name}:" for position, name in enumerate(names)]
        self._empty = True

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows. In an array each row begins with the separator, and the first one with `[`."""
        before, after = ("", "}\n") if self._lines else (",\n", "}")
        for part in slices(batch):
            parts: list[pa.Array | str] = []
            literal = before
            for key, column, kind in zip(self._keys, part.columns, self._kinds, strict=True):
                opening, texts, closing = pieces(column, kind)
                parts += [literal + key + opening, texts]
                literal = closing
            rows = text_bytes(pc.binary_join_element_wise(*parts, literal + after, ""))
            if self._empty and not self._lines:
                self._sink.write(b"[")
                rows = rows[1:]
            self._sink.write(rows)
            self._empty = False

    def close(self) -> None:
        """Close the array."""
        if not self._lines:
            self._sink.write(b"[]\n" if self._empty else b"\n]\n")


_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BEYOND_DOUBLES = "^-?[1-9][0-9]{15,}$"
_SPECIALS = ["NaN", "INF", "-INF"]


def json_schema(table: str, columns: Sequence[SchemaColumn]) -> bytes:
    """Write the schema of the files of `source.table`."""
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
    """Schema of the JSON values of a kind; every kind allows null."""
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
