"""Parquet. Written by pyarrow, read back by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from afschrift.app.extras import require
from afschrift.domain.files import Format, Writer
from afschrift.domain.value_kind import ValueKind

if TYPE_CHECKING:
    from afschrift.domain.plan import FieldPlan

_EXTRA = "duckdb"


def _write(sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Writer:
    """Open a writer; `options["text"]` lists the columns to write as text (a JSON array)."""
    _require()  # before anything is written that could not be read back
    from afschrift.formats.parquet.writer import ParquetWriter

    return ParquetWriter(sink, fields, options)


def _read(stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Iterator[Any]:
    _require()  # another worker may have written the file, and have the library
    from afschrift.formats.parquet.reader import read_parquet

    return read_parquet(stream, fields, options)


def _require() -> None:
    require(_EXTRA, "The format parquet")


PARQUET = Format(
    name="parquet",
    extension="parquet",
    media_type="application/vnd.apache.parquet",
    writer=_write,
    reader=_read,
    read_by="DuckDB",
    counted=False,
    missing={ValueKind.INTEGER: "nan"},  # it reads Parquet through pandas, whose integers know no NULL
    note="A column with a value that its Parquet type cannot hold is text, as all decimals are.",
    extra=_EXTRA,
    reading=5,
)
