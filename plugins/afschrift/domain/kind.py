"""Logical kinds of values, shared by sources, value forms, formats and validation."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
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
    Kind.TEXT: "string",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "number",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.DATETIME: "datetime",
    Kind.INSTANT: "datetime",
    Kind.DURATION: "string",
    Kind.BINARY: "string",
    Kind.UUID: "string",
    Kind.JSON: "any",
}
