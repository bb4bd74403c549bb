"""What the footers of Parquet files say of types that DuckDB loses without a word.

It reads decimals of more than 38 digits as floats, and the durations that Arrow writes as integers without
their unit. Timestamps of 96 bits it reads to the microsecond, or, where it is told, as a day and a time.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.duckdb.lake_stores import pattern

INT96 = "INT96"
_NESTED = " in a list, struct or map"
_DIGITS = 38
_TREE = """
SELECT name, type, precision, scale, coalesce(num_children, 0),
  converted_type IS NULL AND logical_type IS NULL
FROM parquet_schema(?) ORDER BY column_id
"""
_ARROW = """
SELECT CAST(value AS VARCHAR), list(file_name) FROM parquet_kv_metadata(?)
WHERE decode(key) = 'ARROW:schema' GROUP BY value
"""
_PER_SECOND = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_REMEDIES = {
    "DECIMAL": "write the files again with at most 38 digits, or with texts.",
    "DURATION": "write the files again with numbers, and give the inventory their unit.",
    INT96: "write the files again with timestamps of 64 bits.",
}


class Footers:
    """The lost types of files.

    Args:
        con: the session.
        files: one of each kind that the schemas of their footers make.
        others: all files of the table.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, files: Sequence[str], others: Sequence[str]) -> None:
        self._con = con
        bare = any(is_bare for file in files for _, is_bare in self._columns(file))
        self._durations = _durations(con, others) if bare else {}

    def kinds(self, files: Sequence[str]) -> list[str]:
        """The files, and one more of each kind of durations."""
        found = {_frozen(self._durations.get(file, {})) for file in files}
        more = []
        for file, durations in self._durations.items():
            if _frozen(durations) not in found:
                found.add(_frozen(durations))
                more.append(file)
        return [*files, *more]

    def of(self, file: str, names: Sequence[str]) -> dict[str, str]:
        """Column -> its type, of the columns whose type DuckDB loses.

        Args:
            file: the file.
            names: of its columns, as DuckDB calls them.
        """
        stored = dict(zip(names, (native for native, _ in self._columns(file)), strict=False))
        lost = stored | self._durations.get(file, {})
        return {name: native for name, native in lost.items() if native}

    def _columns(self, file: str) -> list[tuple[str, bool]]:
        """Lost type of each column, and whether it holds an integer that nothing says more of."""
        tree = iter(self._con.execute(_TREE, [[pattern(file)]]).fetchall())
        root = next(tree)
        return [_column(tree) for _ in range(root[4])]


def _frozen(durations: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(durations.items()))


def _column(tree: Iterator[tuple[str, str | None, int | None, int | None, int, bool]]) -> tuple[str, bool]:
    """Of the next node of the tree."""
    _, stored, precision, scale, children, plain = next(tree)
    if not children:
        if stored == INT96:
            return INT96, False
        if (precision or 0) > _DIGITS:
            return f"DECIMAL({precision},{scale or 0})", False
        return "", stored == "INT64" and plain
    inside = [_column(tree) for _ in range(children)]
    lost = next((native for native, _ in inside if native), "")
    return _nested(lost), any(bare for _, bare in inside)


def _nested(lost: str) -> str:
    return lost.removesuffix(_NESTED) + _NESTED if lost else ""


def _durations(con: duckdb.DuckDBPyConnection, files: Sequence[str]) -> dict[str, dict[str, str]]:
    """File -> column -> `DURATION(unit)`; nothing where no file has one."""
    found: dict[str, dict[str, str]] = {file: {} for file in files}
    for schema, of in con.execute(_ARROW, [list(map(pattern, files))]).fetchall():
        try:
            columns = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(schema)))
        except (pa.ArrowException, ValueError, OSError):
            continue
        told = {column.name: native for column in columns if (native := _duration(column.type))}
        found |= dict.fromkeys(of, told)
    return found if any(found.values()) else {}


def _duration(found: pa.DataType) -> str:
    if pa.types.is_duration(found):
        return f"DURATION({found.unit})"
    inside = (_duration(found.field(number).type) for number in range(found.num_fields))
    lost = next((native for native in inside if native), "")
    return _nested(lost)


def lost_type(native: str) -> ColumnType:
    """How a column of a lost type is selected."""
    if native == INT96:
        return _exact(native, ValueKind.DATETIME, _moment())
    if unit := re.fullmatch(r"DURATION\((.+)\)", native):
        return _exact(native, ValueKind.DURATION, _seconds(_PER_SECOND[unit[1]]))
    remedy = next(remedy for kind, remedy in _REMEDIES.items() if native.startswith(kind))
    return ColumnType(native, None, "CAST({column} AS VARCHAR)", remedy=remedy)


def _exact(native: str, kind: ValueKind, text: str) -> ColumnType:
    return ColumnType(native, kind, text, text, text)


def _moment() -> str:
    day, clock = (f"struct_extract({{column}}, '{part}')" for part in ("date", "time"))
    text = f"replace(CAST({day} AS VARCHAR), ' (BC)', '') || ' ' || CAST({clock} AS VARCHAR)"
    return f"{text} || CASE WHEN {day} < DATE '0001-01-01' THEN ' BC' ELSE '' END"


def _seconds(digits: int) -> str:
    """ISO 8601, in seconds alone: `PT90S`, `PT-0.5S`."""
    number = "CAST({column} AS HUGEINT)"
    whole = f"abs({number}) // {10**digits}"
    fraction = (
        f"rtrim(rtrim('.' || lpad(CAST(abs({number}) % {10**digits} AS VARCHAR), {digits}, '0'), '0'), '.')"
    )
    sign = "CASE WHEN {column} < 0 THEN '-' ELSE '' END"
    return f"'PT' || {sign} || {whole} || {fraction if digits else repr('')} || 'S'"
