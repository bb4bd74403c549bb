"""Reads the files of a log a second time, by pyarrow: columns by their names or ids there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from afschrift.sources.duckdb.lake_reconciliation import LakeReconciliation, Numbers, rows_of
from afschrift.sources.duckdb.lake_values import document_forms, file_texts, part_of_column, united
from afschrift.sources.lakehouse.log_table import LogField, LogTable
from afschrift.sources.lakehouse.stored_fields import renamed, stored_in


class LogReconciliation(LakeReconciliation):
    """As `LakeReconciliation`, over the files of a log.

    Args:
        given: see there.
        log: the version of the table.
    """

    def __init__(self, *given: Any, log: LogTable) -> None:
        super().__init__(*given)
        self._log = log
        self._fields = {of.name.lower(): of for of in log.fields}
        self._at = {file.name: at for at, file in enumerate(log.files)}

    def _texts(self, file: str, numbers: Numbers, columns: Sequence[str]) -> Iterator[list[pa.Array]]:
        of = {name: self._fields[self._of(name).lower()] for name in columns}
        with self._open(file) as stream, pq.ParquetFile(stream) as opened:
            schema = opened.schema_arrow
            found = {
                of.name: stored_in(schema, of)
                for of in of.values()
                if self._log.stored_partitions or of.name not in self._log.partitions
            }
            wanted = [field for field in found.values() if field is not None] or [schema.field(0)]
            for rows in rows_of(opened, numbers, pa.schema(wanted)):
                yield [
                    self._of_table(file, rows, of[name], found.get(of[name].name), name) for name in columns
                ]

    def _of(self, name: str) -> str:
        return self._parts[name].column if name in self._parts else name

    def _of_table(
        self, file: str, rows: pa.RecordBatch, of: LogField, found: pa.Field | None, name: str
    ) -> pa.Array:
        kind, part = self._kinds[name], self._parts.get(name)
        if found is None and of.name in self._log.partitions:
            value = self._log.partitions[of.name][self._at[file]]
            column = pa.array([value.as_py()] * len(rows), value.type)
        elif found is None:
            column = pa.repeat(default_of(of), len(rows))
        else:
            column = renamed(rows.column(found.name), of, found)
            column = column.cast(united(column.type, duckdb.dtype(of.native)))
        if part is None:
            return file_texts(column, kind)
        return document_forms(file_texts(part_of_column(column, part), kind), kind)


@cache
def default_of(of: LogField) -> pa.Scalar:
    """The value of a column in rows of files without it."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        value = con.sql(f"SELECT CAST({of.default} AS {of.native or 'VARCHAR'})").to_arrow_table().column(0)
    return value[0]
