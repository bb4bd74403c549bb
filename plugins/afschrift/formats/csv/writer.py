"""CSV by RFC 4180: comma, CRLF, UTF-8 without a byte order mark, a header row, NULL as a marker."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO, Literal

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.errors import MarkerCollisionError
from afschrift.domain.plan import FieldPlan

NULL_MARKER = r"\N"
_SLICE_ROWS = 8_192  # keeps the text in memory small, at no cost in time


def next_marker(marker: str) -> str:
    r"""The marker to try after one that equals a text of the table: `\N`, `\NULL`, `\N1`, `\N2`, ..."""
    if marker == NULL_MARKER:
        return r"\NULL"
    number = 0 if marker == r"\NULL" else int(marker.removeprefix(NULL_MARKER))
    return f"{NULL_MARKER}{number + 1}"


class CsvWriter:
    """Writes value forms as CSV; flat memory, a batch at a time."""

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan], null: str) -> None:
        self._sink = sink
        self._null = null
        self.options = {"null": null}
        # pandas skips a blank line, which in a table of one column is a row: quote all texts there.
        self._quote: Literal["necessary", "non_numeric"] = "necessary" if len(fields) > 1 else "non_numeric"
        self._append(pl.DataFrame(schema={field.name: pl.String for field in fields}), header=True)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows.

        Raises:
            MarkerCollisionError: a text equals the marker for NULL; the error has the options with which to
                write the table again.
        """
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            # Quoting the text would not suffice: pandas and DuckDB read a quoted marker as NULL too.
            if pc.any(pc.equal(column, self._null)).as_py():
                raise MarkerCollisionError(name, {"null": next_marker(self._null)})
        for part in pl.DataFrame(batch).iter_slices(_SLICE_ROWS):
            self._append(part, header=False)

    def close(self) -> None:
        """Do nothing: every row is already written."""

    def _append(self, frame: pl.DataFrame, *, header: bool) -> None:
        buffer = io.BytesIO()
        frame.write_csv(
            buffer,
            include_header=header,
            line_terminator="\r\n",
            null_value=self._null,
            quote_style=self._quote,
        )
        self._sink.write(buffer.getbuffer())
