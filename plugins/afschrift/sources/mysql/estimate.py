"""EXPLAIN of MySQL and MariaDB, never with ANALYZE: the statement is planned and not run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.sources.explained import by_alias

Rows = Callable[[str], list[tuple[Any, ...]]]
_SIZES = (
    "SELECT table_name, CAST(table_rows AS SIGNED), CAST(data_length AS SIGNED) "
    "FROM information_schema.tables WHERE table_schema = DATABASE()"
)
_WHOLE = ("ALL", "index")
"""`index` reads an index from end to end."""

# MariaDB escapes no quotes of identifiers there, so that it is no JSON; the first cost is the statement's.
_COST = re.compile(r'"(?:cost|query_cost)": "?([0-9.e+]+)')
_TYPE, _KEY = 3, 5
"""Columns of MariaDB's answer; MySQL's has `partitions` before them. The alias is the third of both."""

_OF_MARIADB = 10


def mysql_estimate(rows: Rows, statement: str) -> Estimate:
    """What the planner says; of the rows that come out it says nothing that holds.

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
