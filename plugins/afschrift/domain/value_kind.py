"""Logical kinds of values, shared by sources, value forms, formats and validation."""

from __future__ import annotations

from enum import StrEnum


class ValueKind(StrEnum):
    """What a field's text means; the text itself is the value form of the design.

    A source yields Arrow columns of int64, float64, float32, bool, string, or a nested type;
    everything else it casts to text in the warehouse, exactly.
    """

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"  # no zone known: no suffix, and said so
    INSTANT = "instant"  # RFC 3339 with Z
    DURATION = "duration"
    BINARY = "binary"  # base64
    UUID = "uuid"
    JSON = "json"  # a JSON document, or a list, struct or map as one

    @property
    def data_package_type(self) -> str:
        """Field type in Data Package v2."""
        return _DATA_PACKAGE[self]


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
