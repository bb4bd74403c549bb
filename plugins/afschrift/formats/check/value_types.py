"""Every value has the form of its field's kind."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from afschrift.domain.plan import FieldPlan
from afschrift.formats.check.finding import Finding
from afschrift.values.forms import written_kind
from afschrift.values.shapes import first_offence


class ValueTypes:
    """Finds the first value of each field that has not the form of its kind.

    JSON documents are not parsed again: extraction did (`values.json_text`), and their checksum says that
    they are the same.
    """

    def __init__(self, file: str, fields: Sequence[FieldPlan]) -> None:
        self._file = file
        self._fields = [(field.name, written_kind(field)) for field in fields]
        self._first: dict[str, Finding] = {}
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Look at the next rows."""
        for (name, kind), column in zip(self._fields, batch.columns, strict=True):
            if name not in self._first and (position := first_offence(column, kind)) is not None:
                rule = f"every value has the form of a {kind}"
                self._first[name] = Finding("type", self._file, name, self._rows + position + 1, rule)
        self._rows += batch.num_rows

    def findings(self) -> list[Finding]:
        """One finding a field at most."""
        return list(self._first.values())
