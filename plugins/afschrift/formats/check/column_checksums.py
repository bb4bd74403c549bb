"""The values of each column are those extracted, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from afschrift.domain.plan import FieldPlan
from afschrift.formats.check.finding import Finding
from afschrift.values.checksum import ColumnChecksums


class SameValues:
    """Takes the same checksums as extraction and compares them."""

    def __init__(self, file: str, fields: Sequence[FieldPlan], expected: Mapping[str, str]) -> None:
        self._file = file
        self._expected = expected
        self._checksums = ColumnChecksums(fields)

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the next rows."""
        self._checksums.update(batch)

    def findings(self) -> list[Finding]:
        """One finding for each column that differs."""
        rule = "the column reads back as the values extracted, in order"
        return [
            Finding("checksum", self._file, name, None, rule)
            for name, digest in self._checksums.digests().items()
            if self._expected.get(name) != digest
        ]
