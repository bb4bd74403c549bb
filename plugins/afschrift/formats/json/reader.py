"""Reads JSON and NDJSON back in flat memory, with `afschrift-native` or msgspec; pyarrow wrote them.

A file is cut into runs of complete records. The compiled reader reads a run without the interpreter, and
returns its columns through Arrow's C data interface. A run that it refuses is read again with msgspec,
which knows the reason in words. If that one accepts the run, the two readers disagree, which is an error too.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from typing import Any, BinaryIO

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.file_finding import UnreadableFileError, check_header
from afschrift.formats.native_library import ARROW_ARRAY, library
from afschrift.values.written import text_schema, written_kind

_SEPARATOR = b",\n"
"""Between the records of an array. A value holds no line break: JSON strings escape it."""
_BEGINS = _SEPARATOR + b"{"
_BLOCK = 1 << 19  # the objects of a larger block do not fit into the processor's cache
_WRITTEN = "every object has each member of the plan once, in order, with its name as it is written"
_BLANKS = re.compile(rb'("(?:[^"\\]|\\.)*+")|[ \t\r]++(?!:)', re.DOTALL)
_ROWS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_TEXTS = msgspec.json.Decoder(list[str | None])
_CELLS: dict[ValueKind, msgspec.json.Decoder[Any]] = {
    ValueKind.INTEGER: msgspec.json.Decoder(list[int | str | None]),
    ValueKind.NUMBER: msgspec.json.Decoder(list[float | str | None]),
    ValueKind.BOOLEAN: msgspec.json.Decoder(list[bool | None]),
}
_NUMBERS = {ValueKind.INTEGER: pa.int64(), ValueKind.NUMBER: pa.float64()}
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, pa.ArrowInvalid)

_TEXT = 0
_KINDS = {ValueKind.INTEGER: 1, ValueKind.NUMBER: 2, ValueKind.BOOLEAN: 3, ValueKind.JSON: 4}
_READ, _REFUSED, _LEFT, _NO_MEMORY = range(4)


def read_records(
    stream: BinaryIO, fields: Sequence[FieldPlan], *, lines: bool, compiled: bool
) -> Iterator[pa.RecordBatch]:
    """Read batches of value forms from an array with one object a line (see `domain.files.Reader`).

    Args:
        stream: the file.
        fields: its columns.
        lines: the file is NDJSON: lines with one object each, and no array around them.
        compiled: read with `afschrift-native` first, else with msgspec alone.

    Raises:
        UnreadableFileError: `encoding`, `header` or `malformed`.
    """
    second = _RunReader(fields)
    rows = 0
    with closing(_Compiled(fields, lines=lines)) if compiled else nullcontext() as first:
        for run in _whole_lines(stream) if lines else _whole_records(stream):
            verdict, batch = first.read(run) if first else (_LEFT, None)
            if batch is None:
                batch = second.read(run.replace(b"\n", _SEPARATOR) if lines else run, rows)
            if first and verdict == _REFUSED:
                raise UnreadableFileError("malformed", _WRITTEN, row=rows + first.refused_record + 1)
            yield batch
            rows += batch.num_rows


def _split_last(pending: bytes, block: bytes, separator: bytes) -> tuple[bytes | None, bytes]:
    """Split at the last separator, if there is one, so that few bytes are copied twice."""
    end = block.rfind(separator)
    if end >= 0:
        return b"".join((pending, memoryview(block)[:end])), block[end + len(separator) :]
    pending += block
    end = pending.rfind(separator)  # it may begin in `pending` and end in `block`
    return (None, pending) if end < 0 else (pending[:end], pending[end + len(separator) :])


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Runs of complete lines, without the last line break."""
    pending = b""
    while block := stream.read(max(_BLOCK, len(pending))):
        run, pending = _split_last(pending, block, b"\n")
        if run is not None:
            yield run
    if pending:
        raise UnreadableFileError("malformed", "every line is ended, the last one too")


def _whole_records(stream: BinaryIO) -> Iterator[bytes]:
    """Runs of `{...},` newline `{...}`; checks the brackets around them."""
    pending = b""
    opened = False
    while block := stream.read(max(_BLOCK, len(pending))):
        if not opened:
            pending += block
            if len(pending) <= 2 or pending == b"[]\n":  # more may follow
                continue
            if not pending.startswith(b"[\n"):
                raise UnreadableFileError("malformed", "the document is an array with one object a line")
            block, pending = pending[2:], b""
            opened = True
        run, pending = _split_last(pending, block, _SEPARATOR)
        if run is not None:
            yield run
    if not opened:
        if pending != b"[]\n":
            raise UnreadableFileError("malformed", "the document is an array with one object a line")
        return
    if not pending.endswith(b"\n]\n"):
        raise UnreadableFileError("malformed", "the array is closed at the end of the file")
    yield pending[:-3]


class _RunReader:
    """The reader by msgspec."""

    def __init__(self, fields: Sequence[FieldPlan]) -> None:
        self._fields = fields
        self._first_names = [field.name for field in fields]
        self._kinds = [written_kind(field) for field in fields]
        self._encoded = [msgspec.json.encode(name) + b":" for name in self._first_names]
        self._schema = text_schema(fields)

    def read(self, records: bytes, rows: int) -> pa.RecordBatch:
        """Read the value forms of a run.

        Args:
            records: `{...},` newline `{...}`.
            rows: number of rows read before.

        Raises:
            UnreadableFileError: `encoding`, `header` or `malformed`.
        """
        if not rows:
            check_header(_first_names(records), self._fields)
        try:
            found = _ROWS.decode(b"[" + records + b"]")
            texts = self._columns(found)
        except _UNREADABLE as error:
            raise self._fault(error, records, rows) from None
        batch = pa.RecordBatch.from_arrays(texts, schema=self._schema)
        begun = records.startswith(b"{") + records.count(_BEGINS)
        if not batch.num_rows == begun == records.count(b"\n") + 1:
            raise UnreadableFileError("malformed", "every object is on a line of its own")
        # Of two members with the same name the decoder takes the last one and reports nothing.
        spelt = self._spell(found)
        if spelt != records and _compact(spelt) != _compact(records):
            raise UnreadableFileError("malformed", _WRITTEN)
        return batch

    def _columns(self, found: list[dict[str, msgspec.Raw]]) -> list[pa.Array]:
        if any(list(row) != self._first_names for row in found):
            raise msgspec.ValidationError
        return [
            _texts([row[name] for row in found], kind)
            for name, kind in zip(self._first_names, self._kinds, strict=True)
        ]

    def _spell(self, found: list[dict[str, msgspec.Raw]]) -> bytes:
        """Write the run again from its members, as our writer does."""
        rows = (map(_member, self._encoded, row.values()) for row in found)
        return _SEPARATOR.join(b"{%b}" % b",".join(row) for row in rows)

    def _fault(self, error: Exception, records: bytes, rows: int) -> UnreadableFileError:
        """The error with the first faulty row of a run."""
        if isinstance(error, UnicodeDecodeError | pa.ArrowInvalid):
            return UnreadableFileError("encoding", "the file is UTF-8")
        rule = "every row is one JSON object with the columns of the plan and values of their types"
        for number, record in enumerate(records.split(_SEPARATOR), start=rows + 1):
            try:
                found = _ROWS.decode(b"[" + record + b"]")
                self._columns(found)
            except _UNREADABLE:
                found = []
            if len(found) != 1:  # an empty line has none
                return UnreadableFileError("malformed", rule, row=number)
        return UnreadableFileError("malformed", rule)


def _member(name: bytes, value: msgspec.Raw) -> bytes:
    return name + bytes(value)


def _compact(records: bytes) -> bytes:
    """Remove the white space that JSON allows, except before a colon, where our writer never puts any."""
    return _BLANKS.sub(rb"\1", records)


def _first_names(records: bytes) -> list[str]:
    first = records.split(_SEPARATOR, 1)[0]
    try:
        return list(msgspec.json.decode(first, type=dict[str, msgspec.Raw]))
    except _UNREADABLE:
        raise UnreadableFileError("malformed", "every row is one JSON object", row=1) from None


def _texts(spelt: Sequence[msgspec.Raw], kind: ValueKind) -> pa.Array:
    """Value forms of a column."""
    if kind is ValueKind.JSON:
        return _documents(spelt)
    values = _CELLS.get(kind, _TEXTS).decode(b"[" + b",".join(spelt) + b"]")
    if kind is ValueKind.BOOLEAN:
        return pa.array(values, pa.bool_()).cast(pa.string())
    if kind in _NUMBERS:
        try:
            return pa.array(values, _NUMBERS[kind]).cast(pa.string())
        except (pa.ArrowInvalid, OverflowError):
            return _with_strings(values, kind)  # large integers, NaN, INF
    return pa.array(values, pa.string())


def _documents(values: Sequence[msgspec.Raw]) -> pa.Array:
    """The documents' texts as written in the file, each on one line."""
    ends = np.flatnonzero(np.frombuffer(b"\n".join([*values, b""]), np.uint8) == ord("\n"))
    if len(ends) != len(values):
        raise UnreadableFileError("malformed", "every object is on a line of its own")
    offsets = np.concatenate(([0], ends - np.arange(len(ends)))).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    texts = pa.Array.from_buffers(pa.string(), len(values), buffers)
    texts.validate(full=True)
    nothing = pc.equal(texts, "null")
    return pc.if_else(nothing, pa.scalar(None, pa.string()), texts) if pc.any(nothing).as_py() else texts


def _with_strings(values: Sequence[Any], kind: ValueKind) -> pa.Array:
    if kind is ValueKind.INTEGER:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    strings = [value if isinstance(value, str) else None for value in values]
    numbers = [None if isinstance(value, str) else value for value in values]
    return pc.coalesce(pa.array(strings, pa.string()), pa.array(numbers, pa.float64()).cast(pa.string()))


class _Compiled:
    """The reader in native/src/reader.c, for one file."""

    def __init__(self, fields: Sequence[FieldPlan], *, lines: bool) -> None:
        found = library()
        assert found is not None
        self._library, self._lines = found, lines
        kinds = [written_kind(field) for field in fields]
        self._numbers = [kind is ValueKind.NUMBER for kind in kinds]
        self._schema = text_schema(fields)
        parts = [2 if number else 1 for number in self._numbers]
        self._handed = pa.schema([pa.field(str(place), pa.string()) for place in range(sum(parts))])
        self._array = ARROW_ARRAY()
        self._respell = (ctypes.c_uint8 * len(kinds))()
        self._row = ctypes.c_int64()
        self._reader = self._open([msgspec.json.encode(field.name) + b":" for field in fields], kinds)

    def _open(self, names: list[bytes], kinds: list[ValueKind]) -> int:
        ends = (ctypes.c_int64 * len(names))()
        end = 0
        for place, name in enumerate(names):
            ends[place] = end = end + len(name)
        numbers = bytes(_KINDS.get(kind, _TEXT) for kind in kinds)
        reader: int | None = self._library.afschrift_open(len(names), b"".join(names), ends, numbers)
        if reader is None:
            raise MemoryError
        return reader

    @property
    def refused_record(self) -> int:
        """Number of the refused record in the last run, from 0."""
        return self._row.value

    def close(self) -> None:
        self._library.afschrift_close(self._reader)

    def read(self, run: bytes) -> tuple[int, pa.RecordBatch | None]:
        """Return the verdict, and the value forms if the run was read."""
        array = ctypes.addressof(self._array)
        verdict: int = self._library.afschrift_read(
            self._reader, run, len(run), self._lines, array, self._respell, ctypes.byref(self._row)
        )
        if verdict == _NO_MEMORY:
            raise MemoryError
        if verdict != _READ:
            return verdict, None
        return verdict, self._batch(pa.RecordBatch._import_from_c(array, self._handed))

    def _batch(self, handed: pa.RecordBatch) -> pa.RecordBatch:
        """Merge columns: of a column of numbers, C returns one of its JSON numbers and one of its strings."""
        columns = iter(handed.columns)
        texts = [
            _numbers(next(columns), next(columns), respell=respell) if number else next(columns)
            for number, respell in zip(self._numbers, self._respell, strict=True)
        ]
        return pa.RecordBatch.from_arrays(texts, schema=self._schema)


def _numbers(numbers: pa.Array, strings: pa.Array, *, respell: int) -> pa.Array:
    if respell:  # the file may spell a number differently than Arrow does
        numbers = numbers.cast(pa.float64()).cast(pa.string())
    return numbers if strings.null_count == len(strings) else pc.coalesce(strings, numbers)
