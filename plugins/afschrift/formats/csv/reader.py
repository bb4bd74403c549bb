"""Reads CSV back in flat memory, with `afschrift-native` or pyarrow; polars wrote it.

The compiled reader accepts the grammar of RFC 4180 and nothing else. Arrow's accepts more: quotes in the
middle of a value, and line breaks other than CRLF.
"""

from __future__ import annotations

import csv
import ctypes
import io
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from afschrift.domain.plan import FieldPlan
from afschrift.formats.file_finding import UnreadableFileError, check_header
from afschrift.formats.native_library import ARROW_ARRAY, library
from afschrift.values.written import text_schema

_BLOCK = 1 << 19  # a block and its columns stay in the processor's cache
_LONGEST = 1 << 30  # else a missing quote would take the rest of the file into memory
_FEW = 4_096
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_READ, _NO_MEMORY = 0, 3
_UNQUOTED = "values with quotes or line breaks are quoted, and records end with CRLF (RFC 4180)"


def read_csv(
    stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str], *, compiled: bool
) -> Iterator[pa.RecordBatch]:
    """Read batches of value forms (see `domain.files.Reader`).

    Args:
        stream: the file.
        fields: its columns.
        options: `null` is the marker for NULL.
        compiled: read with `afschrift-native`, else with pyarrow.

    Raises:
        UnreadableFileError: `encoding`, `header` or `malformed`.
    """
    marker = options["null"]
    pending, rows = b"", -1  # the header is the first record
    with closing(_Compiled(fields, marker) if compiled else _Arrow(fields, marker)) as reader:
        while block := stream.read(max(_BLOCK, len(pending))):
            pending += block
            _check_begun(pending, first=rows < 0)
            batches, size = reader.read(pending, rows)
            pending = pending[size:] if size else pending
            for batch in batches:
                if rows < 0:
                    names = [column[0].as_py() for column in batch.columns]
                    check_header([marker if name is None else name for name in names], fields)
                yield batch.slice(1) if rows < 0 else batch
                rows += batch.num_rows
    if pending:
        raise UnreadableFileError("malformed", "every record ends with CRLF (RFC 4180), the last one too")
    if rows < 0:
        raise UnreadableFileError("malformed", "a CSV file begins with a header row")


def _check_begun(pending: bytes, *, first: bool) -> None:
    """Refuse a byte order mark at the start of the file (`first`), and a record that is too long."""
    if first and pending.startswith(_BYTE_ORDER_MARK):
        raise UnreadableFileError("encoding", "the file is UTF-8 without a byte order mark")
    if len(pending) > _LONGEST:
        raise UnreadableFileError("malformed", "quotes come in pairs, and a record is shorter than 1 GiB")


class _Seen(ctypes.Structure):
    """`struct csv_seen` of native/src/csv.c."""

    _fields_ = (
        ("records", ctypes.c_int64),
        ("bytes", ctypes.c_int64),
        ("row", ctypes.c_int64),
        ("uneven", ctypes.c_int32),
    )


class _Compiled:
    """The reader in native/src/csv.c, for one file."""

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

    def read(self, block: bytes, rows: int) -> tuple[list[pa.RecordBatch], int]:
        """Read the complete records at the start of a block; return their batches and their size in bytes.

        Args:
            block: begins with a record.
            rows: number of rows read before; -1 if the header was not read either.
        """
        array, seen = ctypes.addressof(self._array), self._seen
        verdict = self._library.afschrift_csv_read(self._reader, block, len(block), array, ctypes.byref(seen))
        if verdict == _NO_MEMORY:
            raise MemoryError
        if verdict != _READ:
            raise _fault(block, self._fields, rows + seen.row + 1 if seen.uneven else None, _UNQUOTED)
        batch = pa.RecordBatch._import_from_c(array, self._schema)
        return [batch] if batch.num_rows else [], seen.bytes


class _Arrow:
    """The reader by pyarrow, for one file."""

    def __init__(self, fields: Sequence[FieldPlan], marker: str) -> None:
        self._fields, self._marker = fields, marker

    def close(self) -> None:
        """Do nothing: no resource is open."""

    def read(self, block: bytes, rows: int) -> tuple[list[pa.RecordBatch], int]:
        """As `_Compiled.read`."""
        size = _last_record_end(block)
        if not size:
            return [], 0
        records = memoryview(block)[:size]
        # Arrow removes a byte order mark at the start of a block, where it belongs to a value.
        if block.startswith(_BYTE_ORDER_MARK):
            records = memoryview(_BYTE_ORDER_MARK + records)
        try:
            return self._table(records).to_batches(), size
        except pa.ArrowInvalid:  # its message quotes the row
            number = self._uneven_record(records) if _is_utf_8(records) else None
        raise _fault(records, self._fields, None if number is None else rows + number)

    def _table(self, block: memoryview, handler: Callable[[Any], str] | None = None) -> pa.Table:
        names = [field.name for field in self._fields]
        return pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(block)),
            # Only with a single thread is the number of a faulty row known.
            read_options=pacsv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
            # Values may hold line breaks all the same: the option is about cutting blocks, which is done
            # here.
            parse_options=pacsv.ParseOptions(
                newlines_in_values=False, ignore_empty_lines=False, invalid_row_handler=handler
            ),
            convert_options=pacsv.ConvertOptions(
                default_column_type=pa.string(),
                null_values=[self._marker],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    def _uneven_record(self, block: memoryview) -> int | None:
        """Number of the first record with too few or too many values, if that is the fault.

        The block must be UTF-8: Arrow decodes a row before it calls the handler, and an error there is lost.
        """
        faulty: list[int | None] = []

        def stop(row: Any) -> str:
            faulty.append(row.number)
            return "error"

        with suppress(pa.ArrowInvalid):
            self._table(block, stop)
        return faulty[0] if faulty else None


def _last_record_end(data: bytes) -> int:
    """End of the last CRLF outside quotes: one with an even number of quotes before it."""
    end = data.rfind(b"\r\n")
    quotes = _quotes(data, 0, end) if end >= 0 else 0
    while end >= 0 and quotes % 2:
        before = data.rfind(b"\r\n", 0, end)
        quotes -= _quotes(data, before, end) if before >= 0 else quotes
        end = before
    return end + 2 if end >= 0 else 0


def _quotes(data: bytes, start: int, end: int) -> int:
    """Count quotes; for long stretches with numpy, which is four times as fast as `bytes.count`."""
    if end - start < _FEW:
        return data.count(b'"', start, end)
    return int(np.count_nonzero(np.frombuffer(data, np.uint8, end - start, start) == ord('"')))


def _fault(
    block: bytes | memoryview, fields: Sequence[FieldPlan], row: int | None, otherwise: str = ""
) -> UnreadableFileError:
    """The error for a block that cannot be read.

    Args:
        block: begins with a record; may end within a character.
        fields: the columns.
        row: number of the record with too few or too many values, from 1; 0 for the header; None if unknown.
        otherwise: the rule that is broken if all records have a value for every column.
    """
    if not _is_utf_8(block):
        return UnreadableFileError("encoding", "the file is UTF-8")
    if row is None and otherwise:
        return UnreadableFileError("malformed", otherwise)
    if row == 0:
        check_header(_first_record(bytes(block)), fields)
    return UnreadableFileError("malformed", "every row has a value for every column", row=row or None)


def _is_utf_8(block: bytes | memoryview) -> bool:
    with suppress(UnicodeDecodeError):
        getincrementaldecoder("utf-8")().decode(block)
        return True
    return False


def _first_record(block: bytes) -> list[str]:
    with suppress(csv.Error, StopIteration):
        return next(csv.reader(io.StringIO(block.decode(errors="replace"), newline=""), strict=True))
    return []
