"""The schema of a SQLite file, which has no comments, and EXPLAIN QUERY PLAN."""

from __future__ import annotations

import re

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.domain.sources import Described
from afschrift.sources.catalogue import Rows, by_alias, described, tables_in

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


def read_described(rows: Rows) -> Described:
    """Read keys and what views read; numbers of rows are known if ANALYZE was run.

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


_STEP = re.compile(r"(SCAN|SEARCH) (t\w*)(?: USING (.+))?")
_INDEX = re.compile(r"(?:COVERING )?INDEX (\S+)|INTEGER (PRIMARY KEY)|(PRIMARY KEY)")
_MADE_FOR_IT = "AUTOMATIC"
"""An index that SQLite would make for this statement, for which it reads the whole table."""


def sqlite_estimate(rows: Rows, statement: str) -> Estimate:
    """How tables would be read; SQLite has no costs, and numbers of rows only if ANALYZE was run.

    Args:
        rows: runs a small query.
        statement: the statement.
    """
    names = by_alias(statement)
    steps = [_STEP.match(detail) for *_, detail in rows(f"EXPLAIN QUERY PLAN {statement}")]
    known = counted(rows)
    found = (_reading(step, names[step[2]], known) for step in steps if step and step[2] in names)
    return Estimate(readings=tuple(dict.fromkeys(found)))


def _reading(step: re.Match[str], table: str, counted: dict[str, int]) -> TableEstimate:
    how = step[3] or ""
    index = _INDEX.match(how)
    whole = step[1] == "SCAN" or how.startswith(_MADE_FOR_IT)
    return TableEstimate(table, whole, (index[1] or "primary key") if index else "", counted.get(table))


def counted(rows: Rows) -> dict[str, int]:
    """Table -> number of rows at the last ANALYZE."""
    if not rows("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'"):
        return {}
    found = rows("SELECT tbl, stat FROM sqlite_stat1 WHERE stat IS NOT NULL")
    return {table: int(stat.split()[0]) for table, stat in found}
