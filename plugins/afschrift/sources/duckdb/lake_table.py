"""A table of a lake: the Parquet files of a folder, if they can be read as one table.

Their footers are read for types that DuckDB silently changes: it reads decimals of more than 38 digits as
floats, the durations that Arrow writes as integers without their unit, and timestamps of 96 bits rounded to
microseconds or, with an option, as a struct of a day and a time.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.duckdb.lake_files import printable
from afschrift.sources.duckdb.lake_stores import LakeFile, pattern

INT96 = "INT96"
_NESTED = " in a list, struct or map"
_MOST_DIGITS = 38  # DuckDB rounds what needs more
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
    """The types in footers that DuckDB changes.

    Args:
        con: the session.
        files: one file for each different schema.
        others: all files of the table.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, files: Sequence[str], others: Sequence[str]) -> None:
        self._con = con
        bare = any(is_bare for file in files for _, is_bare in self._columns(file))
        self._durations = _durations(con, others) if bare else {}

    def kinds(self, files: Sequence[str]) -> list[str]:
        """Add to the files one for each further combination of durations."""
        found = {_frozen(self._durations.get(file, {})) for file in files}
        more = []
        for file, durations in self._durations.items():
            if _frozen(durations) not in found:
                found.add(_frozen(durations))
                more.append(file)
        return [*files, *more]

    def of(self, file: str, names: Sequence[str]) -> dict[str, str]:
        """Column -> type in the file, for columns whose type DuckDB changes.

        Args:
            file: the file.
            names: names of its columns in DuckDB.
        """
        stored = dict(zip(names, (native for native, _ in self._columns(file)), strict=False))
        lost = stored | self._durations.get(file, {})
        return {name: native for name, native in lost.items() if native}

    def _columns(self, file: str) -> list[tuple[str, bool]]:
        """The changed type of each column, and whether it has a plain integer, which may be a duration."""
        tree = iter(self._con.execute(_TREE, [[pattern(file)]]).fetchall())
        root = next(tree)
        return [_column(tree) for _ in range(root[4])]


def _frozen(durations: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(durations.items()))


def _column(tree: Iterator[tuple[str, str | None, int | None, int | None, int, bool]]) -> tuple[str, bool]:
    """Type of the next column in the tree."""
    _, stored, precision, scale, children, plain = next(tree)
    if not children:
        if stored == INT96:
            return INT96, False
        if (precision or 0) > _MOST_DIGITS:
            return f"DECIMAL({precision},{scale or 0})", False
        return "", stored == "INT64" and plain
    inside = [_column(tree) for _ in range(children)]
    lost = next((native for native, _ in inside if native), "")
    return _nested(lost), any(bare for _, bare in inside)


def _nested(lost: str) -> str:
    return lost.removesuffix(_NESTED) + _NESTED if lost else ""


def _durations(con: duckdb.DuckDBPyConnection, files: Sequence[str]) -> dict[str, dict[str, str]]:
    """File -> column -> `DURATION(unit)`; empty if no file has one."""
    found: dict[str, dict[str, str]] = {file: {} for file in files}
    for schema, of in con.execute(_ARROW, [list(map(pattern, files))]).fetchall():
        try:
            columns = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(schema)))
        except (pa.ArrowException, ValueError, OSError):
            continue
        durations = {column.name: native for column in columns if (native := _duration(column.type))}
        found |= dict.fromkeys(of, durations)
    return found if any(found.values()) else {}


def _duration(found: pa.DataType) -> str:
    if pa.types.is_duration(found):
        return f"DURATION({found.unit})"
    inside = (_duration(found.field(number).type) for number in range(found.num_fields))
    lost = next((native for native in inside if native), "")
    return _nested(lost)


def lost_type(native: str) -> ColumnType:
    """How to select a column of a type that DuckDB changes."""
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
    """ISO 8601 in seconds only: `PT90S`, `PT-0.5S`."""
    number = "CAST({column} AS HUGEINT)"
    whole = f"abs({number}) // {10**digits}"
    fraction = (
        f"rtrim(rtrim('.' || lpad(CAST(abs({number}) % {10**digits} AS VARCHAR), {digits}, '0'), '0'), '.')"
    )
    sign = "CASE WHEN {column} < 0 THEN '-' ELSE '' END"
    return f"'PT' || {sign} || {whole} || {fraction if digits else repr('')} || 'S'"


_FOOTERS = """
SELECT min(file_name) FROM (
  SELECT file_name, list((CASE WHEN column_id > 0 THEN name END, type, duckdb_type, converted_type,
                          logical_type, num_children) ORDER BY column_id) AS footer
  FROM parquet_schema(?) GROUP BY file_name
) GROUP BY footer ORDER BY 1
"""
_NAMES = "SELECT DISTINCT name FROM parquet_schema(?)"
_NOTHING = '"NULL"'  # the type of a column without any value in a file
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_DECIMAL = re.compile(r"DECIMAL\(([0-9]+),([0-9]+)\)")


def unite_files(
    con: duckdb.DuckDBPyConnection, where: str, files: Sequence[LakeFile]
) -> tuple[duckdb.DuckDBPyRelation, dict[str, str]]:
    """Unite the files: all rows, with the columns of all files; a column is NULL in files without it.

    Only footers are read. A column must have the same type in all files, or types with a common exact type.

    Args:
        con: the session.
        where: the table as `source.table`, for errors.
        files: at least one; folders in their paths are Hive partitions.

    Returns:
        The rows, and column -> type for types that DuckDB changes (see `Footers`).

    Raises:
        ConfigurationError: a column has types in two files without a common exact type, or files differ and
            one has two names that DuckDB takes for the same.
        duckdb.Error: a file is damaged.
    """
    names = [pattern(file.name) for file in files]
    inside = {file.name: printable(file.inside) for file in files}
    kinds = [file for (file,) in con.execute(_FOOTERS, [names]).fetchall()]
    footers = Footers(con, kinds, [file.name for file in files])
    kinds = footers.kinds(kinds)
    several = len(kinds) > 1
    lost = footers.of(kinds[0], con.read_parquet([pattern(kinds[0])], hive_partitioning=False).columns)
    if several:
        lost = _changed_types(con, where, inside, kinds, footers)
    if INT96 not in lost.values():
        return con.read_parquet(names, hive_partitioning=True, union_by_name=several), lost
    read = f"FROM read_parquet(?, hive_partitioning = true, union_by_name = {several}, int96_as = 'struct')"
    return con.sql(read, params=[names]), lost


def _changed_types(
    con: duckdb.DuckDBPyConnection,
    where: str,
    inside: Mapping[str, str],
    files: Sequence[str],
    footers: Footers,
) -> dict[str, str]:
    """Column -> type that DuckDB changes; refuse columns whose types have no common exact type."""
    spelled: dict[str, str] = {}  # DuckDB takes names that differ in case for the same column
    types: dict[str, dict[str, str]] = {}  # column -> type -> the first file that has it
    lost: dict[str, str] = {}
    for file in files:
        relation = con.read_parquet([pattern(file)], hive_partitioning=False)
        of_file = footers.of(file, relation.columns)
        stored = {name for (name,) in con.execute(_NAMES, [pattern(file)]).fetchall()}
        for column, native in zip(relation.columns, relation.types, strict=True):
            if column not in stored:  # DuckDB appended a number to the second of two equal names
                raise ConfigurationError(
                    f"A file of {where} has columns whose names differ in case only (the second is read as "
                    f"{column}), and other files have other columns: {inside[file]}.",
                    remedy="write the files again with names that differ in more than case, or keep those "
                    "with other columns as a table in a folder of their own.",
                )
            name = spelled.setdefault(column.lower(), column)
            types.setdefault(name, {}).setdefault(of_file.get(column, str(native)), file)
            if column in of_file:
                lost[name] = of_file[column]
    for column, found in types.items():
        if _unites(found.keys()):
            continue
        differing = [pair for pair in found.items() if pair[0] != _NOTHING][:2]
        (this, first), (other, second) = ((native, inside[file]) for native, file in differing)
        raise ConfigurationError(
            f"The files of {where} do not agree on column {column}: it is {this} in {first} and {other} in "
            f"{second}, and no type holds both exactly.",
            remedy="write the files again with one type for the column, or keep the older ones as a "
            "table in a folder of their own.",
        )
    return lost


def _unites(types: Iterable[str]) -> bool:
    """Whether DuckDB's common type of these types is exact."""
    natives = set(types) - {_NOTHING}
    if len(natives) < 2 or natives <= _INTEGERS:
        return True
    if all(native.endswith("]") or native.startswith(("STRUCT(", "MAP(")) for native in natives):
        return _members_unite([duckdb.dtype(native) for native in natives])
    decimals = [_DECIMAL.fullmatch(native) for native in natives]
    sizes = [(int(found[1]), int(found[2])) for found in decimals if found]
    whole, fraction = (
        max(places, default=0) for places in ([p - s for p, s in sizes], [s for _, s in sizes])
    )
    return len(sizes) == len(natives) and whole + fraction <= _MOST_DIGITS


def _members_unite(kinds: Sequence[Any]) -> bool:
    """Whether lists, structs or maps unite: DuckDB matches members of structs by their names, in any case."""
    if len({kind.id for kind in kinds}) > 1 or kinds[0].id not in ("list", "struct", "map"):
        return False
    found: dict[str, set[str]] = {}
    for name, member in (pair for kind in kinds for pair in kind.children):
        found.setdefault(name, set()).add(str(member))
    return len({name.lower() for name in found}) == len(found) and all(map(_unites, found.values()))
