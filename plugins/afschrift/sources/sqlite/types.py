"""SQLite's types: a column is declared as anything, and each value has a storage class of its own.

A value of another class than its column's declaration promises raises an error that names the column;
it is never converted in silence.
"""

from __future__ import annotations

import re

from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import StandardDialect

_SIZE = re.compile(r"\(\s*[0-9]+\s*(?:,\s*([0-9]+)\s*)?\)")
_AS_TEXT = "CAST({column} AS TEXT)"
_literal = StandardDialect().literal

# declared type -> kind, storage classes that it may hold
_DECLARED: tuple[tuple[str, ValueKind, tuple[str, ...]], ...] = (
    (r"BOOL(EAN)?", ValueKind.BOOLEAN, ("integer",)),
    (r"TIMESTAMP ?TZ|TIMESTAMP WITH TIME ZONE|DATETIMEOFFSET", ValueKind.INSTANT, ("text",)),
    (r"DATETIME|TIMESTAMP", ValueKind.DATETIME, ("text",)),
    (r"DATE", ValueKind.DATE, ("text",)),
    (r"TIME", ValueKind.TIME, ("text",)),
    (r"JSON", ValueKind.JSON, ("text", "integer", "real")),
    (r"UUID|GUID|UNIQUEIDENTIFIER", ValueKind.UUID, ("text",)),
    (r"DECIMAL|NUMERIC|NUMBER|MONEY", ValueKind.DECIMAL, ("integer", "real", "text")),
    (r".*INT.*", ValueKind.INTEGER, ("integer",)),
    (r".*(CHAR|CLOB|TEXT).*", ValueKind.TEXT, ("text",)),
    (r".*BLOB.*|BYTEA|(VAR)?BINARY", ValueKind.BINARY, ("blob",)),
    (r".*(REAL|FLOA|DOUB).*", ValueKind.NUMBER, ("real",)),
)
_TIMES = (ValueKind.DATE, ValueKind.TIME, ValueKind.DATETIME, ValueKind.INSTANT)


def declared(native: str) -> tuple[ValueKind | None, tuple[str, ...]]:
    """Kind of a declared type, and the storage classes that its values may have."""
    bare = _SIZE.sub("", native).strip().upper()
    for pattern, kind, classes in _DECLARED:
        if re.fullmatch(pattern, bare):
            return kind, classes
    return None, ("text", "integer")


def column_type(column_path: str, native: str, cell_limit: int) -> ColumnType:
    """How a column is selected; the kind is None for a type that is not known (also: no type).

    Args:
        column_path: `table.column`, for errors.
        native: as declared; a column of a view that computes has none.
        cell_limit: bytes above which a cell raises an error instead of its value.
    """
    kind, classes = declared(native)
    where = _literal(column_path).replace("{", "{{").replace("}", "}}")
    value = _value(kind, native)
    if kind in _TIMES:
        value = f"afschrift_time({where}, '{kind}', {{column}})"
    if {"text", "blob"} & set(classes):
        size = "length(CAST({column} AS BLOB))"
        value = f"CASE WHEN {size} > {cell_limit} THEN afschrift_large({where}, {size}) ELSE {value} END"
    allowed = ", ".join(f"'{name}'" for name in (*classes, "null"))
    wrong = f"afschrift_wrong({where}, typeof({{column}}))"
    text = f"CASE WHEN typeof({{column}}) IN ({allowed}) THEN {value} ELSE {wrong} END"
    return ColumnType(native or "none", kind, text)


def _value(kind: ValueKind | None, native: str) -> str:
    if kind is ValueKind.DECIMAL:
        size = _SIZE.search(native)
        return f"afschrift_decimal({{column}}, {size[1] if size and size[1] else 'NULL'})"
    if kind is ValueKind.NUMBER:
        return "{column}"
    if kind is ValueKind.BINARY:
        return "afschrift_base64({column})"
    if kind is ValueKind.UUID:
        return f"lower({_AS_TEXT})"
    if kind is ValueKind.BOOLEAN:
        return "CASE {column} WHEN 0 THEN 'false' WHEN 1 THEN 'true' ELSE CAST({column} AS TEXT) END"
    return _AS_TEXT
