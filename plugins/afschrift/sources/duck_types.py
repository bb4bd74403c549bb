"""DuckDB's types: which Arrow carries exactly, and how the others become exact text in the warehouse."""

from __future__ import annotations

from afschrift.core.kind import Kind
from afschrift.core.ports import ColumnType

_AS_IS = "{column}"
_AS_TEXT = "CAST({column} AS VARCHAR)"

_PLAIN: dict[str, tuple[Kind, str]] = {
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
        (Kind.INTEGER, _AS_IS),
    ),
    "HUGEINT": (Kind.INTEGER, _AS_TEXT),
    "UHUGEINT": (Kind.INTEGER, _AS_TEXT),
    "BIGNUM": (Kind.INTEGER, _AS_TEXT),
    "FLOAT": (Kind.NUMBER, _AS_IS),
    "DOUBLE": (Kind.NUMBER, _AS_IS),
    "BOOLEAN": (Kind.BOOLEAN, _AS_IS),
    "VARCHAR": (Kind.TEXT, _AS_IS),
    "BIT": (Kind.TEXT, _AS_TEXT),
    "JSON": (Kind.JSON, _AS_TEXT),
    "UUID": (Kind.UUID, _AS_TEXT),
    "DATE": (Kind.DATE, _AS_TEXT),
    "TIME": (Kind.TIME, _AS_TEXT),
    "TIME WITH TIME ZONE": (Kind.TIME, _AS_TEXT),
    "TIMESTAMP": (Kind.DATETIME, _AS_TEXT),
    "TIMESTAMP_S": (Kind.DATETIME, _AS_TEXT),
    "TIMESTAMP_MS": (Kind.DATETIME, _AS_TEXT),
    "TIMESTAMP_NS": (Kind.DATETIME, _AS_TEXT),
    "TIMESTAMP WITH TIME ZONE": (Kind.INSTANT, _AS_TEXT),
    "INTERVAL": (Kind.DURATION, _AS_TEXT),
    "BLOB": (Kind.BINARY, "base64({column})"),
}
_NESTED = ("STRUCT(", "MAP(")


def column_type(native: str) -> ColumnType:
    """How a column of a DuckDB type is selected; the kind is None for a type that is not known."""
    if native.endswith("]") or native.startswith(_NESTED):
        return ColumnType(native, Kind.JSON, _AS_IS)
    if native.startswith("DECIMAL("):
        return ColumnType(native, Kind.DECIMAL, _AS_TEXT)
    if native.startswith("ENUM("):
        return ColumnType(native, Kind.TEXT, _AS_TEXT)
    kind, expression = _PLAIN.get(native, (None, _AS_TEXT))
    return ColumnType(native, kind, expression)
