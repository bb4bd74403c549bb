"""JSON, and NDJSON with one object a line. Written by pyarrow, read back by C or msgspec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from afschrift.domain.files import FileSchema, Format, SchemaColumn, Writer
from afschrift.formats import native_library

if TYPE_CHECKING:
    from afschrift.domain.plan import FieldPlan

_COMPILED = native_library.library() is not None
_READ_BY = native_library.NAME if _COMPILED else "msgspec"


def _write_document(sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Writer:  # noqa: ARG001
    from afschrift.formats.json.writer import JsonWriter

    return JsonWriter(sink, fields, lines=False)


def _write_lines(sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Writer:  # noqa: ARG001
    from afschrift.formats.json.writer import JsonWriter

    return JsonWriter(sink, fields, lines=True)


def _read_document(
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[Any]:
    from afschrift.formats.json.reader import read_records

    return read_records(stream, fields, lines=False, compiled=_COMPILED)


def _read_lines(stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Iterator[Any]:  # noqa: ARG001
    from afschrift.formats.json.reader import read_records

    return read_records(stream, fields, lines=True, compiled=_COMPILED)


def _schema(table: str, columns: Sequence[SchemaColumn]) -> bytes:
    from afschrift.formats.json.writer import json_schema

    return json_schema(table, columns)


_SCHEMA = FileSchema(suffix=".schema.json", media_type="application/json", make=_schema)

JSON = Format(
    name="json",
    extension="json",
    media_type="application/json",
    writer=_write_document,
    reader=_read_document,
    read_by=_READ_BY,
    schema=_SCHEMA,
    counted=False,
    reading=3,
)
NDJSON = Format(
    name="ndjson",
    extension="ndjson",
    media_type="application/x-ndjson",
    writer=_write_lines,
    reader=_read_lines,
    read_by=_READ_BY,
    schema=_SCHEMA,
    reading=1,
)
