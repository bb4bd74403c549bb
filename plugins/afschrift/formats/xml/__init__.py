"""XML 1.0. Written by pyarrow, read back by expat and polars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from afschrift.domain.files import FileSchema, Format, SchemaColumn, Writer

if TYPE_CHECKING:
    from afschrift.domain.plan import FieldPlan


def _write(sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Writer:  # noqa: ARG001
    from afschrift.formats.xml.writer import XmlWriter

    return XmlWriter(sink, fields)


def _read(stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Iterator[Any]:
    from afschrift.formats.xml.reader import read_xml

    return read_xml(stream, fields, options)


def _schema(table: str, columns: Sequence[SchemaColumn]) -> bytes:
    from afschrift.formats.xml.writer import xml_schema

    return xml_schema(table, columns)


XML = Format(
    name="xml",
    extension="xml",
    media_type="application/xml",
    writer=_write,
    reader=_read,
    read_by="expat, polars",
    schema=FileSchema(suffix=".xsd", media_type="application/xml", make=_schema),
    tabular=False,
    note="A character that XML 1.0 forbids is U+FFFD; the attribute base64 then holds the exact text.",
    reading=4,
)
