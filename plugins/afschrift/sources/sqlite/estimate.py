"""EXPLAIN QUERY PLAN of SQLite: the statement is planned and not run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.sources.explained import by_alias

Rows = Callable[[str], list[tuple[Any, ...]]]
_STEP = re.compile(r"(SCAN|SEARCH) (t\w*)(?: USING (.+))?")
_INDEX = re.compile(r"(?:COVERING )?INDEX (\S+)|INTEGER (PRIMARY KEY)|(PRIMARY KEY)")
_MADE_FOR_IT = "AUTOMATIC"
"""An index that SQLite would make for this statement: it reads the whole table for it."""


def sqlite_estimate(rows: Rows, statement: str) -> Estimate:
    """How tables would be read; SQLite knows no cost, and rows of a table only where ANALYZE was run.

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
    """Table -> rows, as ANALYZE once found them."""
    if not rows("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'"):
        return {}
    found = rows("SELECT tbl, stat FROM sqlite_stat1 WHERE stat IS NOT NULL")
    return {table: int(stat.split()[0]) for table, stat in found}
