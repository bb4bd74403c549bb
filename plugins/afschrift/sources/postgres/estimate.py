"""EXPLAIN of PostgreSQL, never with ANALYZE: the statement is planned and not run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.sources.explained import nodes
from afschrift.sources.key_table import KEY_TABLE
from afschrift.sources.postgres.dialect import PostgresDialect

Rows = Callable[[str], list[tuple[Any, ...]]]


def postgres_estimate(rows: Rows, dialect: PostgresDialect, explained: str) -> Estimate:
    """What the planner says.

    Args:
        rows: runs a small query.
        dialect: of the session.
        explained: what `EXPLAIN (FORMAT JSON, VERBOSE)` gave.
    """
    plan = json.loads(explained)[0]["Plan"]
    scans = [node for node in nodes(plan) if node.get("Relation Name", KEY_TABLE) != KEY_TABLE]
    sizes = _sizes(rows, dialect, {(node["Schema"], node["Relation Name"]) for node in scans})
    return Estimate(
        plan["Plan Rows"],
        plan["Total Cost"],
        tuple(dict.fromkeys(_reading(node, dialect.schema, sizes) for node in scans)),
    )


def _reading(
    node: dict[str, Any], schema: str, sizes: dict[tuple[str, str], tuple[int | None, int]]
) -> TableEstimate:
    own, name = node["Schema"], node["Relation Name"]
    whole, index = _how(node)
    rows, size = sizes.get((own, name), (None, None))
    return TableEstimate(name if own == schema else f"{own}.{name}", whole, index, rows, size)


def _how(node: dict[str, Any]) -> tuple[bool | None, str]:
    """An index without a condition is read from end to end too, for its order."""
    kind = node["Node Type"]
    if kind.startswith("Index"):
        return "Index Cond" not in node, node["Index Name"]
    if kind == "Bitmap Heap Scan":
        return False, next(inner["Index Name"] for inner in nodes(node) if "Index Name" in inner)
    return (True, "") if kind in ("Seq Scan", "Sample Scan") else (None, "")


def _sizes(
    rows: Rows, dialect: PostgresDialect, tables: set[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int | None, int]]:
    """Rows (None: never analysed) and bytes of tables; everybody may ask the catalogue that."""
    if not tables:
        return {}
    named = ", ".join(f"({', '.join(map(dialect.literal, table))})" for table in sorted(tables))
    found = rows(
        "SELECT n.nspname::text, c.relname::text, c.reltuples::bigint, pg_table_size(c.oid) "  # noqa: S608 - quoted
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE (n.nspname::text, c.relname::text) IN ({named})"
    )
    return {(schema, name): (tuples if tuples >= 0 else None, size) for schema, name, tuples, size in found}
