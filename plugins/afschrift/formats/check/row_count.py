"""A file has as many rows as were extracted."""

from __future__ import annotations

import pyarrow as pa

from afschrift.formats.check.finding import Finding


class RowCount:
    """Counts rows."""

    def __init__(self, file: str, expected: int) -> None:
        self._file = file
        self._expected = expected
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Count the next rows."""
        self._rows += batch.num_rows

    def findings(self) -> list[Finding]:
        """A finding with both numbers where they differ."""
        if self._rows == self._expected:
            return []
        rule = f"the file holds the {self._expected} rows extracted; {self._rows} were read"
        return [Finding("row_count", self._file, None, None, rule)]
