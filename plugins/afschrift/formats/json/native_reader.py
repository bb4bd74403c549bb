"""Reads JSON and NDJSON again with `afschrift-native`: runs of records at a time, without the interpreter.

It hands its columns over through Arrow's C data interface. What it refuses, the reader on msgspec judges
anew: that one's words are told, and where it would take the run, that is an error of its own.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.check.file_finding import UnreadableFileError
from afschrift.formats.json.reader import WRITTEN, RunReader, as_records
from afschrift.formats.json.record_runs import whole_lines, whole_records
from afschrift.formats.native_library import ARROW_ARRAY, library
from afschrift.values.written import text_schema, written_kind

_TEXT = 0
_KINDS = {ValueKind.INTEGER: 1, ValueKind.NUMBER: 2, ValueKind.BOOLEAN: 3, ValueKind.JSON: 4}
_READ, _REFUSED, _LEFT, _NO_MEMORY = range(4)


def read_json(
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[pa.RecordBatch]:
    """Batches of value forms of an array with one object a line (see `domain.file_format.Reader`).

    Raises:
        UnreadableFileError: `encoding`, `header` or `malformed`.
    """
    return _read(whole_records(stream), fields, lines=False)


def read_ndjson(
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[pa.RecordBatch]:
    """Batches of value forms of lines with one object each (see `domain.file_format.Reader`).

    Raises:
        UnreadableFileError: `encoding`, `header` or `malformed`.
    """
    return _read(whole_lines(stream), fields, lines=True)


def _read(runs: Iterator[bytes], fields: Sequence[FieldPlan], *, lines: bool) -> Iterator[pa.RecordBatch]:
    other: RunReader | None = None
    rows = 0
    with closing(_Compiled(fields, lines=lines)) as compiled:
        for run in runs:
            verdict, batch = compiled.read(run)
            if batch is None:
                other = other or RunReader(fields)
                batch = other.read(as_records(run) if lines else run, rows)
                if verdict == _REFUSED:
                    raise UnreadableFileError("malformed", WRITTEN, row=rows + compiled.ended + 1)
            yield batch
            rows += batch.num_rows


class _Compiled:
    """The reader of native/src/reader.c, for one file.

    Attributes:
        ended: the record of the last run, from 0, at which it was refused.
    """

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
        self._reader = self._opened([msgspec.json.encode(field.name) + b":" for field in fields], kinds)

    def _opened(self, names: list[bytes], kinds: list[ValueKind]) -> int:
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
    def ended(self) -> int:
        return self._row.value

    def close(self) -> None:
        self._library.afschrift_close(self._reader)

    def read(self, run: bytes) -> tuple[int, pa.RecordBatch | None]:
        """The verdict, and the value forms where it read them."""
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
        """Of a column of numbers two were handed over: what stood there as numbers, and what as strings."""
        columns = iter(handed.columns)
        texts = [
            _numbers(next(columns), next(columns), respell=respell) if number else next(columns)
            for number, respell in zip(self._numbers, self._respell, strict=True)
        ]
        return pa.RecordBatch.from_arrays(texts, schema=self._schema)


def _numbers(numbers: pa.Array, strings: pa.Array, *, respell: int) -> pa.Array:
    if respell:  # a spelling that Arrow's own may differ from
        numbers = numbers.cast(pa.float64()).cast(pa.string())
    return numbers if strings.null_count == len(strings) else pc.coalesce(strings, numbers)
