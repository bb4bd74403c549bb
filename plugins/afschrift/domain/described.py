"""What a database says of its tables beside their columns: keys, comments, sizes, what views read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Described:
    """Tables are named as in `Source.catalogue()`; what the database does not say is not there.

    Attributes:
        keys: table -> columns of its primary key, in order.
        unique: table -> its further unique keys.
        required: table -> columns that are never NULL.
        comments: table -> what its owner wrote beside it.
        column_comments: table -> column -> the same.
        rows: table -> how many, as the database believes.
        reads: view -> tables that it reads.
    """

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unique: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    required: Mapping[str, frozenset[str]] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    column_comments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


KeyRows = Iterable[tuple[str, object, bool, str]]
"""Of each column of a key, in order: the table, what tells one key of it from another, whether it is the
primary one, the column."""


def keys_of(
    rows: KeyRows,
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[tuple[str, ...], ...]]]:
    """Primary keys, and the further unique ones, by table."""
    found: dict[tuple[str, object, bool], list[str]] = {}
    for table, key, primary, column in rows:
        found.setdefault((table, key, bool(primary)), []).append(column)
    keys = {table: tuple(columns) for (table, _, primary), columns in found.items() if primary}
    unique: dict[str, list[tuple[str, ...]]] = {}
    for (table, _, primary), columns in found.items():
        of_table = unique.setdefault(table, []) if not primary else []
        if tuple(columns) not in (*of_table, keys.get(table)):
            of_table.append(tuple(columns))
    return keys, {table: tuple(of_table) for table, of_table in unique.items() if of_table}


def grouped(rows: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The second of each pair by the first, in order, each once."""
    found: dict[str, dict[str, None]] = {}
    for one, other in rows:
        found.setdefault(one, {})[other] = None
    return {one: tuple(others) for one, others in found.items()}


def commented(
    rows: Iterable[tuple[str, str | None, str | None]],
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Comments of tables and of columns, from table, column (None: of the table itself) and comment."""
    tables: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    for table, column, comment in rows:
        if comment and comment.strip():
            if column is None:
                tables[table] = comment.strip()
            else:
                columns.setdefault(table, {})[column] = comment.strip()
    return tables, columns
