"""Keys, foreign keys, comments, sizes of a PostgreSQL database, and what its views read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from afschrift.domain.sources import Described, Structure
from afschrift.sources.catalogue_rows import described, foreign_keys
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
_RELATIONS = f"""
SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(c.relkind AS text),
  CAST(c.reltuples AS bigint), c.relispartition, has_schema_privilege(n.oid, 'USAGE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_OWN}
ORDER BY n.nspname, c.relname
"""  # noqa: S608 - constants
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


Rows = Callable[[str], list[tuple[Any, ...]]]
"""Runs a statement."""


def read_structure(rows: Rows, dialect: PostgresDialect) -> Structure:
    """How the tables hang together, from the catalogue."""
    named = dialect.table
    relations = [(named(s, table), kind, *more) for s, table, kind, *more in rows(_RELATIONS)]
    return Structure(
        foreign_keys(
            (key, named(schema, table), column, named(to_schema, parent), theirs)
            for key, schema, table, column, to_schema, parent, theirs in rows(_FOREIGN_KEYS)
        ),
        {named(schema, child): named(of_schema, parent) for schema, child, of_schema, parent in rows(_PARTS)},
        tuple(name for name, kind, *_ in relations if kind in "vm"),
        hidden=tuple(name for name, _, _, is_part, entered in relations if not (is_part or entered)),
    )


def read_described(rows: Rows, dialect: PostgresDialect) -> Described:
    """What the catalogue says.

    A table that was never analysed has no number of rows; the server has not counted it yet.
    """
    named = dialect.table
    return described(
        ((named(s, table), key, primary, column) for s, table, key, primary, column in rows(_KEYS)),
        ((named(s, table), column) for s, table, column in rows(_REQUIRED)),
        ((named(s, table), column, comment) for s, table, column, comment in rows(_COMMENTS)),
        {
            named(s, table): count
            for s, table, kind, count, *_ in rows(_RELATIONS)
            if kind != "v" and count >= 0
        },
        ((named(s, view), named(of, table)) for s, view, of, table in rows(_READS)),
    )
