"""Columns of a table found in its files: by their names there or by their ids, as SQL and as Arrow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from afschrift.sources.dialect import StandardDialect
from afschrift.sources.lakehouse.log_table import LogField

_ID = b"PARQUET:field_id"
_INTEGERS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
_UNSIGNED = {"UTINYINT": 8, "USMALLINT": 16, "UINTEGER": 32}
_DECIMAL = re.compile(r"DECIMAL\(([0-9]+),([0-9]+)\)")
_WIDER = {
    ("FLOAT", "DOUBLE"),
    ("DATE", "TIMESTAMP"),
    ("TIMESTAMP_MS", "TIMESTAMP"),
    ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),  # 96 bits, which have no zone; the log says that they are UTC
    ("TIMESTAMP_MS", "TIMESTAMP WITH TIME ZONE"),
    ("TIMESTAMP_NS", "TIMESTAMPTZ_NS"),
}
_sql = StandardDialect()


class OtherTypeError(Exception):
    """A column of a file has a type whose values the table's type does not hold exactly.

    Args:
        field: the column or its member.
        native: the type in the file.
    """

    def __init__(self, field: LogField, native: str) -> None:
        super().__init__(field.name)
        self.field, self.native = field, native


def stored_in(fields: Iterable[pa.Field] | pa.Schema | pa.DataType, of: LogField) -> pa.Field | None:
    """Find a column among those of a file, or a member among those of a struct."""
    known = list(fields)
    if isinstance(of.stored, str):
        return next((found for found in known if found.name == of.stored), None)
    if has_ids(known):
        return next((f for f in known if (f.metadata or {}).get(_ID) == str(of.stored).encode()), None)
    return next((found for found in known if found.name in of.names), None)


def has_ids(fields: Iterable[pa.Field]) -> bool:
    """Whether columns of a file have the ids of the table's columns."""
    return any(_ID in (field.metadata or {}) for field in fields)


def selected(of: LogField, found: pa.Field | None, value: str, native: Any, depth: int = 1) -> str:
    """SQL of a column's value in a group of files, in the table's type.

    Args:
        of: the column.
        found: it in the files as Arrow reads them; None: they have none.
        value: SQL of the files' own value.
        native: DuckDB's type of that.
        depth: number of lambdas around it.

    Raises:
        OtherTypeError: it has another type there, and no exact one.
    """
    if not of.native:
        return "CAST(NULL AS VARCHAR)"
    if found is None or str(native) == '"NULL"':
        return f"CAST({of.default if found is None else 'NULL'} AS {of.native})"
    if not of.shape:
        if not _exact(str(native), of.native):
            raise OtherTypeError(of, str(native))
        return value if str(native) == of.native else f"CAST({value} AS {of.native})"
    if native.id not in ((of.shape, "array") if of.shape == "list" else (of.shape,)):
        raise OtherTypeError(of, str(native))
    return _nested(of, found, value, dict(native.children), depth)


def _nested(of: LogField, found: pa.Field, value: str, types: dict[str, Any], depth: int) -> str:
    name = f"x{depth}"
    if of.shape == "list":
        inside = selected(of.members[0], found.type.value_field, name, types["child"], depth + 1)
        return value if inside == name else f"list_transform({value}, lambda {name}: {inside})"
    if of.shape == "map":
        sides = (("key", found.type.key_field), ("value", found.type.item_field))
        parts = {
            side: selected(member, here, f"{name}.{side}", types[side], depth + 1)
            for (side, here), member in zip(sides, of.members, strict=True)
        }
        if all(part == f"{name}.{side}" for side, part in parts.items()):
            return value
        pair = ", ".join(f"{side} := {part}" for side, part in parts.items())
        return f"map_from_entries(list_transform(map_entries({value}), lambda {name}: struct_pack({pair})))"
    packed, same = [], [member.name for member in of.members] == list(types)
    for member in of.members:
        here = stored_in(found.type, member)
        as_is = f"struct_extract({value}, {_sql.literal(here.name)})" if here is not None else "NULL"
        part = selected(member, here, as_is, types[here.name] if here is not None else None, depth)
        same = same and here is not None and here.name == member.name and part == as_is
        packed.append(f"{_sql.quote(member.name)} := {part}")
    return value if same else f"CASE WHEN {value} IS NOT NULL THEN struct_pack({', '.join(packed)}) END"


def _exact(stored: str, native: str) -> bool:
    """Whether each value of a type in a file is one of the table's type."""
    if stored == native or (stored, native) in _WIDER:
        return True
    bits = _INTEGERS.get(stored) or _UNSIGNED.get(stored, 0) + 1
    if bits > 1 and native in _INTEGERS:
        return bits <= _INTEGERS[native]
    if bits > 1 and native == "DOUBLE":
        return bits <= 33
    wide = _DECIMAL.fullmatch(native)
    if wide is None:
        return False
    whole, fraction = int(wide[1]) - int(wide[2]), int(wide[2])
    if bits > 1:
        return whole >= len(str(2 ** (bits - 1)))
    narrow = _DECIMAL.fullmatch(stored)
    return narrow is not None and (int(narrow[1]) - int(narrow[2]) <= whole and int(narrow[2]) <= fraction)


def renamed(column: pa.Array, of: LogField, found: pa.Field) -> pa.Array:
    """A column that pyarrow read from a file, with the members that the table has, by their names there."""
    if not of.shape:
        return column
    if of.shape == "struct":
        here = {member.name: stored_in(found.type, member) for member in of.members}
        parts = [
            pa.nulls(len(column))
            if (at := here[member.name]) is None
            else renamed(column.field(found.type.get_field_index(at.name)), member, at)
            for member in of.members
        ]
        mask = column.is_null() if column.null_count else None
        return pa.StructArray.from_arrays(parts, [member.name for member in of.members], mask=mask)
    mask = column.is_null() if column.null_count else None
    if of.shape == "map":
        keys = renamed(column.keys, of.members[0], found.type.key_field)
        items = renamed(column.items, of.members[1], found.type.item_field)
        return pa.MapArray.from_arrays(column.offsets, keys, items, mask=mask)
    values = renamed(column.values, of.members[0], found.type.value_field)
    kind = pa.LargeListArray if pt.is_large_list(column.type) else pa.ListArray
    return kind.from_arrays(column.offsets, values, mask=mask)
