r"""JSON by RFC 8259: one document, an array with one object a line.

```
[
{"id":1,"name":"..."},
{"id":2,"name":null}
]
```
A table without rows is `[]`. The members stand in the order of the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.core.kind import Kind
from afschrift.core.manifest import FieldPlan
from afschrift.values.buffers import text_bytes
from afschrift.values.forms import written_kind
from afschrift.values.json_text import fragments

_SLICE_ROWS = 8_192
_SLICE_BYTES = 32 << 20


class JsonWriter:
    """Writes value forms as a JSON array of objects; flat memory, a batch at a time."""

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan]) -> None:
        self._sink = sink
        self._kinds = [written_kind(field) for field in fields]
        names = fragments(pa.array([field.name for field in fields], pa.string()), Kind.TEXT).to_pylist()
        self._keys = [f"{',' if position else '{'}{name}:" for position, name in enumerate(names)]
        self._empty = True

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; each begins with the separator, the first one with the bracket instead."""
        for part in _slices(batch):
            pieces: list[pa.Array | str] = []
            for key, column, kind in zip(self._keys, part.columns, self._kinds, strict=True):
                pieces += [key, fragments(column, kind)]
            rows = text_bytes(pc.binary_join_element_wise(",\n", *pieces, "}", ""))
            self._sink.write(b"[" + rows[1:] if self._empty else rows)
            self._empty = False

    def close(self) -> dict[str, str]:
        """End the array; readers need to know nothing."""
        self._sink.write(b"[]\n" if self._empty else b"\n]\n")
        return {}


class Json:
    """The format `json`."""

    name = "json"
    extension = "json"
    media_type = "application/json"

    def writer(self, sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> JsonWriter:  # noqa: ARG002
        """A writer; there are no options."""
        return JsonWriter(sink, fields)


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Parts that stay small while fragments and lines are built."""
    rows = batch.num_rows
    fitting = rows * _SLICE_BYTES // max(batch.nbytes, 1)
    step = max(1, min(_SLICE_ROWS, fitting))
    for start in range(0, rows, step):
        yield batch.slice(start, step)
