"""What a PostgreSQL database says of its tables beside their columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from afschrift.domain.sources import Structure
from afschrift.sources.catalogue_rows import foreign_keys
from afschrift.sources.postgres.dialect import PostgresDialect

_FOREIGN_KEYS = """
SELECT CAST(f.oid AS bigint), CAST(n.nspname AS text), CAST(c.relname AS text), CAST(a.attname AS text),
  CAST(pn.nspname AS text), CAST(p.relname AS text), CAST(pa.attname AS text)
FROM pg_constraint f
CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k (own, theirs, position)
JOIN pg_class c ON c.oid = f.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.own
JOIN pg_class p ON p.oid = f.confrelid
JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = k.theirs
WHERE f.contype = 'f'
ORDER BY n.nspname, c.relname, f.conname, k.position
"""
_PARTS = """
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(pn.nspname AS text), CAST(p.relname AS text)
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = i.inhparent
JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relkind IN ('r', 'p', 'f')
ORDER BY n.nspname, c.relname, i.inhseqno
"""
_VIEWS = """
SELECT CAST(n.nspname AS text), CAST(c.relname AS text)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname
"""

_HIDDEN = """
SELECT CAST(n.nspname AS text), CAST(c.relname AS text)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT has_schema_privilege(n.oid, 'USAGE')
ORDER BY n.nspname, c.relname
"""


def read_structure(rows: Callable[[str], list[tuple[Any, ...]]], dialect: PostgresDialect) -> Structure:
    """How the tables hang together, from the catalogue.

    Args:
        rows: runs a statement.
        dialect: of the session.
    """
    named = dialect.table
    return Structure(
        foreign_keys(
            (key, named(schema, table), column, named(to_schema, parent), theirs)
            for key, schema, table, column, to_schema, parent, theirs in rows(_FOREIGN_KEYS)
        ),
        {named(schema, child): named(of_schema, parent) for schema, child, of_schema, parent in rows(_PARTS)},
        tuple(named(schema, view) for schema, view in rows(_VIEWS)),
        hidden=tuple(named(schema, table) for schema, table in rows(_HIDDEN)),
    )
