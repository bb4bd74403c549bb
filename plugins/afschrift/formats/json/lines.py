"""NDJSON: one JSON object a line, each line ended; a table without rows is an empty file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO

import pyarrow as pa

from afschrift.domain.plan import FieldPlan
from afschrift.formats.json.objects import ObjectRows


class JsonLinesWriter:
    """Writes value forms as lines of JSON; flat memory, a batch at a time."""

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan]) -> None:
        self._sink = sink
        self._rows = ObjectRows(fields)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        for lines in self._rows.lines(batch, after="\n"):
            self._sink.write(lines)

    def close(self) -> dict[str, str]:
        """Nothing is left to write, and readers need to know nothing."""
        return {}


class JsonLines:
    """The format `ndjson`."""

    name = "ndjson"
    extension = "ndjson"
    media_type = "application/x-ndjson"

    def writer(
        self,
        sink: BinaryIO,
        fields: Sequence[FieldPlan],
        options: Mapping[str, str],  # noqa: ARG002
    ) -> JsonLinesWriter:
        """A writer; there are no options."""
        return JsonLinesWriter(sink, fields)
