"""A version of a table as its log describes it: columns, files, deleted rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from afschrift.sources.duckdb.lake_stores import LakeFile


@dataclass(frozen=True)
class LogField:
    """A column or a member of one, in the table and in its files.

    Attributes:
        name: in the table.
        native: type in DuckDB; empty for a type that no reader here knows.
        stored: name in the files, or its field id there.
        shape: `struct`, `list` or `map`; empty for a plain value.
        members: of a struct; the element of a list; key and value of a map.
        default: SQL of the value in files without the column.
        unknown: the type in the log if `native` is empty.
        names: its names in files that have no ids.
    """

    name: str
    native: str
    stored: str | int
    shape: str = ""
    members: tuple[LogField, ...] = ()
    default: str = "NULL"
    unknown: str = ""
    names: tuple[str, ...] = ()


FILE, NUMBER = "afschrift_file", "file_row_number"
"""Columns of deleted rows, and of the view with each row's place; DuckDB defines the second name."""

Files = Collection[LakeFile]
NO_ROWS = pa.table({FILE: pa.array([], pa.string()), NUMBER: pa.array([], pa.int64())})


@dataclass(frozen=True)
class EqualDeletes:
    """Deletes of rows by their values.

    Attributes:
        fields: columns that are compared; the table may have lost them.
        rows: their values as columns `0`, `1`, ...; `sequence`: files with a lower one are concerned; `part`:
            the partition; null: every one.
    """

    fields: tuple[LogField, ...]
    rows: pa.Table


@dataclass(frozen=True)
class LogTable:
    """A version of a table.

    Attributes:
        version: as the log names it.
        fields: its columns in order.
        files: its data files; those with the same rows twice are not in it.
        rows: number of rows of each file by the log, with those deleted; None: unknown.
        partitions: columns whose values are in the log, one value a file.
        stored_partitions: a file may have such a column too.
        lows, highs: column -> the least and greatest value in each file; null: unknown. Bounds may be wide.
        deleted: reads which rows (`FILE`, `NUMBER`) of some files are deleted; perhaps of other ones too.
        equal: reads which rows are deleted by their values.
        sequences, parts: of each file, for `equal`.
        comments: column -> comment; the empty name is the table.
        required: columns that are never NULL.
    """

    version: str
    fields: tuple[LogField, ...]
    files: tuple[LakeFile, ...]
    rows: tuple[int | None, ...] = ()
    partitions: Mapping[str, pa.Array] = field(default_factory=dict)
    stored_partitions: bool = False
    lows: Mapping[str, pa.Array] = field(default_factory=dict)
    highs: Mapping[str, pa.Array] = field(default_factory=dict)
    deleted: Callable[[Files], pa.Table] = lambda _: NO_ROWS
    equal: Callable[[], tuple[EqualDeletes, ...]] = tuple
    sequences: tuple[int, ...] = ()
    parts: tuple[str, ...] = ()
    comments: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


def nested(name: str, stored: str | int, shape: str, members: tuple[LogField, ...]) -> LogField:
    """A struct, list or map with its type; unknown if a member's type is."""
    if unknown := next((of.unknown for of in members if not of.native), ""):
        return LogField(name, "", stored, shape, members, unknown=f"{unknown} in a list, struct or map")
    types = [of.native for of in members]
    if shape == "list":
        native = f"{types[0]}[]"
    elif shape == "map":
        native = f"MAP({', '.join(types)})"
    else:
        quoted = ('"' + of.name.replace('"', '""') + '" ' + of.native for of in members)
        native = f"STRUCT({', '.join(quoted)})"
    return LogField(name, native, stored, shape, members)
