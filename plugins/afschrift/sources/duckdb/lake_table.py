"""A table of a lake: the Parquet files of a folder, where they are one table as they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.duckdb.footers import INT96, Footers
from afschrift.sources.duckdb.lake_files import printable
from afschrift.sources.duckdb.lake_stores import LakeFile, pattern

_FOOTERS = """
SELECT min(file_name) FROM (
  SELECT file_name, list((CASE WHEN column_id > 0 THEN name END, type, duckdb_type, converted_type,
                          logical_type, num_children) ORDER BY column_id) AS footer
  FROM parquet_schema(?) GROUP BY file_name
) GROUP BY footer ORDER BY 1
"""
_NAMES = "SELECT DISTINCT name FROM parquet_schema(?)"
_NOTHING = '"NULL"'  # the type of a column that holds no value in a file
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_DECIMAL = re.compile(r"DECIMAL\(([0-9]+),([0-9]+)\)")
_DIGITS = 38  # DuckDB rounds what needs more


def one_relation(
    con: duckdb.DuckDBPyConnection, where: str, files: Sequence[LakeFile]
) -> tuple[duckdb.DuckDBPyRelation, dict[str, str]]:
    """All rows of the files, with every column that any of them has; it is NULL in files without it.

    Reads footers only. A column has one type in all files, or types of which one holds the values of all.

    Args:
        con: the session.
        where: the table as `source.table`, for errors.
        files: at least one; folders in their paths are Hive partitions.

    Returns:
        The rows, and column -> type where DuckDB loses it (`footers`).

    Raises:
        ConfigurationError: names a column and two files in which it has types that no type unites exactly,
            or a file with two names that DuckDB takes for one, where files differ.
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
        lost = _lost_or_refused(con, where, inside, kinds, footers)
    if INT96 not in lost.values():
        return con.read_parquet(names, hive_partitioning=True, union_by_name=several), lost
    read = f"FROM read_parquet(?, hive_partitioning = true, union_by_name = {several}, int96_as = 'struct')"
    return con.sql(read, params=[names]), lost


def _lost_or_refused(
    con: duckdb.DuckDBPyConnection,
    where: str,
    inside: Mapping[str, str],
    files: Sequence[str],
    footers: Footers,
) -> dict[str, str]:
    """Column -> the type that DuckDB loses, where no column has two types of which none holds all values."""
    spelled: dict[str, str] = {}  # DuckDB takes names that differ by case for one column
    types: dict[str, dict[str, str]] = {}  # column -> type -> the first file that has it
    lost: dict[str, str] = {}
    for file in files:
        relation = con.read_parquet([pattern(file)], hive_partitioning=False)
        of_file = footers.of(file, relation.columns)
        stored = {name for (name,) in con.execute(_NAMES, [pattern(file)]).fetchall()}
        for column, native in zip(relation.columns, relation.types, strict=True):
            if column not in stored:  # DuckDB gave the second of two names a number
                raise ConfigurationError(
                    f"A file of {where} has columns whose names differ by case alone, the second as "
                    f"{column}, and other files have other columns: {inside[file]}.",
                    remedy="write the files again with names that differ by more, or keep those with other "
                    "columns as a table in a folder of their own.",
                )
            name = spelled.setdefault(column.lower(), column)
            types.setdefault(name, {}).setdefault(of_file.get(column, str(native)), file)
            if column in of_file:
                lost[name] = of_file[column]
    for column, found in types.items():
        if _unites(found.keys() - {_NOTHING}):
            continue
        differing = [pair for pair in found.items() if pair[0] != _NOTHING][:2]
        (one, first), (other, second) = ((native, inside[file]) for native, file in differing)
        raise ConfigurationError(
            f"The files of {where} do not agree on column {column}: it is {one} in {first} and {other} in "
            f"{second}, and no type holds the values of all files exactly.",
            remedy="write the files again with one type for the column, or keep the older ones as a "
            "table in a folder of their own.",
        )
    return lost


def _unites(natives: set[str]) -> bool:
    """Whether DuckDB's common type holds the values of all types exactly."""
    if len(natives) < 2 or natives <= _INTEGERS:
        return True
    decimals = [_DECIMAL.fullmatch(native) for native in natives]
    sizes = [(int(found[1]), int(found[2])) for found in decimals if found]
    whole, fraction = (
        max(places, default=0) for places in ([p - s for p, s in sizes], [s for _, s in sizes])
    )
    return len(sizes) == len(natives) and whole + fraction <= _DIGITS
