"""Reads Parquet back with DuckDB, a group of rows at a time; pyarrow wrote it.

Parquet is read from its end, so the whole compressed file is kept in memory. It never goes to a disk: staged
files are decrypted in memory only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
from fsspec.implementations.memory import MemoryFileSystem

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.file_finding import UnreadableFileError, check_header
from afschrift.values import scalars
from afschrift.values.written import ValueFormError, text_schema, written_kind

_ROWS = 65_536
_PATH = "memory://table.parquet"
_NAMES = "SELECT name FROM parquet_schema('memory://table.parquet')"
_TABLE = "FROM read_parquet('memory://table.parquet')"
# Parquet is built into DuckDB. A file that needs an extension must not make it download one.
_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def read_parquet(
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[pa.RecordBatch]:
    """Read batches of value forms (see `domain.files.Reader`).

    Raises:
        UnreadableFileError: `header` or `malformed`.
    """
    kinds = [written_kind(field) for field in fields]
    schema = text_schema(fields)
    try:
        with duckdb.connect(config=_ALONE) as connection:
            connection.register_filesystem(_OneFile(stream.read()))
            check_header(_names(connection), fields)
            # By position and not by name: DuckDB renames columns that differ in case only.
            for batch in connection.sql(_TABLE).to_arrow_reader(_ROWS):
                columns = [_texts(column, kind) for column, kind in zip(batch.columns, kinds, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
    except (duckdb.Error, pa.ArrowException, ValueFormError):
        # their messages may quote values
        raise UnreadableFileError("malformed", "the file is Parquet with the columns of the plan") from None


class _OneFile(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A file system with a single file, not shared with other readers."""

    cachable = False

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.store: dict[str, Any] = {}  # the attribute of the class is shared by all instances
        self.pseudo_dirs = [""]
        self.pipe_file(_PATH, data)


def _names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.sql(_NAMES).fetchall()
    return [name for (name,) in rows[1:]]  # the first one is the table itself


def _texts(column: pa.Array, kind: ValueKind) -> pa.Array:
    return column if pa.types.is_string(column.type) else scalars.text(column, kind)
