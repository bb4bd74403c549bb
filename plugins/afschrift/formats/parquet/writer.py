"""Parquet with zstd: a column is typed if its type gives back every value form exactly, else it is text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from afschrift.domain.errors import RewriteError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.values import scalars
from afschrift.values.written import ValueFormError, written_kind

# Decimals stay text: their scale may differ from row to row, and a decimal type knows one.
_TYPES: dict[ValueKind, pa.DataType] = {
    ValueKind.INTEGER: pa.int64(),
    ValueKind.NUMBER: pa.float64(),
    ValueKind.BOOLEAN: pa.bool_(),
    ValueKind.DATE: pa.date32(),
    ValueKind.DATETIME: pa.timestamp("us"),
    ValueKind.INSTANT: pa.timestamp("us", "UTC"),
}
# A group ends after a whole number of blocks, so at the same row however the rows were batched.
_BLOCK_ROWS = 1_024
_GROUP_ROWS = 64 * _BLOCK_ROWS
_GROUP_BYTES = 64 << 20


class ParquetWriter:
    """Writes value forms as Parquet; keeps one group of rows in memory."""

    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> None:
        self._as_text: list[str] = json.loads(options.get("text", "[]"))
        # the columns that are text although their kind has a type
        self.options = {"text": json.dumps(self._as_text)} if self._as_text else {}
        self._kinds = [written_kind(field) for field in fields]
        types = [
            pa.string() if field.name in self._as_text else _TYPES.get(kind, pa.string())
            for field, kind in zip(fields, self._kinds, strict=True)
        ]
        self._schema = pa.schema(list(zip((field.name for field in fields), types, strict=True)))
        self._file = pq.ParquetWriter(sink, self._schema, compression="zstd")
        self._group: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows.

        Raises:
            RewriteError: values of a column do not fit its type; the error has the options with which to
                write the table again with text there.
        """
        typed = self._typed(batch)
        while typed.num_rows:
            part = typed.slice(0, _BLOCK_ROWS - self._rows % _BLOCK_ROWS)
            typed = typed.slice(part.num_rows)
            self._group.append(part)
            self._rows += part.num_rows
            self._bytes += part.nbytes
            full = self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES
            if full and self._rows % _BLOCK_ROWS == 0:
                self._flush()

    def close(self) -> None:
        """Write the last group and the footer."""
        if self._group:
            self._flush()
        self._file.close()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._group, self._schema).combine_chunks()
        self._file.write_table(table, row_group_size=max(self._rows, 1))
        self._group = []
        self._rows = self._bytes = 0

    def _typed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = []
        unfit = []
        for column, field, kind in zip(batch.columns, self._schema, self._kinds, strict=True):
            typed = column if pa.types.is_string(field.type) else _cast_exactly(column, field.type, kind)
            if typed is None:
                unfit.append(field.name)
            columns.append(typed)
        if unfit:
            raise RewriteError(unfit[0], {"text": json.dumps(sorted([*self._as_text, *unfit]))})
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)


def _cast_exactly(texts: pa.Array, to: pa.DataType, kind: ValueKind) -> pa.Array | None:
    """Cast the texts to a type; None if the type would not give back the same texts."""
    try:
        typed = texts.cast(to)
        return typed if scalars.text(typed, kind).equals(texts) else None
    except (pa.ArrowException, ValueFormError):
        return None
