"""Reads JSON and NDJSON again with msgspec (pyarrow joined the texts), in flat memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress, repeat
from typing import Any, BinaryIO

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.check.file_finding import UnreadableFileError, check_header
from afschrift.formats.json.record_runs import SEPARATOR, whole_lines, whole_records
from afschrift.values.buffers import text_bytes
from afschrift.values.kind_patterns import PATTERNS
from afschrift.values.written import text_schema, written_kind

_BEGINS = SEPARATOR + b"{"
_MEMBER = b'":'  # the decoder takes the last of two members without a word, so names are counted
_SPELT = (rb"\u0022", rb"\u003a", rb"\u003A")  # the signs of that one, as no writer of ours spells them
_TYPES: dict[ValueKind, Any] = {
    ValueKind.INTEGER: int | str | None,
    ValueKind.NUMBER: float | str | None,
    ValueKind.BOOLEAN: bool | None,
    ValueKind.JSON: msgspec.Raw,  # the text as it stands
}
_NUMBERS = {ValueKind.INTEGER: pa.int64(), ValueKind.NUMBER: pa.float64()}
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, pa.ArrowInvalid)
_AWKWARD_NAME = re.compile(r'["\\\x00-\x1f]')  # msgspec takes no such field names

_Decoder = Callable[[bytes], list[Sequence[Any]]]


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
        self._kinds = [written_kind(field) for field in fields]
        types = [_TYPES.get(kind, str | None) for kind in self._kinds]
        self._decode = _decoder([field.name for field in fields], types)
        self._schema = text_schema(fields)
        self._members = sum((msgspec.json.encode(field.name) + b":").count(_MEMBER) for field in fields)

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
            columns = self._decode(b"[" + records + b"]")
            texts = [_texts(values, kind) for values, kind in zip(columns, self._kinds, strict=True)]
        except _UNREADABLE as error:
            raise _fault(error, records, rows, self._decode) from None
        batch = pa.RecordBatch.from_arrays(texts, schema=self._schema)
        begun = records.startswith(b"{") + records.count(_BEGINS)
        if not batch.num_rows == begun == records.count(b"\n") + 1:
            raise UnreadableFileError("malformed", "every object stands on a line of its own")
        if self._has_one_twice(records, batch.num_rows, texts):
            raise UnreadableFileError("malformed", "no object has a member twice")
        return batch

    def _has_one_twice(self, records: bytes, rows: int, texts: list[pa.Array]) -> bool:
        if any(sign in records for sign in _SPELT):  # then a text has what its bytes have not
            try:
                found = json.loads(
                    b"[" + records + b"]", object_pairs_hook=list, parse_int=str, parse_float=str
                )
            except (ValueError, RecursionError):  # nested more deeply than it goes
                return True
            return any(len(members) != len(self._fields) for members in found)
        more = records.count(_MEMBER) - rows * self._members
        free = [kind not in PATTERNS for kind in self._kinds]
        # a value whose kind has a pattern that it does not follow is for `ValueTypes` to find
        return more not in (
            _members_within(texts, self._kinds, free),
            _members_within(texts, self._kinds),
        )


def _members_within(texts: list[pa.Array], kinds: list[ValueKind], among: Sequence[bool] = ()) -> int:
    """How often values look like the end of a name, all or those of some columns.

    Those of a kind with a pattern never do. A text may hold a quote before a colon, or begin with a colon,
    which then follows its opening quote.
    """
    looked = list(compress(zip(texts, kinds, strict=True), among or repeat(True)))
    opened = (pc.starts_with(column, ":") for column, kind in looked if kind is not ValueKind.JSON)
    return sum(map(_count_within, [column for column, _ in looked])) + sum(map(_total, opened))


def _count_within(column: pa.Array) -> int:
    if _MEMBER not in bytes(text_bytes(column)):  # together, where looking is fast
        return 0
    return _total(pc.count_substring(column, _MEMBER.decode()))  # each by itself: the next may begin with `:`


def _total(counts: pa.Array) -> int:
    return pc.sum(counts).as_py() or 0


def _names(records: bytes) -> list[str]:
    first = records.split(SEPARATOR, 1)[0]
    try:
        return list(msgspec.json.decode(first, type=dict[str, msgspec.Raw]))
    except _UNREADABLE:
        raise UnreadableFileError("malformed", "every row is one JSON object", row=1) from None


def _decoder(names: list[str], types: list[Any]) -> _Decoder:
    """From a JSON array of objects to columns; each object has exactly these members."""
    if any(_AWKWARD_NAME.search(name) for name in names):
        return _by_mapping(names, types)
    members = [f"f{position}" for position in range(len(names))]
    row = msgspec.defstruct(
        "Row",
        list(zip(members, types, strict=True)),
        rename=dict(zip(members, names, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )
    rows = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]

    def decode(data: bytes) -> list[Sequence[Any]]:
        found = rows.decode(data)
        # whole rows turned over: column by column, each value is looked up by itself
        return list(zip(*map(msgspec.structs.astuple, found), strict=True)) if found else [()] * len(members)

    return decode


def _by_mapping(names: list[str], types: list[Any]) -> _Decoder:
    rows = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
    cells = [msgspec.json.Decoder(kind) for kind in types]

    def decode(data: bytes) -> list[Sequence[Any]]:
        found = rows.decode(data)
        if any(list(row) != names for row in found):
            raise msgspec.ValidationError
        return [[cell.decode(row[name]) for row in found] for name, cell in zip(names, cells, strict=True)]

    return decode


def _texts(values: Sequence[Any], kind: ValueKind) -> pa.Array:
    """Value forms from what the decoder gave."""
    if kind is ValueKind.JSON:
        return _documents(values)
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


def _fault(error: Exception, records: bytes, rows: int, decode: _Decoder) -> UnreadableFileError:
    """The first faulty row of a run of records."""
    if isinstance(error, UnicodeDecodeError | pa.ArrowInvalid):
        return UnreadableFileError("encoding", "the file is UTF-8")
    rule = "every row is one JSON object with the columns of the plan and values of their types"
    for number, record in enumerate(records.split(SEPARATOR), start=rows + 1):
        try:
            objects = len(decode(b"[" + record + b"]")[0])
        except _UNREADABLE:
            objects = 0
        if objects != 1:  # none on an empty line
            return UnreadableFileError("malformed", rule, row=number)
    return UnreadableFileError("malformed", rule)
