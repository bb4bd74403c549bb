"""Turns rows of a database's catalogue into keys, comments and views; helpers for its EXPLAIN."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from afschrift.domain.sources import Described, ForeignKey
from afschrift.sources.table_errors import unquoted


def foreign_keys(rows: Iterable[tuple[object, str, str, str, str]]) -> tuple[ForeignKey, ...]:
    """Make foreign keys from catalogue rows, one for each column, in order.

    Args:
        rows: an identifier of the foreign key within its table, the table, its column, the referenced table,
            the referenced column.
    """
    found: dict[tuple[object, str], list[tuple[str, str, str]]] = {}
    for key, table, column, parent, parent_column in rows:
        found.setdefault((key, table), []).append((column, parent, parent_column))
    return tuple(
        ForeignKey(table, tuple(c for c, _, _ in pairs), pairs[0][1], tuple(t for _, _, t in pairs))
        for (_, table), pairs in found.items()
    )


Rows = Callable[[str], list[tuple[Any, ...]]]
"""Runs a statement with a small result."""

KeyRows = Iterable[tuple[str, object, bool, str | None]]
"""For each column of a key, in order: the table, an identifier of the key, whether it is the primary key, and
the column; None instead of a column for an expression or a prefix of a text."""


CommentRows = Iterable[tuple[str, str | None, str | None]]
"""Table, column (None for the table itself) and comment."""


def described(
    keys: KeyRows,
    required: Iterable[tuple[str, str]],
    comments: CommentRows = (),
    rows: Mapping[str, int] | None = None,
    reads: Iterable[tuple[str, str]] = (),
) -> Described:
    """Collect what a catalogue says.

    Args:
        keys: see `KeyRows`.
        required: table and column that is never NULL.
        comments: see `Commented`.
        rows: table -> number of rows.
        reads: view, and a table that it reads.
    """
    primary, unique = _keys_of(keys)
    of_tables, of_columns = _comments(comments)
    never_null = {table: frozenset(columns) for table, columns in _group(required).items()}
    return Described(primary, unique, never_null, of_tables, of_columns, rows or {}, _group(reads))


def _keys_of(
    rows: KeyRows,
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[tuple[str, ...], ...]]]:
    """Primary keys and other unique keys by table, without keys that have an expression.

    A key over `tenant` and `lower(mail)` does not make `tenant` unique, so its columns alone are no key.
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


def _group(rows: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Group the second values of pairs by the first, in order and without duplicates."""
    found: dict[str, dict[str, None]] = {}
    for key, value in rows:
        found.setdefault(key, {})[value] = None
    return {key: tuple(values) for key, values in found.items()}


def _comments(rows: CommentRows) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Comments of tables, and of columns."""
    tables: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    for table, column, comment in rows:
        if comment and comment.strip():
            if column is None:
                tables[table] = comment.strip()
            else:
                columns.setdefault(table, {})[column] = comment.strip()
    return tables, columns


_WORD = re.compile(r'"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|\w+')
_PATH = re.compile(rf"(?:{_WORD.pattern})(?:\s*\.\s*(?:{_WORD.pattern}))*")
_QUOTES = '"`[]'


def tables_in(views: Iterable[tuple[str, str | None]], tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a view and a table named in its definition; a table too many does no harm.

    Args:
        views: name and definition.
        tables: tables of the database; those of another schema as `schema.table`.
    """
    names = {table.casefold(): table for table in tables}
    for view, text in views:
        for found in dict.fromkeys(names[word] for word in _names_in(text or "") if word in names):
            if found != view:
                yield view, found


def _names_in(text: str) -> Iterator[str]:
    """Each name in a text, and each two names joined by a dot."""
    for path in _PATH.findall(text):
        words = [word.strip(_QUOTES).replace('""', '"').casefold() for word in _WORD.findall(path)]
        yield from words
        yield from map(".".join, pairwise(words))


_NAME = r'(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])'
_ALIASED = re.compile(rf"({_NAME}(?:\.{_NAME})*)(?: FOR SYSTEM_TIME ALL)? AS (t\w*)\b")


def by_alias(statement: str) -> dict[str, str]:
    """Alias -> table in a statement of `include/sql/`; the alias of the key table does not begin with `t`."""
    return {alias: unquoted(name) for name, alias in _ALIASED.findall(statement)}


def nodes(found: Any) -> Iterator[dict[str, Any]]:
    """All objects in a JSON document, outer ones first."""
    if isinstance(found, dict):
        yield found
        found = list(found.values())
    if isinstance(found, list):
        for part in found:
            yield from nodes(part)
