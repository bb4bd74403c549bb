r"""JSON by RFC 8259: one document, an array with one object a line. NDJSON: each object an ended line.

```
[                              {"id":1,"name":"..."}
{"id":1,"name":"..."},         {"id":2,"name":null}
{"id":2,"name":null}
]
```
A table without rows is `[]` in JSON, an empty file in NDJSON. Members stand in the order of the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.batches import slices
from afschrift.values.buffers import text_bytes
from afschrift.values.json_text import fragments, pieces
from afschrift.values.written import written_kind


class JsonWriter:
    """Writes value forms as a JSON array of objects; flat memory, a batch at a time."""

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan]) -> None:
        self.options: dict[str, str] = {}
        self._sink = sink
        self._rows = _ObjectRows(fields)
        self._empty = True

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; each begins with the separator, the first one with the bracket instead."""
        for lines in self._rows.lines(batch, before=",\n"):
            if self._empty:
                self._sink.write(b"[")
            self._sink.write(lines[1:] if self._empty else lines)
            self._empty = False

    def close(self) -> None:
        """End the array."""
        self._sink.write(b"[]\n" if self._empty else b"\n]\n")


class JsonLinesWriter:
    """Writes value forms as lines of JSON; flat memory, a batch at a time."""

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan]) -> None:
        self.options: dict[str, str] = {}
        self._sink = sink
        self._rows = _ObjectRows(fields)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        for lines in self._rows.lines(batch, after="\n"):
            self._sink.write(lines)

    def close(self) -> None:
        """Nothing is left to write."""


class _ObjectRows:
    """Turns value forms into text; the members stand in the order of the fields."""

    def __init__(self, fields: Sequence[FieldPlan]) -> None:
        self._kinds = [written_kind(field) for field in fields]
        names = fragments(pa.array([field.name for field in fields], pa.string()), ValueKind.TEXT).to_pylist()
        self._keys = [f"{',' if position else '{'}{name}:" for position, name in enumerate(names)]

    def lines(self, batch: pa.RecordBatch, *, before: str = "", after: str = "") -> Iterator[memoryview]:
        """The objects of a batch, a slice of rows at a time.

        Args:
            batch: value forms.
            before: what stands before each object.
            after: what stands after each object.
        """
        for part in slices(batch):
            parts: list[pa.Array | str] = []
            literal = before
            for key, column, kind in zip(self._keys, part.columns, self._kinds, strict=True):
                opening, texts, closing = pieces(column, kind)
                parts += [literal + key + opening, texts]
                literal = closing
            yield text_bytes(pc.binary_join_element_wise(*parts, literal + "}" + after, ""))
