"""PostgreSQL's catalogue and EXPLAIN: tables, types of columns, keys, comments, costs of reading.

EXPLAIN is used without ANALYZE: the statement is planned and not run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.domain.sources import ColumnType, Described, Structure
from afschrift.sources.catalogue import Rows, described, foreign_keys, nodes
from afschrift.sources.person_keys import KEY_TABLE
from afschrift.sources.postgres.column_types import PgType, PgTypes
from afschrift.sources.postgres.dialect import PostgresDialect
from afschrift.sources.table_errors import Unreadable, no_right, rows_hidden

EXTENSION_SCHEMAS = """
SELECT DISTINCT CAST(n.nspname AS text) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE n.nspname <> 'pg_catalog' ORDER BY 1
"""
"""Schemas with the operators of citext and other extensions: without them a comparison would use others."""

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
_HAS_NONDETERMINISTIC = 120000
"""First server version with nondeterministic collations, which hold different texts equal."""

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
    """Read table of the inventory -> column -> type, and let the dialect learn the schema of each table.

    A table that the account may not read is included: accessing a column of it raises, before any row is
    read.

    Args:
        source: name of the source, for errors.
        rows: runs a statement.
        dialect: dialect of the session.
        cell_limit: bytes above which a cell raises an error instead of its value.
    """
    types = {oid: PgType(*row) for oid, *row in rows(_TYPES)}
    members: dict[int, list[tuple[str, int]]] = {}
    for relation, name, oid in rows(_MEMBERS):
        members.setdefault(relation, []).append((name, oid))
    known = PgTypes(types, members, cell_limit)
    found: dict[str, dict[str, ColumnType]] = {}
    closed: dict[str, Unreadable] = {}
    says = "NOT l.collisdeterministic" if dialect.version >= _HAS_NONDETERMINISTIC else "false"
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


def read_structure(rows: Rows, dialect: PostgresDialect) -> Structure:
    """Read foreign keys, partitions and children, views, and tables in schemas closed to the account."""
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
    """Read keys, comments, numbers of rows and what views read.

    A table that was never analysed has no number of rows: the server has not counted them yet.
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


def postgres_estimate(rows: Rows, dialect: PostgresDialect, explained: str) -> Estimate:
    """Read the planner's estimate.

    Args:
        rows: runs a small query.
        dialect: dialect of the session.
        explained: output of `EXPLAIN (FORMAT JSON, VERBOSE)`.
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
    """Whether a table is read completely, also if by an index without condition; and by which index."""
    kind = node["Node Type"]
    if kind.startswith("Index"):
        return "Index Cond" not in node, node["Index Name"]
    if kind == "Bitmap Heap Scan":
        return False, next(inner["Index Name"] for inner in nodes(node) if "Index Name" in inner)
    return (True, "") if kind in ("Seq Scan", "Sample Scan") else (None, "")


def _sizes(
    rows: Rows, dialect: PostgresDialect, tables: set[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int | None, int]]:
    """Rows (None if never analysed) and bytes of tables; every account may read that in the catalogue."""
    if not tables:
        return {}
    named = ", ".join(f"({', '.join(map(dialect.literal, table))})" for table in sorted(tables))
    found = rows(
        "SELECT n.nspname::text, c.relname::text, c.reltuples::bigint, pg_table_size(c.oid) "  # noqa: S608 - quoted
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE (n.nspname::text, c.relname::text) IN ({named})"
    )
    return {(schema, name): (tuples if tuples >= 0 else None, size) for schema, name, tuples, size in found}
