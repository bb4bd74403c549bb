"""Every type of PostgreSQL, alone, in arrays and in composites."""

import base64
from pathlib import Path

import psycopg
from testbed import postgres as pg
from tests.contract.zoo.cages import TABLE, Zoo, plain, rows_of
from tests.support.warehouses import Warehouse, at

from afschrift.domain.value_kind import ValueKind

MADE = (
    "CREATE EXTENSION citext",
    "CREATE EXTENSION hstore",
    "CREATE TYPE mood AS ENUM ('calm', 'a \"b')",
    "CREATE TYPE pair AS (x integer, y timestamptz)",
    "CREATE TYPE floats AS RANGE (subtype = float8)",
    "CREATE DOMAIN amount AS numeric(10,2)",
    "CREATE DOMAIN tags AS text[]",
)
ROWS = rows_of("postgres")
CELLS = {"value": "{v}", "list": "ARRAY[{v}, NULL]", "struct": "CAST(ROW({v}) AS struct_{n})"}
ARRAYS = ("tags", "int4[]", "jsonb[]", "int2vector", "oidvector")
"""What an array of arrays would be: another type, or one with more dimensions."""
NOT_STORED = {"gtsvector", "pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list"}
NOT_STORED |= {"pg_brin_bloom_summary", "pg_brin_minmax_multi_summary"}
"""Types of PostgreSQL's own tables and indexes, which take no input."""
NOT_STORED |= {"xml"}  # the server of the tests is built without it; its text is as other texts
TYPES = """
SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
WHERE nspname = 'pg_catalog' AND typtype IN ('b', 'r', 'm') AND (typcategory <> 'A' OR typname ~ 'vector$')
  AND typname !~ '^_'
"""
_known: set[str] = set()


def holds(kind: ValueKind, own: str) -> str:
    if kind is ValueKind.BOOLEAN:
        return {"t": "true", "f": "false"}.get(own, own)
    if kind is ValueKind.BINARY and own.startswith("\\x"):
        return base64.b64encode(bytes.fromhex(own.removeprefix("\\x"))).decode()
    return plain(kind, own)


def fill(database: pg.Database) -> dict[str, str]:
    """Make the table; column -> how its value is cast."""
    cells = {
        f"{shape}_{number}": CELLS[shape].format(v=f"CAST({row.literal} AS {row.native})", n=number)
        for number, row in enumerate(ROWS)
        for shape in CELLS
        if shape != "list" or row.native not in ARRAYS
    }
    structs = [f"CREATE TYPE struct_{number} AS (a {row.native})" for number, row in enumerate(ROWS)]
    made = f"CREATE TABLE {TABLE} AS SELECT {', '.join(f'{cell} AS {name}' for name, cell in cells.items())}"
    database.execute("SET timezone = 'UTC'", *MADE, *structs, made, f"INSERT INTO {TABLE} SELECT")
    with psycopg.connect(database.libpq) as connection:
        _known.update(name for (name,) in connection.execute(TYPES).fetchall())
    return cells


def build(_: Path, database: pg.Database) -> Zoo:
    """A PostgreSQL database; the own texts are those of its output functions, by COPY."""
    names = list(fill(database))
    options = "-c timezone=UTC -c intervalstyle=iso_8601 -c extra_float_digits=1"
    with (
        psycopg.connect(database.libpq, options=options) as connection,
        connection.cursor().copy(f"COPY (SELECT {', '.join(names)} FROM {TABLE} LIMIT 1) TO STDOUT") as copy,
    ):
        (row,) = copy.rows()
    own = dict(zip(names, row, strict=True))
    for number, column in enumerate(ROWS):
        value = own[f"value_{number}"]
        if column.native == "bool":
            own[f"value_{number}"] = {"t": "true", "f": "false"}[value]  # a cast to text writes words
        if column.native == "bytea":
            own[f"value_{number}"] = holds(ValueKind.BINARY, value)  # bytes stay base64
        if column.native == "char(5)":
            own[f"value_{number}"] = value.rstrip()  # padding is no part of the value
    return Zoo(Warehouse("postgres", {}, at(database.libpq)), ROWS, own, holds)


def types() -> set[str]:
    named = {"char": '"char"'}
    return {named.get(name, name) for name in _known - NOT_STORED}
