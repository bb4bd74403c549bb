"""CSV by RFC 4180. Written by polars, read back by C or pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from afschrift.domain.files import Format, Writer
from afschrift.formats import native_library

if TYPE_CHECKING:
    from afschrift.domain.plan import FieldPlan

_COMPILED = native_library.library() is not None


def _write(sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Writer:
    """Open a writer; `options["null"]` is the marker for NULL."""
    from afschrift.formats.csv.writer import NULL_MARKER, CsvWriter

    return CsvWriter(sink, fields, options.get("null", NULL_MARKER))


def _read(stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Iterator[Any]:
    from afschrift.formats.csv.reader import read_csv

    return read_csv(stream, fields, options, compiled=_COMPILED)


CSV = Format(
    name="csv",
    extension="csv",
    media_type="text/csv",
    writer=_write,
    reader=_read,
    read_by=native_library.NAME if _COMPILED else "pyarrow",
    dialect={
        "delimiter": ",",
        "lineTerminator": "\r\n",
        "quoteChar": '"',
        "doubleQuote": True,
        "header": True,
    },
    reading=2,
)
