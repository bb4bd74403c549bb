"""Keys, foreign keys and comments from the rows in which a database's catalogue gives them."""

from __future__ import annotations

from collections.abc import Iterable

from afschrift.domain.sources import ForeignKey


def foreign_keys(rows: Iterable[tuple[object, str, str, str, str]]) -> tuple[ForeignKey, ...]:
    """Foreign keys from a row a column, in order.

    Args:
        rows: what tells one foreign key from another of its table, the table, its column, the table that it
            points to, the column there.
    """
    found: dict[tuple[object, str], list[tuple[str, str, str]]] = {}
    for key, table, column, parent, parent_column in rows:
        found.setdefault((key, table), []).append((column, parent, parent_column))
    return tuple(
        ForeignKey(table, tuple(c for c, _, _ in pairs), pairs[0][1], tuple(t for _, _, t in pairs))
        for (_, table), pairs in found.items()
    )


KeyRows = Iterable[tuple[str, object, bool, str | None]]
"""Of each column of a key, in order: the table, what tells one key of it from another, whether it is the
primary one, the column; None where that is an expression or the beginning of a text."""


def keys_of(
    rows: KeyRows,
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[tuple[str, ...], ...]]]:
    """Primary keys, and the further unique ones, by table; none that is not over columns alone.

    A key over `tenant` and `lower(mail)` does not make `tenant` unique.
    """
    of_keys: dict[tuple[str, object, bool], list[str | None]] = {}
    for table, key, primary, column in rows:
        of_keys.setdefault((table, key, bool(primary)), []).append(column)
    found = {
        key: [c for c in columns if c is not None] for key, columns in of_keys.items() if None not in columns
    }
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
