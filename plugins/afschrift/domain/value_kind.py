"""Logical kinds of values, and parts of documents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MemberPath = tuple[str, ...]
"""Names of members of objects, or of fields of structs, from the outside in."""


class ValueKind(StrEnum):
    """Logical kind of a value, whose exact text is its value form (`afschrift.values`).

    A source yields Arrow columns of int64, float64, float32, bool, string, or a nested type; everything else
    it casts to text in the warehouse, exactly.
    """

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"  # without a zone: no suffix
    INSTANT = "instant"  # RFC 3339 with Z
    DURATION = "duration"
    BINARY = "binary"  # base64
    UUID = "uuid"
    JSON = "json"  # a JSON document, or a list, struct or map as one

    @property
    def data_package_type(self) -> str:
        """Field type in Data Package v2."""
        return _DATA_PACKAGE[self]


@dataclass(frozen=True)
class DocumentPart:
    """A part of a JSON document or a struct that the data map describes as a column of its own.

    Attributes:
        column: of the database, that holds the document.
        path: of the member; empty: the rest of the document, which is all that no other part names.
        named: of a rest, the members that it is without.
    """

    column: str
    path: MemberPath = ()
    named: tuple[MemberPath, ...] = ()


_DATA_PACKAGE = {
    ValueKind.TEXT: "string",
    ValueKind.INTEGER: "integer",
    ValueKind.DECIMAL: "number",
    ValueKind.NUMBER: "number",
    ValueKind.BOOLEAN: "boolean",
    ValueKind.DATE: "date",
    ValueKind.TIME: "time",
    ValueKind.DATETIME: "datetime",
    ValueKind.INSTANT: "datetime",
    ValueKind.DURATION: "string",
    ValueKind.BINARY: "string",
    ValueKind.UUID: "string",
    ValueKind.JSON: "any",
}
