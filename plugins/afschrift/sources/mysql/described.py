"""Keys, foreign keys, comments, sizes of a MySQL or MariaDB database, and what its views read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from afschrift.domain.sources import Described, Structure
from afschrift.sources.catalogue_rows import described, foreign_keys

_KEYS = """
SELECT table_name, index_name, index_name = 'PRIMARY', CASE WHEN sub_part IS NULL THEN column_name END
FROM information_schema.statistics
WHERE table_schema = DATABASE() AND non_unique = 0
ORDER BY table_name, index_name, seq_in_index
"""
_COLUMNS = """
SELECT table_name, column_name, is_nullable, column_comment
FROM information_schema.columns WHERE table_schema = DATABASE()
ORDER BY table_name, ordinal_position
"""
_TABLES = """
SELECT table_name, table_type, table_comment, table_rows
FROM information_schema.tables WHERE table_schema = DATABASE()
ORDER BY table_name
"""
_FOREIGN_KEYS = """
SELECT constraint_name, table_name, column_name, referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage
WHERE table_schema = DATABASE() AND referenced_table_schema = DATABASE()
ORDER BY table_name, constraint_name, ordinal_position
"""
_VIEWS = """
SELECT table_name, view_definition, table_schema
FROM information_schema.views WHERE table_schema = DATABASE()
ORDER BY table_name
"""
Rows = Callable[[str], list[tuple[Any, ...]]]
"""Runs a statement; what is no integer comes as text."""
_NAME = r"`((?:[^`]|``)+)`"
_OF_A_TABLE = re.compile(rf"(?:from|join)[ (]+{_NAME}\.{_NAME}")
"""The server writes the definition of a view with each table as `database`.`table`."""


def read_structure(rows: Rows) -> Structure:
    """Foreign keys, views and tables with a history, as far as the account may see them."""
    tables = rows(_TABLES)
    return Structure(
        foreign_keys(rows(_FOREIGN_KEYS)),
        views=tuple(name for name, kind, _, _ in tables if kind == "VIEW"),
        history=tuple(name for name, kind, _, _ in tables if kind == "SYSTEM VERSIONED"),
    )


def read_described(rows: Rows) -> Described:
    """What the server's catalogue says; a number of rows is its estimate."""
    columns = rows(_COLUMNS)
    tables = [(name, comment, count) for name, kind, comment, count in rows(_TABLES) if kind != "VIEW"]
    return described(
        ((table, key, bool(primary), column) for table, key, primary, column in rows(_KEYS)),
        ((table, column) for table, column, nullable, _ in columns if nullable == "NO"),
        [
            *((table, None, comment) for table, comment, _ in tables),
            *((table, column, comment) for table, column, _, comment in columns),
        ],
        {table: int(count) for table, _, count in tables if count is not None},
        _reads(rows(_VIEWS)),
    )


def _reads(views: list[tuple[Any, ...]]) -> Iterator[tuple[str, str]]:
    """Tables of this database; what an account that may not see a definition is told is empty."""
    for view, definition, here in views:
        for database, table in _OF_A_TABLE.findall(definition or ""):
            if database.replace("``", "`") == here:
                yield view, table.replace("``", "`")
