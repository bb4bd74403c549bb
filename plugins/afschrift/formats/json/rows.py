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

from collections.abc import Mapping, Sequence
from typing import BinaryIO

import pyarrow as pa

from afschrift.domain.plan import FieldPlan
from afschrift.formats.json.objects import ObjectRows


class JsonWriter:
    """Writes value forms as a JSON array of objects; flat memory, a batch at a time."""

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan]) -> None:
        self._sink = sink
        self._rows = ObjectRows(fields)
        self._empty = True

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; each begins with the separator, the first one with the bracket instead."""
        for lines in self._rows.lines(batch, before=",\n"):
            if self._empty:
                self._sink.write(b"[")
            self._sink.write(lines[1:] if self._empty else lines)
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
