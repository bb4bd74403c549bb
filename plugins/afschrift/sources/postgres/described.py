"""Keys, comments, sizes of a PostgreSQL database, and what its views read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from afschrift.domain.sources import Described
from afschrift.sources.catalogue_rows import commented, grouped, keys_of
from afschrift.sources.postgres.dialect import PostgresDialect

_OWN = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
_KEYS = f"""
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(i.indexrelid AS bigint), i.indisprimary,
  CAST(a.attname AS text)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(CAST(i.indkey AS int2[])) WITH ORDINALITY AS k (number, position)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND k.position <= i.indnkeyatts AND {_OWN}
ORDER BY n.nspname, c.relname, i.indexrelid, k.position
"""  # noqa: S608 - constants
_REQUIRED = f"""
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(a.attname AS text)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND {_OWN}
ORDER BY n.nspname, c.relname, a.attnum
"""  # noqa: S608 - constants
_COMMENTS = f"""
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(a.attname AS text), d.description
FROM pg_description d
JOIN pg_class c ON c.oid = d.objoid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
WHERE d.classoid = CAST('pg_class' AS regclass) AND {_OWN}
ORDER BY n.nspname, c.relname, d.objsubid
"""  # noqa: S608 - constants
_ROWS = f"""
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(c.reltuples AS bigint)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.reltuples >= 0 AND {_OWN}
ORDER BY n.nspname, c.relname
"""  # noqa: S608 - constants
_READS = f"""
SELECT DISTINCT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(tn.nspname AS text),
  CAST(t.relname AS text)
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend d ON d.classid = CAST('pg_rewrite' AS regclass) AND d.objid = r.oid
  AND d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid <> c.oid
JOIN pg_class t ON t.oid = d.refobjid AND t.relkind IN ('r', 'p', 'v', 'm', 'f')
JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE {_OWN}
ORDER BY 1, 2, 3, 4
"""  # noqa: S608 - constants


def read_described(rows: Callable[[str], list[tuple[Any, ...]]], dialect: PostgresDialect) -> Described:
    """What the catalogue says.

    A table that was never analysed has no number of rows; the server has not counted it yet.

    Args:
        rows: runs a statement.
        dialect: of the session.
    """
    named = dialect.table
    keys, unique = keys_of(
        (named(schema, table), key, primary, column) for schema, table, key, primary, column in rows(_KEYS)
    )
    comments, column_comments = commented(
        (named(schema, table), column, comment) for schema, table, column, comment in rows(_COMMENTS)
    )
    required = grouped((named(schema, table), column) for schema, table, column in rows(_REQUIRED))
    return Described(
        keys,
        unique,
        {table: frozenset(columns) for table, columns in required.items()},
        comments,
        column_comments,
        {named(schema, table): count for schema, table, count in rows(_ROWS)},
        grouped((named(s, view), named(of, table)) for s, view, of, table in rows(_READS)),
    )
