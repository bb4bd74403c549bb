"""Every value has the form of its field's kind."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.core.kind import Kind
from afschrift.core.manifest import FieldPlan
from afschrift.validation.finding import Finding
from afschrift.values.forms import written_kind
from afschrift.values.json_text import is_document
from afschrift.values.patterns import PATTERNS


class ValueTypes:
    """Finds the first value of each field that has not the form of its kind."""

    def __init__(self, file: str, fields: Sequence[FieldPlan]) -> None:
        self._file = file
        self._fields = [(field.name, written_kind(field)) for field in fields]
        self._first: dict[str, Finding] = {}
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Look at the next rows."""
        for (name, kind), column in zip(self._fields, batch.columns, strict=True):
            if name not in self._first and (position := _first_offence(column, kind)) is not None:
                rule = f"every value has the form of a {kind}"
                self._first[name] = Finding("type", self._file, name, self._rows + position + 1, rule)
        self._rows += batch.num_rows

    def findings(self) -> list[Finding]:
        """One finding a field at most."""
        return list(self._first.values())


def _first_offence(column: pa.Array, kind: Kind) -> int | None:
    if kind is Kind.JSON:
        texts = enumerate(column.to_pylist())
        return next((row for row, text in texts if text is not None and not is_document(text)), None)
    if kind not in PATTERNS:
        return None
    fits = pc.match_substring_regex(column, PATTERNS[kind])
    if pc.all(fits).as_py() is not False:  # null: nothing but NULLs
        return None
    return int(pc.index(fits, False).as_py())
