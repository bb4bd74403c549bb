"""Keys, sizes of a SQLite file, and what its views read; SQLite keeps no comments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from afschrift.domain.sources import Described
from afschrift.sources.catalogue_rows import described
from afschrift.sources.sqlite.estimate import counted
from afschrift.sources.view_text import tables_in

_COLUMNS = """
SELECT t.name, c.name, c.pk, c."notnull" FROM sqlite_schema AS t JOIN pragma_table_xinfo(t.name) AS c
WHERE t.type = 'table' AND substr(t.name, 1, 7) <> 'sqlite_' AND c.hidden <> 1
ORDER BY t.name, c.cid
"""
_UNIQUE = """
SELECT t.name, i.name, c.name
FROM sqlite_schema AS t
JOIN pragma_index_list(t.name) AS i ON i."unique" AND i.origin <> 'pk' AND NOT i.partial
JOIN pragma_index_info(i.name) AS c
WHERE t.type = 'table' AND substr(t.name, 1, 7) <> 'sqlite_'
ORDER BY t.name, i.name, c.seqno
"""
_TEXTS = "SELECT name, type = 'view', sql FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name"


def read_described(rows: Callable[[str], list[tuple[Any, ...]]]) -> Described:
    """What the file's schema says. How many rows a table has is known where ANALYZE was run.

    Args:
        rows: runs a statement.
    """
    columns = rows(_COLUMNS)
    primary = sorted((table, place, column) for table, column, place, _ in columns if place)
    texts = rows(_TEXTS)
    return described(
        [
            *((table, "", True, column) for table, _, column in primary),
            *((table, name, False, column) for table, name, column in rows(_UNIQUE)),
        ],
        ((table, column) for table, column, place, strict in columns if strict or place),
        rows=counted(rows),
        reads=tables_in(((name, sql) for name, view, sql in texts if view), [name for name, _, _ in texts]),
    )
