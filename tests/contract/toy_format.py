"""A sixth format, as a developer would add one: a line of JSON a row. Its folder would be `formats/lines`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa

from afschrift.domain.files import FileSchema, Format, SchemaColumn
from afschrift.domain.plan import FieldPlan
from afschrift.formats.file_finding import UnreadableFileError, check_header
from afschrift.values.written import text_schema


class LinesWriter:
    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> None:
        self.options: dict[str, str] = {}
        self._sink = sink
        self._line([field.name for field in fields])

    def write(self, batch: pa.RecordBatch) -> None:
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            self._line(row)

    def close(self) -> None:
        pass

    def _line(self, values: Sequence[Any]) -> None:
        self._sink.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")


def read_lines(
    stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    *lines, rest = stream.read().split(b"\n")
    try:
        rows = [msgspec.json.decode(line, type=list[str | None]) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableFileError("malformed", "every line is a row") from None
    if rest or not rows:
        raise UnreadableFileError("malformed", "every line is ended, and the first names the columns")
    check_header([name or "" for name in rows[0]], fields)
    if any(len(row) != len(fields) for row in rows):
        raise UnreadableFileError("malformed", "every row has a value for every column")
    columns = [pa.array([row[at] for row in rows[1:]], pa.string()) for at in range(len(fields))]
    yield pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))


def _columns(table: str, columns: Sequence[SchemaColumn]) -> bytes:
    return json.dumps({table: [[column.name, column.kind.value] for column in columns]}).encode()


LINES = Format(
    name="lines",
    extension="lines",
    media_type="application/x-lines",
    writer=LinesWriter,
    reader=read_lines,
    read_by="msgspec",
    schema=FileSchema(".columns", "application/x-columns", _columns),
    tabular=False,
    note="A row is a line.",
    reading=0,
)
