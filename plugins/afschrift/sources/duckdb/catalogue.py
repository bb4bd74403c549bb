"""DuckDB's catalogue, and its EXPLAIN, for which a statement is planned and not run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.domain.sources import Described
from afschrift.sources.catalogue import Rows, by_alias, described, nodes, tables_in
from afschrift.sources.duckdb.lake_stores import pattern

_HERE = "database_name = current_database()"
_KEYS = f"""
SELECT schema_name, table_name, constraint_index, constraint_type = 'PRIMARY KEY',
  unnest(constraint_column_names)
FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND {_HERE}
ORDER BY schema_name, table_name, constraint_index
"""  # noqa: S608 - constants
_COLUMNS = f"""
SELECT schema_name, table_name, column_name, is_nullable, comment
FROM duckdb_columns() WHERE NOT internal AND {_HERE} ORDER BY schema_name, table_name, column_index
"""  # noqa: S608 - constants
_TABLES = f"""
SELECT schema_name, table_name, comment, estimated_size FROM duckdb_tables()
WHERE NOT internal AND {_HERE} ORDER BY schema_name, table_name
"""  # noqa: S608 - constants
_VIEWS = f"""
SELECT schema_name, view_name, comment, sql FROM duckdb_views()
WHERE NOT internal AND {_HERE} ORDER BY schema_name, view_name
"""  # noqa: S608 - constants

Named = Callable[[str, str], str]


def read_described(rows: Rows, named: Named) -> Described:
    """Read keys, comments, numbers of rows and what views read.

    Args:
        rows: runs a statement.
        named: schema and table -> name in the inventory.
    """
    columns, tables, views = rows(_COLUMNS), rows(_TABLES), rows(_VIEWS)
    names = [named(s, name) for s, name, _, _ in (*tables, *views)]
    return described(
        ((named(s, table), key, primary, column) for s, table, key, primary, column in rows(_KEYS)),
        ((named(s, table), column) for s, table, column, nullable, _ in columns if not nullable),
        [
            *((named(s, name), None, comment) for s, name, comment, _ in (*tables, *views)),
            *((named(s, table), column, comment) for s, table, column, _, comment in columns),
        ],
        {named(s, table): int(size) for s, table, _, size in tables},
        tables_in(((named(s, name), sql) for s, name, _, sql in views), names),
    )


def lake_rows(rows: Rows, files: Mapping[str, list[str]], literal: Callable[[str], str]) -> dict[str, int]:
    """Table -> number of rows, by the footers of its files.

    Args:
        rows: runs a statement.
        files: table -> its files.
        literal: quotes a text for SQL.
    """
    table_of = {path: table for table, paths in files.items() for path in paths}
    found = dict.fromkeys(files, 0)
    if table_of:
        listed = ", ".join(literal(pattern(path)) for paths in files.values() for path in paths)
        footers = rows(f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])")  # noqa: S608 - quoted
        for path, count in footers:
            found[table_of[path]] += int(count)
    return found


_SIZES = "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE NOT internal"
_KEPT = "Estimated Cardinality"


def file_estimate(rows: Rows, statement: str) -> Estimate:
    """Estimate for a database file: how its tables would be read, with their numbers of rows.

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
    """Estimate for a lake: the files that would be read, and their sizes.

    Args:
        rows: runs a small query.
        statement: the statement.
        files: table -> size of each of its files in bytes.
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
    """The number of resulting rows: that of the outermost node with an estimate."""
    estimated = next((node[_KEPT] for node in nodes(plan) if _KEPT in node), None)
    return None if estimated is None else int(estimated)
