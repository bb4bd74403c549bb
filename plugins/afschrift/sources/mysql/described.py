"""Keys, comments, sizes of a MySQL or MariaDB database, and what its views read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from afschrift.domain.sources import Described
from afschrift.sources.catalogue_rows import commented, grouped, keys_of

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
SELECT table_name, table_comment, table_rows
FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'VIEW'
ORDER BY table_name
"""
_VIEWS = """
SELECT table_name, view_definition, table_schema
FROM information_schema.views WHERE table_schema = DATABASE()
ORDER BY table_name
"""
_NAME = r"`((?:[^`]|``)+)`"
_OF_A_TABLE = re.compile(rf"(?:from|join)[ (]+{_NAME}\.{_NAME}")
"""The server writes the definition of a view with each table as `database`.`table`."""


def read_described(rows: Callable[[str], list[tuple[Any, ...]]]) -> Described:
    """What the server's catalogue says; a number of rows is its estimate.

    Args:
        rows: runs a statement; what is no integer comes as text.
    """
    keys, unique = keys_of((table, key, bool(primary), column) for table, key, primary, column in rows(_KEYS))
    columns, tables = rows(_COLUMNS), rows(_TABLES)
    comments, column_comments = commented(
        [
            *((table, None, comment) for table, comment, _ in tables),
            *((t, c, said) for t, c, _, said in columns),
        ]
    )
    required = grouped((table, column) for table, column, nullable, _ in columns if nullable == "NO")
    return Described(
        keys,
        unique,
        {table: frozenset(of_table) for table, of_table in required.items()},
        comments,
        column_comments,
        {table: int(count) for table, _, count in tables if count is not None},
        grouped(_reads(rows(_VIEWS))),
    )


def _reads(views: list[tuple[Any, ...]]) -> Iterator[tuple[str, str]]:
    """Tables of this database; what an account that may not see a definition is told is empty."""
    for view, definition, here in views:
        for database, table in _OF_A_TABLE.findall(definition or ""):
            if database.replace("``", "`") == here:
                yield view, table.replace("``", "`")
