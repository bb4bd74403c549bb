"""Reads JSON and NDJSON again with msgspec (pyarrow joined the texts), in flat memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.check.file_finding import UnreadableFileError, check_header
from afschrift.formats.json.record_runs import SEPARATOR, whole_lines, whole_records
from afschrift.values.written import text_schema, written_kind

WRITTEN = "every object has each member of the plan once, in order, with its name as it is written"
_BEGINS = SEPARATOR + b"{"
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


def read_json(
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[pa.RecordBatch]:
    """Batches of value forms of an array with one object a line (see `domain.file_format.Reader`).

    Raises:
        UnreadableError: `encoding`, `header` or `malformed`.
    """
    return _read(whole_records(stream), fields)


def read_ndjson(
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[pa.RecordBatch]:
    """Batches of value forms of lines with one object each (see `domain.file_format.Reader`).

    Raises:
        UnreadableError: `encoding`, `header` or `malformed`.
    """
    return _read((as_records(lines) for lines in whole_lines(stream)), fields)


def as_records(lines: bytes) -> bytes:
    """A run of lines as one of records of an array."""
    return lines.replace(b"\n", SEPARATOR)


def _read(runs: Iterator[bytes], fields: Sequence[FieldPlan]) -> Iterator[pa.RecordBatch]:
    reader = RunReader(fields)
    rows = 0
    for records in runs:
        batch = reader.read(records, rows)
        yield batch
        rows += batch.num_rows


class RunReader:
    """Reads runs of records.

    Args:
        fields: the selected columns of the plan.
    """

    def __init__(self, fields: Sequence[FieldPlan]) -> None:
        self._fields = fields
        self._names = [field.name for field in fields]
        self._kinds = [written_kind(field) for field in fields]
        self._encoded = [msgspec.json.encode(name) + b":" for name in self._names]
        self._schema = text_schema(fields)

    def read(self, records: bytes, rows: int) -> pa.RecordBatch:
        """The value forms of a run.

        Args:
            records: `{...},` newline `{...}`.
            rows: how many were read before.

        Raises:
            UnreadableFileError: `encoding`, `header` or `malformed`.
        """
        if not rows:
            check_header(_names(records), self._fields)
        try:
            found = _ROWS.decode(b"[" + records + b"]")
            texts = self._columns(found)
        except _UNREADABLE as error:
            raise self._fault(error, records, rows) from None
        batch = pa.RecordBatch.from_arrays(texts, schema=self._schema)
        begun = records.startswith(b"{") + records.count(_BEGINS)
        if not batch.num_rows == begun == records.count(b"\n") + 1:
            raise UnreadableFileError("malformed", "every object stands on a line of its own")
        # of two members of the same name the decoder takes the last one without a word
        spelt = self._spelt(found)
        if spelt != records and _compact(spelt) != _compact(records):
            raise UnreadableFileError("malformed", WRITTEN)
        return batch

    def _columns(self, found: list[dict[str, msgspec.Raw]]) -> list[pa.Array]:
        if any(list(row) != self._names for row in found):
            raise msgspec.ValidationError
        return [
            _texts([row[name] for row in found], kind)
            for name, kind in zip(self._names, self._kinds, strict=True)
        ]

    def _spelt(self, found: list[dict[str, msgspec.Raw]]) -> bytes:
        """The run as it is written where it holds these members and nothing else."""
        rows = (map(_joined, self._encoded, row.values()) for row in found)
        return SEPARATOR.join(b"{%b}" % b",".join(row) for row in rows)

    def _fault(self, error: Exception, records: bytes, rows: int) -> UnreadableFileError:
        """The first faulty row of a run of records."""
        if isinstance(error, UnicodeDecodeError | pa.ArrowInvalid):
            return UnreadableFileError("encoding", "the file is UTF-8")
        rule = "every row is one JSON object with the columns of the plan and values of their types"
        for number, record in enumerate(records.split(SEPARATOR), start=rows + 1):
            try:
                found = _ROWS.decode(b"[" + record + b"]")
                self._columns(found)
            except _UNREADABLE:
                found = []
            if len(found) != 1:  # none on an empty line
                return UnreadableFileError("malformed", rule, row=number)
        return UnreadableFileError("malformed", rule)


def _joined(name: bytes, value: msgspec.Raw) -> bytes:
    return name + bytes(value)


def _compact(records: bytes) -> bytes:
    """Without the blanks that JSON allows, but for those before a colon, which no name is written with."""
    return _BLANKS.sub(rb"\1", records)


def _names(records: bytes) -> list[str]:
    first = records.split(SEPARATOR, 1)[0]
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
    """The texts as they stand in the file, where each is on one line."""
    ends = np.flatnonzero(np.frombuffer(b"\n".join([*values, b""]), np.uint8) == ord("\n"))
    if len(ends) != len(values):
        raise UnreadableFileError("malformed", "every object stands on a line of its own")
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
