"""Reads CSV again with pyarrow (polars wrote it), in flat memory."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from afschrift.domain.plan import FieldPlan
from afschrift.formats.check.file_finding import UnreadableFileError, check_header

_BLOCK = 1 << 20  # larger ones leave the processor's cache
_LONGEST = 1 << 30  # a lost quote would otherwise take the rest of the file into memory
_FEW = 4_096
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_csv(
    stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """Batches of value forms (see `domain.file_format.Reader`).

    Raises:
        UnreadableError: `encoding`, `header` or `malformed`.
    """
    names: list[str] | None = None
    rows = 0
    for block in _whole_records(stream):
        table = _parse(block, names, options, rows)
        if names is None:
            names = _names(table)
            check_header(names, fields)
        yield from table.to_batches()
        rows += table.num_rows
    require_header(found=names is not None)


def _names(table: pa.Table) -> list[str]:
    try:
        return list(table.schema.names)
    except UnicodeDecodeError:  # Arrow looks at the bytes of values alone
        raise UnreadableFileError("encoding", "the file is UTF-8") from None


def require_header(*, found: bool) -> None:
    """A file has one, if nothing else.

    Raises:
        UnreadableFileError: `malformed`.
    """
    if not found:
        raise UnreadableFileError("malformed", "a CSV file begins with a header row")


def _whole_records(stream: BinaryIO) -> Iterator[memoryview]:
    """Blocks that end where a record ends; one grows as long as its longest record needs."""
    pending = b""
    first = True
    while block := stream.read(max(_BLOCK, len(pending))):
        pending += block
        require_begun(pending, first=first)
        if end := _last_record_end(pending):
            yield memoryview(pending)[:end]
            pending = pending[end:]
            first = False
    require_ended(pending)


def require_begun(pending: bytes, *, first: bool) -> None:
    """What is read of a record, or (`first`) of the file, may be the beginning of one.

    Raises:
        UnreadableFileError: `encoding` or `malformed`.
    """
    if first and pending.startswith(_BYTE_ORDER_MARK):
        raise UnreadableFileError("encoding", "the file is UTF-8 without a byte order mark")
    if len(pending) > _LONGEST:
        raise UnreadableFileError("malformed", "quotes come in pairs, and a record is shorter than 1 GiB")


def require_ended(pending: bytes) -> None:
    """Nothing is left behind the last record.

    Raises:
        UnreadableFileError: `malformed`.
    """
    if pending:
        raise UnreadableFileError("malformed", "every record ends with CRLF (RFC 4180), the last one too")


def _last_record_end(data: bytes) -> int:
    """Where the last CRLF outside quotes ends: an even number of quotes stands before it."""
    end = data.rfind(b"\r\n")
    quotes = _quotes(data, 0, end) if end >= 0 else 0
    while end >= 0 and quotes % 2:
        before = data.rfind(b"\r\n", 0, end)
        quotes -= _quotes(data, before, end) if before >= 0 else quotes
        end = before
    return end + 2 if end >= 0 else 0


def _quotes(data: bytes, start: int, end: int) -> int:
    """How many there are; where there are many, four times as fast as `bytes.count`."""
    if end - start < _FEW:
        return data.count(b'"', start, end)
    return int(np.count_nonzero(np.frombuffer(data, np.uint8, end - start, start) == ord('"')))


def _parse(block: memoryview, names: list[str] | None, options: Mapping[str, str], rows: int) -> pa.Table:
    """One block; without names its first record is the header."""
    if block[:3] == _BYTE_ORDER_MARK:  # Arrow takes one off, and here it begins a value
        block = memoryview(_BYTE_ORDER_MARK + block)
    try:
        return _table(block, names, options)
    except pa.ArrowInvalid:  # its message quotes the row
        problem = fault(block, None)
    if problem.code == "malformed":
        header_rows = 1 if names is None else 0
        number = _faulty_row(block, names, options)
        problem.row = None if number is None else rows + number - header_rows
    raise problem


def _table(
    block: memoryview,
    names: list[str] | None,
    options: Mapping[str, str],
    handler: Callable[[Any], str] | None = None,
) -> pa.Table:
    return pacsv.read_csv(
        pa.BufferReader(pa.py_buffer(block)),
        # one thread, because only then a faulty row is known by number
        read_options=pacsv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
        # line breaks in values are taken all the same: this is about cutting, which was done here
        parse_options=pacsv.ParseOptions(
            newlines_in_values=False, ignore_empty_lines=False, invalid_row_handler=handler
        ),
        convert_options=pacsv.ConvertOptions(
            default_column_type=pa.string(),
            null_values=[options["null"]],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _faulty_row(block: memoryview, names: list[str] | None, options: Mapping[str, str]) -> int | None:
    """Number of the first row with too few or too many values, where that is the fault.

    The block must be UTF-8: Arrow decodes a row before it hands it over, and an error there is lost.
    """
    faulty: list[int | None] = []

    def stop(row: Any) -> str:
        faulty.append(row.number)
        return "error"

    with suppress(pa.ArrowInvalid):
        _table(block, names, options, stop)
    return faulty[0] if faulty else None


def fault(block: bytes | memoryview, row: int | None) -> UnreadableFileError:
    """What is told of a block that cannot be read.

    Args:
        block: from where a record begins; it may end within a character.
        row: at fault, from 1 and without the header, where it is known.
    """
    try:
        getincrementaldecoder("utf-8")().decode(block)
    except UnicodeDecodeError:
        return UnreadableFileError("encoding", "the file is UTF-8")
    return UnreadableFileError("malformed", "every row has a value for every column", row=row)
