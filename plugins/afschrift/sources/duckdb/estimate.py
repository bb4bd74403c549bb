"""EXPLAIN of DuckDB, never with ANALYZE: the statement is planned and not run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.sources.explained import by_alias, nodes

Rows = Callable[[str], list[tuple[Any, ...]]]
_SIZES = "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE NOT internal"
_KEPT = "Estimated Cardinality"


def file_estimate(rows: Rows, statement: str) -> Estimate:
    """Of a database file: how its tables would be read, with the rows that they hold.

    Args:
        rows: runs a small query.
        statement: the statement.
    """
    plan = _plan(rows, statement)
    names = set(by_alias(statement).values())
    sizes = {table if schema == "main" else f"{schema}.{table}": n for schema, table, n in rows(_SIZES)}
    found: dict[TableEstimate, None] = {}
    for node in nodes(plan):
        _, _, path = str(node.get("Table", "")).partition(".")
        table = path.removeprefix("main.")
        if table in names:
            by_index = "Index" in node.get("Type", "")
            found[TableEstimate(table, not by_index, rows=sizes.get(table))] = None
    return Estimate(_rows(plan), readings=tuple(found))


def lake_estimate(rows: Rows, statement: str, files: Mapping[str, Sequence[int]]) -> Estimate:
    """Of a lake: the files that would be read, and their bytes.

    Args:
        rows: runs a small query.
        statement: the statement.
        files: table -> the bytes of each of its files.
    """
    tables = dict.fromkeys(table for table in by_alias(statement).values() if table in files)
    found = (
        TableEstimate(
            table,
            whole=True,
            size=sum(files[table]),
            files=len(files[table]),
        )
        for table in tables
    )
    return Estimate(_rows(_plan(rows, statement)), readings=tuple(found))


def _plan(rows: Rows, statement: str) -> Any:
    return json.loads(rows(f"EXPLAIN (FORMAT JSON) {statement}")[0][1])


def _rows(plan: Any) -> int | None:
    """Of the outermost node that has an estimate: the rows that come out."""
    told = next((node[_KEPT] for node in nodes(plan) if _KEPT in node), None)
    return None if told is None else int(told)
