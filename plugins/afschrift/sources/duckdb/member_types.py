"""Lists, structs and maps of DuckDB: members that Arrow does not carry exactly become texts in place.

Arrow takes an integer of 128 bits without sign for one with a sign, leaves the offset of a time out, and has
no bits or integers without end. The other members stay as they are.
"""

from __future__ import annotations

from typing import Any

import duckdb

from afschrift.sources.dialect import StandardDialect

_COLUMN = "\0"
_CARRIED = {
    "boolean",
    "float",
    "double",
    "varchar",
    "uuid",
    "date",
    "time",
    "time_ns",
    "blob",
    "decimal",
    "enum",
}
_CARRIED |= {"tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint"}
_CARRIED |= {
    "timestamp",
    "timestamp_s",
    "timestamp_ms",
    "timestamp_ns",
    "timestamp with time zone",
    "timestamptz_ns",
}
_AS_TEXT = {"hugeint", "uhugeint", "bignum", "bit"}
_sql = StandardDialect()


def exact_nested(native: str, duration: str) -> str | None:
    """SQL that selects a nested column exactly; None where a member is of a type that is not known.

    Args:
        native: its type as the catalogue spells it.
        duration: SQL of the text of an INTERVAL, with `{column}`.

    Returns:
        With `{column}` for the column.
    """
    try:
        found = _member(duckdb.sqltype(native), _COLUMN, duration, 1)
    except (duckdb.Error, _UnknownError):
        return None
    return found.replace("{", "{{").replace("}", "}}").replace(_COLUMN, "{column}")


class _UnknownError(Exception):
    pass


def _member(found: Any, value: str, duration: str, depth: int) -> str:
    """A value's exact SQL, which is the value itself where Arrow carries it."""
    kind, name = str(found.id), f"x{depth}"
    if kind in ("list", "array"):
        inside = _member(dict(found.children)["child"], name, duration, depth + 1)
        return value if inside == name else f"list_transform({value}, lambda {name}: {inside})"
    if kind == "map":
        parts = {
            side: (f"{name}.{side}", _member(of, f"{name}.{side}", duration, depth + 1))
            for side, of in found.children
        }
        if all(as_is == inside for as_is, inside in parts.values()):
            return value
        pair = ", ".join(f"{side} := {inside}" for side, (_, inside) in parts.items())
        return f"map_from_entries(list_transform(map_entries({value}), lambda {name}: struct_pack({pair})))"
    if kind == "struct":
        fields = {
            label: (f"struct_extract({value}, {_sql.literal(label)})", of) for label, of in found.children
        }
        read = {label: _member(of, as_is, duration, depth) for label, (as_is, of) in fields.items()}
        if all(read[label] == as_is for label, (as_is, _) in fields.items()):
            return value
        pack = ", ".join(f"{_sql.quote(label)} := {inside}" for label, inside in read.items())
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({pack}) END"
    return _plain(kind, str(found), value, duration)


def _plain(kind: str, native: str, value: str, duration: str) -> str:
    if kind in _AS_TEXT:
        return f"CAST({value} AS VARCHAR)"
    if kind == "time with time zone":
        return _with_offset(f"CAST({value} AS VARCHAR)")
    if kind == "interval":
        return duration.format(column=value)
    if kind in _CARRIED or native == '"NULL"':
        return value
    raise _UnknownError(native)


def _with_offset(text: str) -> str:
    """A time with offset as its value form: six digits of a fraction or none, `Z`, minutes of the offset."""
    fraction = f"regexp_extract({text}, '[.]([0-9]+)', 1)"
    zone = f"regexp_extract({text}, '[+-][0-9:]+$')"
    return (
        f"left({text}, 8) || CASE {fraction} WHEN '' THEN '' ELSE '.' || rpad({fraction}, 6, '0') END || "
        f"CASE WHEN {zone} = '+00' THEN 'Z' WHEN length({zone}) = 3 THEN {zone} || ':00' ELSE {zone} END"
    )
