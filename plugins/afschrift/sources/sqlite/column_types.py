"""How to select columns of a SQLite file, where each value has a type, whatever its column declares.

A value of another type than its column declares raises an error with the column's name; it is never converted
silently. `kind: text` gives every value as it is stored, whatever is declared.
"""

from __future__ import annotations

import re
from functools import cache

from afschrift.domain.sources import ColumnType, in_template
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
_CHECKED = (ValueKind.DATE, ValueKind.TIME, ValueKind.DATETIME, ValueKind.INSTANT, ValueKind.UUID)


@cache
def declared(native: str) -> tuple[ValueKind | None, tuple[str, ...]]:
    """Kind of a declared type, and the storage classes that its values may have."""
    bare = _SIZE.sub("", native).strip().upper()
    for pattern, kind, classes in _DECLARED:
        if re.fullmatch(pattern, bare):
            return kind, classes
    return None, ("text", "integer")


def column_type(column_path: str, native: str, cell_limit: int) -> ColumnType:
    """How to select a column; the kind is None for an unknown type, or none.

    Args:
        column_path: `table.column`, for errors.
        native: declared type; computed columns of a view have none.
        cell_limit: bytes above which a cell raises an error instead of its value.
    """
    kind, classes = declared(native)
    where = in_template(_literal(column_path))
    value = _value(kind, native)
    if kind in _CHECKED:
        value = f"afschrift_checked({where}, '{kind}', {{column}})"
    elif kind is ValueKind.DECIMAL:
        text = f"afschrift_checked({where}, '{kind}', {{column}})"
        value = f"CASE typeof({{column}}) WHEN 'text' THEN {text} ELSE {value} END"
    elif kind is ValueKind.BOOLEAN:
        other = f"afschrift_wrong({where}, 'an integer other than 0 and 1')"
        value = f"CASE {{column}} WHEN 0 THEN 'false' WHEN 1 THEN 'true' ELSE {other} END"
        value = f"CASE WHEN {{column}} IS NOT NULL THEN {value} END"
    size = "length(CAST({column} AS BLOB))"
    large = f"WHEN {size} > {cell_limit} THEN afschrift_large({where}, {size})"
    if {"text", "blob"} & set(classes):
        value = f"CASE {large} ELSE {value} END"
    allowed = ", ".join(f"'{name}'" for name in (*classes, "null"))
    wrong = f"afschrift_wrong({where}, typeof({{column}}))"
    exact = f"CASE WHEN typeof({{column}}) IN ({allowed}) THEN {value} ELSE {wrong} END"
    stored = (
        f"CASE WHEN typeof({{column}}) = 'blob' THEN afschrift_blob({where}) {large} "
        f"WHEN typeof({{column}}) = 'real' THEN afschrift_real({{column}}) ELSE {_AS_TEXT} END"
    )
    return ColumnType(native or "none", kind, stored if kind is None else exact, verbatim=stored)


def _value(kind: ValueKind | None, native: str) -> str:
    if kind is ValueKind.DECIMAL:
        size = _SIZE.search(native)
        return f"afschrift_decimal({{column}}, {size[1] if size and size[1] else 'NULL'})"
    if kind is ValueKind.NUMBER:
        return "{column}"
    if kind is ValueKind.BINARY:
        return "afschrift_base64({column})"
    if kind is ValueKind.JSON:  # SQLite stores a document that is a number as such, and its cast rounds it
        return f"CASE WHEN typeof({{column}}) = 'real' THEN afschrift_real({{column}}) ELSE {_AS_TEXT} END"
    return _AS_TEXT
