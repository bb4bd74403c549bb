"""Reads CSV again with `afschrift-native` (polars wrote it): blocks at a time, without the interpreter.

It is stricter than the reader on Arrow: quotes stand around a whole value, and no line break stands alone.
"""

from __future__ import annotations

import csv
import ctypes
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import BinaryIO

import pyarrow as pa

from afschrift.domain.plan import FieldPlan
from afschrift.formats.check.file_finding import UnreadableFileError, check_header
from afschrift.formats.csv.reader import fault, require_begun, require_ended, require_header
from afschrift.formats.native_library import ARROW_ARRAY, library
from afschrift.values.written import text_schema

_BLOCK = 1 << 19  # with what becomes of it, it stays in the processor's cache
_READ, _NO_MEMORY = 0, 3
_UNQUOTED = "values that hold quotes or line breaks stand in quotes, and records end with CRLF (RFC 4180)"


class _Seen(ctypes.Structure):
    """What became of a block: see native/src/csv.c."""

    _fields_ = (
        ("records", ctypes.c_int64),
        ("bytes", ctypes.c_int64),
        ("row", ctypes.c_int64),
        ("uneven", ctypes.c_int32),
    )


def read_csv(
    stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """Batches of value forms (see `domain.file_format.Reader`).

    Raises:
        UnreadableFileError: `encoding`, `header` or `malformed`.
    """
    pending = b""
    rows = -1  # the header is the first record
    with closing(_Compiled(fields, options["null"])) as compiled:
        while block := stream.read(max(_BLOCK, len(pending))):
            pending += block
            require_begun(pending, first=rows < 0)
            batch, size = compiled.read(pending, rows)
            if not batch.num_rows:  # its first record goes on
                continue
            pending = pending[size:]
            if rows < 0:
                names = [column[0].as_py() for column in batch.columns]
                check_header([options["null"] if name is None else name for name in names], fields)
            yield batch.slice(1) if rows < 0 else batch
            rows += batch.num_rows
    require_ended(pending)
    require_header(found=rows >= 0)


class _Compiled:
    """The reader of native/src/csv.c, for one file."""

    def __init__(self, fields: Sequence[FieldPlan], marker: str) -> None:
        found = library()
        assert found is not None
        self._library, self._fields = found, fields
        self._schema = text_schema(fields)
        self._array = ARROW_ARRAY()
        self._seen = _Seen()
        text = marker.encode()
        self._reader: int | None = found.afschrift_csv_open(len(fields), text, len(text))
        if self._reader is None:
            raise MemoryError

    def close(self) -> None:
        self._library.afschrift_csv_close(self._reader)

    def read(self, block: bytes, rows: int) -> tuple[pa.RecordBatch, int]:
        """The whole records at the beginning of a block, and their bytes.

        Args:
            block: from where a record begins.
            rows: that were read before it; -1: the header neither.
        """
        array, seen = ctypes.addressof(self._array), self._seen
        verdict = self._library.afschrift_csv_read(self._reader, block, len(block), array, ctypes.byref(seen))
        if verdict == _NO_MEMORY:
            raise MemoryError
        if verdict != _READ:
            raise self._fault(block, rows)
        return pa.RecordBatch._import_from_c(array, self._schema), seen.bytes

    def _fault(self, block: bytes, rows: int) -> UnreadableFileError:
        seen = self._seen
        told = fault(block, rows + seen.row + 1 if seen.uneven else None)
        if told.code == "malformed" and not seen.uneven:
            return UnreadableFileError("malformed", _UNQUOTED)
        if told.code == "malformed" and rows < 0 and seen.row == 0:
            check_header(_first_record(block), self._fields)
        return told


def _first_record(block: bytes) -> list[str]:
    """Of another number of values than there are columns."""
    with suppress(csv.Error, StopIteration):
        return next(csv.reader(io.StringIO(block.decode(errors="replace"), newline=""), strict=True))
    return []
