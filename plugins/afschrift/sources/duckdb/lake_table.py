"""A table of a lake: the Parquet files of a folder, where they are one table as they stand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import duckdb
from upath import UPath

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.duckdb.footers import INT96, Footers

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


def parquet_files(source: str, root: UPath, folder: UPath) -> list[UPath]:
    """All Parquet files below a folder, in order.

    What begins with `_` or `.` is no part of the table, as Spark and Hive have it: files that a job is still
    writing, or left behind when it failed. A partition by such a column (`_day=1`) is one.

    Raises:
        ConfigurationError: the folder, or one below it, is a table of Delta Lake, Iceberg or Hudi.
        OSError: it, or a folder below it, cannot be listed.
    """
    found = sorted(_below(folder))
    refuse_log(source, root, found)
    return [path for path in found if path.name.endswith(".parquet") and not _set_aside(folder, path)]


def _set_aside(folder: UPath, path: UPath) -> bool:
    inside = path.as_posix()[len(folder.as_posix()) :].split("/")
    return any(part.startswith(("_", ".")) and "=" not in part for part in inside)


def _below(folder: UPath) -> Iterator[UPath]:
    """Files and folders at every depth; `rglob` passes over a folder of the disk that it may not list."""
    if not isinstance(folder, Path):
        yield from folder.rglob("*")
        return
    for at, folders, files in os.walk(folder, onerror=_stop):
        plain = Path(at)  # a `UPath` costs ten times as much, for each of thousands of files
        yield from (plain / name for name in (*folders, *files))


def _stop(error: OSError) -> NoReturn:
    raise error


def refuse_log(source: str, root: UPath, paths: Iterable[UPath]) -> None:
    """Refuse tables of which a log says which files and rows count: files alone still hold what was deleted.

    Args:
        source: name of the source.
        root: of the lake.
        paths: files and folders below it.

    Raises:
        ConfigurationError: names the folder of the first such table, and its format.
    """
    for path in paths:
        if found := _log_of(path):
            kind, table = found
            inside = _inside(root, table)
            raise ConfigurationError(
                f"The folder {inside or 'of the root itself'} of source {source} is a table of {kind}: "
                "its log says which rows stand, and its files alone hold rows that were deleted or replaced.",
                remedy="export the table as it stands to plain Parquet files outside this folder, or give it "
                "by an engine that reads its log (`kind: sqlalchemy`); set `personal: false` where it holds "
                "nobody's data.",
            )


def _log_of(path: UPath) -> tuple[str, UPath] | None:
    """Format and folder of the table, if this is the mark of one."""
    if path.name == "_delta_log":
        return "Delta Lake", path.parent
    if path.name == ".hoodie":
        return "Hudi", path.parent
    if path.parent.name == "metadata" and path.name.endswith((".metadata.json", ".metadata.json.gz")):
        return "Iceberg", path.parent.parent
    return None


def one_relation(
    con: duckdb.DuckDBPyConnection, where: str, folder: UPath, files: Sequence[UPath]
) -> tuple[duckdb.DuckDBPyRelation, dict[str, str]]:
    """All rows of the files, with every column that any of them has; it is NULL in files without it.

    Reads footers only. A column has one type in all files, or types of which one holds the values of all.

    Args:
        con: the session.
        where: the table as `source.table`, for errors.
        folder: of the table; folders below it are Hive partitions.
        files: at least one.

    Returns:
        The rows, and column -> type where DuckDB loses it (`footers`).

    Raises:
        ConfigurationError: names a column and two files in which it has types that no type unites exactly,
            or a file with two names that DuckDB takes for one, where files differ.
        duckdb.Error: a file is damaged.
    """
    names = [str(file) for file in files]
    kinds = [file for (file,) in con.execute(_FOOTERS, [names]).fetchall()]
    footers = Footers(con, kinds, names)
    kinds = footers.kinds(kinds)
    several = len(kinds) > 1
    lost = footers.of(kinds[0], con.read_parquet(kinds[:1], hive_partitioning=False).columns)
    if several:
        lost = _lost_or_refused(con, where, folder, kinds, footers)
    if INT96 not in lost.values():
        return con.read_parquet(names, hive_partitioning=True, union_by_name=several), lost
    read = f"FROM read_parquet(?, hive_partitioning = true, union_by_name = {several}, int96_as = 'struct')"
    return con.sql(read, params=[names]), lost


def _lost_or_refused(
    con: duckdb.DuckDBPyConnection, where: str, folder: UPath, files: Sequence[str], footers: Footers
) -> dict[str, str]:
    """Column -> the type that DuckDB loses, where no column has two types of which none holds all values."""
    spelled: dict[str, str] = {}  # DuckDB takes names that differ by case for one column
    types: dict[str, dict[str, str]] = {}  # column -> type -> the first file that has it
    lost: dict[str, str] = {}
    for file in files:
        relation = con.read_parquet([file], hive_partitioning=False)
        of_file = footers.of(file, relation.columns)
        stored = {name for (name,) in con.execute(_NAMES, [file]).fetchall()}
        for column, native in zip(relation.columns, relation.types, strict=True):
            if column not in stored:  # DuckDB gave the second of two names a number
                raise ConfigurationError(
                    f"A file of {where} has columns whose names differ by case alone, the second as "
                    f"{column}, and other files have other columns: {_inside(folder, UPath(file))}.",
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
        (one, first), (other, second) = ((native, _inside(folder, UPath(file))) for native, file in differing)
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


def _inside(folder: UPath, path: UPath) -> str:
    """A path as seen from a folder. The value of a Hive partition is data, and stays out."""
    parts = path.parts[len(folder.parts) :]
    return "/".join(f"{part.split('=')[0]}=*" if "=" in part else part for part in parts)
