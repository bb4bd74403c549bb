"""Keeps the first rows of a table, up to a size, with long texts cut: what the person's page can show."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.profile import CELL, ROW_OVERHEAD

Rows = list[dict[str, str | None]]


class FirstRows:
    """The first rows, however they were batched.

    Args:
        limit: bytes of text to keep in all; the first row is kept even where it is larger.

    Attributes:
        rows: column -> value form, None for NULL. A text of more than `CELL` characters ends one
            character after them, which tells that it goes on.
    """

    def __init__(self, limit: int) -> None:
        self.rows: Rows = []
        self._left = limit
        self._full = False

    def take(self, text: pa.RecordBatch) -> None:
        """Keep of the next rows what still fits."""
        start = 0
        while not self._full and start < text.num_rows:
            piece = text.slice(start, 256)
            short = [pc.utf8_slice_codeunits(column, 0, CELL + 1) for column in piece.columns]
            for row in pa.RecordBatch.from_arrays(short, names=piece.schema.names).to_pylist():
                self._left -= sum(len((value or "").encode()) + ROW_OVERHEAD for value in row.values())
                if self._left < 0 and self.rows:
                    self._full = True
                    return
                self.rows.append(row)
            start += piece.num_rows
