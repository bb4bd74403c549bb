"""How to select columns of each DuckDB type exactly: as Arrow carries them, or as text made by DuckDB.

Members of lists, structs and maps that Arrow does not carry become texts in place: Arrow reads an unsigned
integer of 128 bits as a signed one, drops the offset of a time, and has neither bit strings nor integers of
arbitrary size.
"""

from __future__ import annotations

from typing import Any

import duckdb

from afschrift.domain.sources import ColumnType, in_template
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import StandardDialect

_COLUMN = "\0"
_CARRIED = {"boolean", "float", "double", "varchar", "uuid", "date", "time", "time_ns", "blob"}
_CARRIED |= {"tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint"}
_CARRIED |= {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamptz_ns"}
_CARRIED |= {"timestamp with time zone", "decimal", "enum"}
_TEXT_ALONE = {"hugeint", "uhugeint", "bignum", "bit"}
_sql = StandardDialect()


def exact_nested(native: str, duration: str) -> str | None:
    """SQL that selects a nested column exactly; None if a member has an unknown type.

    Args:
        native: its type as the catalogue writes it.
        duration: SQL of the text of an INTERVAL, with `{column}`.

    Returns:
        A template with `{column}` for the column.
    """
    try:
        found = _member(duckdb.sqltype(native), _COLUMN, duration, 1)
    except (duckdb.Error, _UnknownError):
        return None
    return in_template(found).replace(_COLUMN, "{column}")


class _UnknownError(Exception):
    pass


def _member(found: Any, value: str, duration: str, depth: int) -> str:
    """SQL of a value, exactly; the value itself if Arrow carries it."""
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
    return _exact_member(kind, str(found), value, duration)


def _exact_member(kind: str, native: str, value: str, duration: str) -> str:
    if kind in _TEXT_ALONE:
        return f"CAST({value} AS VARCHAR)"
    if kind == "time with time zone":
        return _with_offset(f"CAST({value} AS VARCHAR)")
    if kind == "interval":
        return duration.format(column=value)
    if kind in _CARRIED or native == '"NULL"':
        return value
    raise _UnknownError(native)


def _with_offset(text: str) -> str:
    """Write a time with offset as its value form: no fraction or six digits, `Z`, minutes of the offset."""
    fraction = f"regexp_extract({text}, '[.]([0-9]+)', 1)"
    zone = f"regexp_extract({text}, '[+-][0-9:]+$')"
    return (
        f"left({text}, 8) || CASE {fraction} WHEN '' THEN '' ELSE '.' || rpad({fraction}, 6, '0') END || "
        f"CASE WHEN {zone} = '+00' THEN 'Z' WHEN length({zone}) = 3 THEN {zone} || ':00' ELSE {zone} END"
    )


_AS_IS = "{column}"
_AS_TEXT = "CAST({column} AS VARCHAR)"


def _ad(first_day: str) -> str:
    """Text of dates and times; those before Christ end with `BC`, as in other databases."""
    return (
        f"CASE WHEN {{column}} < {first_day} AND isfinite({{column}}) "
        f"THEN replace({_AS_TEXT}, ' (BC)', '') || ' BC' ELSE {_AS_TEXT} END"
    )


def _iso_duration() -> str:
    """ISO 8601, by the parts that DuckDB stores: months, days and microseconds, each with its own sign."""

    def part(name: str, unit: str) -> str:
        value = f"datepart('{name}', {{column}})"
        return f"CASE WHEN {value} <> 0 THEN {value} || '{unit}' ELSE '' END"

    micros = "datepart('microsecond', {column})"  # within the minute
    fraction = f"lpad(CAST(abs({micros}) % 1000000 AS VARCHAR), 6, '0')"
    seconds = (
        f"CASE WHEN {micros} <> 0 THEN CASE WHEN {micros} < 0 THEN '-' ELSE '' END || "
        f"abs({micros}) // 1000000 || rtrim(rtrim('.' || {fraction}, '0'), '.') || 'S' ELSE '' END"
    )
    days = " || ".join([part("year", "Y"), part("month", "M"), part("day", "D")])
    clock = " || ".join([part("hour", "H"), part("minute", "M"), seconds])
    whole = f"nullif('P' || {days} || coalesce('T' || nullif({clock}, ''), ''), 'P')"
    return f"CASE WHEN {{column}} IS NOT NULL THEN coalesce({whole}, 'PT0S') END"


_DURATION = _iso_duration()
_PLAIN: dict[str, tuple[ValueKind, str]] = {
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
        (ValueKind.INTEGER, _AS_IS),
    ),
    **dict.fromkeys(("HUGEINT", "UHUGEINT", "BIGNUM"), (ValueKind.INTEGER, _AS_TEXT)),
    **dict.fromkeys(("FLOAT", "DOUBLE"), (ValueKind.NUMBER, _AS_IS)),
    "BOOLEAN": (ValueKind.BOOLEAN, _AS_IS),
    "VARCHAR": (ValueKind.TEXT, _AS_IS),
    "BIT": (ValueKind.TEXT, _AS_TEXT),
    "JSON": (ValueKind.JSON, _AS_TEXT),
    "UUID": (ValueKind.UUID, _AS_TEXT),
    "DATE": (ValueKind.DATE, _ad("DATE '0001-01-01'")),
    **dict.fromkeys(("TIME", "TIME_NS", "TIME WITH TIME ZONE"), (ValueKind.TIME, _AS_TEXT)),
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"), (ValueKind.DATETIME, _ad("TIMESTAMP '0001-01-01'"))
    ),
    "TIMESTAMP_NS": (ValueKind.DATETIME, _AS_TEXT),
    "TIMESTAMPTZ_NS": (ValueKind.INSTANT, _AS_TEXT),
    "TIMESTAMP WITH TIME ZONE": (ValueKind.INSTANT, _ad("TIMESTAMPTZ '0001-01-01 00:00:00+00'")),
    "INTERVAL": (ValueKind.DURATION, _DURATION),
    "BLOB": (ValueKind.BINARY, "base64({column})"),
}
_SIZES = {"VARCHAR": "strlen({column})", "BLOB": "octet_length({column})"}
_LONG = ("BIT", "JSON", "BIGNUM")

TOO_LARGE = "[afschrift: too large]"
"""Begins the message of the error for a cell above the limit; its place and `|` follow."""


def column_type(column_path: str, native: str, cell_limit: int) -> ColumnType:
    """How to select a column of a DuckDB type; the kind is None for an unknown type.

    Args:
        column_path: `table.column`, for errors.
        native: the type as the catalogue writes it.
        cell_limit: bytes above which a cell raises an error instead of its value.
    """
    kind, expression = _plain(native)
    verbatim = expression if kind is ValueKind.BINARY else _AS_TEXT
    return ColumnType(
        native,
        kind,
        _with_limit(column_path, native, expression, cell_limit),
        verbatim=_with_limit(column_path, native, verbatim, cell_limit),
    )


def _plain(native: str) -> tuple[ValueKind | None, str]:
    if native.endswith("]") or native.startswith(("STRUCT(", "MAP(")):
        found = exact_nested(native, _DURATION)
        return (None, _AS_TEXT) if found is None else (ValueKind.JSON, found)
    if native.startswith("DECIMAL("):
        return ValueKind.DECIMAL, _AS_TEXT
    if native.startswith("ENUM("):
        return ValueKind.TEXT, _AS_TEXT
    return _PLAIN.get(native, (None, _AS_TEXT))


def _with_limit(column_path: str, native: str, expression: str, limit: int) -> str:
    """Let DuckDB raise an error with the place of a cell above the limit, so it does not fill our memory."""
    if native in _SIZES:
        size = _SIZES[native]
    elif native in _LONG or (native not in _PLAIN and not native.startswith(("DECIMAL(", "ENUM("))):
        size = f"strlen({_AS_TEXT})"
    else:
        return expression
    large = f"{size} > {limit}"
    if native in ("BIGINT[]", "INTEGER[]", "DOUBLE[]", "FLOAT[]"):  # at most 26 bytes for each with its comma
        large = f"len({{column}}) > {limit // 26} AND {large}"
    message = in_template(_sql.literal(f"{TOO_LARGE}{column_path}|"))
    return f"CASE WHEN {large} THEN error({message} || {size}) ELSE {expression} END"
