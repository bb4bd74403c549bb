"""The catalogue of MySQL and MariaDB, and their EXPLAIN, for which a statement is planned and not run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.domain.sources import Described, Structure
from afschrift.sources.catalogue import Rows, by_alias, described, foreign_keys

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
_NAME = r"`((?:[^`]|``)+)`"
_OF_A_TABLE = re.compile(rf"(?:from|join)[ (]+{_NAME}\.{_NAME}")
"""A table in the definition of a view, which the server writes as `database`.`table`."""


def read_structure(rows: Rows) -> Structure:
    """Read foreign keys, views and tables with a history, as far as the account may see them."""
    tables = rows(_TABLES)
    return Structure(
        foreign_keys(rows(_FOREIGN_KEYS)),
        views=tuple(name for name, kind, _, _ in tables if kind == "VIEW"),
        history=tuple(name for name, kind, _, _ in tables if kind == "SYSTEM VERSIONED"),
    )


def read_described(rows: Rows) -> Described:
    """Read keys, comments, views and numbers of rows, which are the server's estimates."""
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
    """View and table that it reads, in this database; empty for an account that may not see definitions."""
    for view, definition, here in views:
        for database, table in _OF_A_TABLE.findall(definition or ""):
            if database.replace("``", "`") == here:
                yield view, table.replace("``", "`")


_SIZES = (
    "SELECT table_name, CAST(table_rows AS SIGNED), CAST(data_length AS SIGNED) "
    "FROM information_schema.tables WHERE table_schema = DATABASE()"
)
_WHOLE = ("ALL", "index")
"""`index` reads an index from end to end."""

# A regular expression, because MariaDB does not escape quotes in identifiers, so the output may be no JSON.
# The first cost is that of the whole statement.
_COST = re.compile(r'"(?:cost|query_cost)": "?([0-9.e+]+)')
_TYPE, _KEY = 3, 5
"""Columns of MariaDB's output; in MySQL's `partitions` comes before them. The alias is the third in both."""

_OF_MARIADB = 10


def mysql_estimate(rows: Rows, statement: str) -> Estimate:
    """Read the planner's estimate; its number of resulting rows is not reliable, so it is left out.

    Args:
        rows: runs a small query.
        statement: the statement.
    """
    names = by_alias(statement)
    steps = rows(f"EXPLAIN FORMAT=TRADITIONAL {statement}")
    cost = _COST.search(rows(f"EXPLAIN FORMAT=JSON {statement}")[0][0])
    sizes = {table: (count, size) for table, count, size in rows(_SIZES)}
    found = (_reading(step, names[step[2]], sizes) for step in steps if step[2] in names)
    return Estimate(cost=float(cost[1]) if cost else None, readings=tuple(dict.fromkeys(found)))


def _reading(
    step: Sequence[Any], table: str, sizes: dict[str, tuple[int | None, int | None]]
) -> TableEstimate:
    more = 1 if len(step) > _OF_MARIADB else 0
    rows, size = sizes.get(table, (None, None))
    return TableEstimate(table, step[_TYPE + more] in _WHOLE, step[_KEY + more] or "", rows, size)
