"""What stands in a PostgreSQL database: its tables and how each column is selected exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from afschrift.domain.sources import ColumnType
from afschrift.sources.postgres.dialect import PostgresDialect
from afschrift.sources.postgres.types import PgType, PgTypes
from afschrift.sources.table_errors import Unreadable, no_right, rows_hidden

Rows = Callable[[str], list[tuple[Any, ...]]]

EXTENSION_SCHEMAS = """
SELECT DISTINCT CAST(n.nspname AS text) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE n.nspname <> 'pg_catalog' ORDER BY 1
"""
"""Where the operators of citext and the like are: without them a comparison would be another one."""

_COLUMNS = """
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(a.attname AS text),
  CAST(a.atttypid AS bigint), format_type(a.atttypid, a.atttypmod),
  has_any_column_privilege(c.oid, 'SELECT'), row_security_active(c.oid),
  has_column_privilege(c.oid, a.attnum, 'SELECT'),
  {nondeterministic}
FROM pg_attribute a
LEFT JOIN pg_collation l ON l.oid = a.attcollation
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND has_schema_privilege(n.oid, 'USAGE')
  AND NOT EXISTS (
    SELECT 1 FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
  AND (
    NOT EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid)
    OR EXISTS (
      SELECT 1 FROM pg_attribute own
      WHERE own.attrelid = c.oid AND own.attnum > 0 AND NOT own.attisdropped AND own.attinhcount = 0
    )
  )
ORDER BY n.nspname, c.relname, a.attnum
"""
_TELLS_COLLATIONS = 120000
"""First server version with collations that take different texts for equal."""

_TYPES = """
SELECT CAST(t.oid AS bigint), CAST(t.typname AS text), format_type(t.oid, NULL), n.nspname = 'pg_catalog',
  CAST(t.typtype AS text), CAST(t.typbasetype AS bigint),
  CASE WHEN t.typcategory = 'A' THEN CAST(t.typelem AS bigint) ELSE 0 END, CAST(t.typdelim AS text),
  CASE WHEN c.relkind = 'c' THEN CAST(c.oid AS bigint) ELSE 0 END
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
"""
_MEMBERS = """
SELECT CAST(a.attrelid AS bigint), CAST(a.attname AS text), CAST(a.atttypid AS bigint)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relkind = 'c' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""


def read_catalogue(
    source: str, rows: Rows, dialect: PostgresDialect, cell_limit: int
) -> Mapping[str, Mapping[str, ColumnType]]:
    """Table of the inventory -> column -> type; the dialect learns where each table is.

    Who asks for a column of a table without the right to read it is told so, before anything is read.

    Args:
        source: its name, for errors.
        rows: runs a statement.
        dialect: of the session.
        cell_limit: bytes above which a cell raises an error instead of its value.
    """
    types = {oid: PgType(*row) for oid, *row in rows(_TYPES)}
    members: dict[int, list[tuple[str, int]]] = {}
    for relation, name, oid in rows(_MEMBERS):
        members.setdefault(relation, []).append((name, oid))
    known = PgTypes(types, members, cell_limit)
    found: dict[str, dict[str, ColumnType]] = {}
    closed: dict[str, Unreadable] = {}
    says = "NOT l.collisdeterministic" if dialect.version >= _TELLS_COLLATIONS else "false"
    columns = rows(_COLUMNS.format(nondeterministic=f"COALESCE({says}, false)"))
    for schema, relation, column, oid, native, readable, hides_rows, granted, nondeterministic in columns:
        table = dialect.table(schema, relation)
        loose = nondeterministic or known.is_citext(oid)
        of_type = replace(known.column(table, column, oid, native), loose=loose)
        found.setdefault(table, {})[column] = of_type if granted else replace(of_type, closed=True)
        if not readable:
            closed[table] = Unreadable(no_right(f"{source}.{schema}.{relation}"))
        elif hides_rows:
            closed[table] = Unreadable(rows_hidden(f"{source}.{schema}.{relation}"))
    return {**found, **closed}
