"""Every type of PostgreSQL, alone, in arrays and in composites."""

from __future__ import annotations

import base64
from pathlib import Path

import psycopg
from testbed import postgres as pg
from tests.contract.zoo.cages import TABLE, Row, Zoo, plain
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
ROWS = (
    Row("int2", "-32768"),
    Row("int4", "7"),
    Row("int8", "9007199254740993"),
    *(Row(name, "'42'") for name in ("oid", "xid", "xid8", "cid")),
    Row("float4", "0.1"),
    Row("float8", "'1e-310'"),
    Row("float8", "'-Infinity'", note="infinite"),
    Row("numeric", "'12345678901234567890123456789012345678901234567890.10'"),
    Row("numeric", "'Infinity'", note="infinite"),
    Row("money", "'-1234.50'", "-1234.50"),
    Row("bool", "true"),
    Row("text", "E'a \"b\\\\ {é}\\n'"),
    Row("varchar", "'a,b'"),
    Row("bpchar", "'ab'"),
    Row("char(5)", "'ab'", note="padded"),
    *(Row(name, "'ab'") for name in ("name", '"char"', "citext", "refcursor")),
    Row("bytea", "'\\x00ff'"),
    Row("uuid", "'6F1DE0D0-7A4B-4C43-8F1C-0A1B2C3D4E5F'"),
    Row("json", """'{"a": 1.10, "a": 2}'"""),
    Row("jsonb", """'{"a": 1.10, "b": null}'"""),
    Row("hstore", """'a=>"1", b=>NULL'""", '{"a": "1", "b": null}'),
    Row("jsonpath", "'$.a'"),
    Row("date", "'2024-02-29'"),
    Row("date", "'infinity'", note="infinite"),
    Row("date", "'0044-03-15 BC'", note="before Christ"),
    Row("time", "'10:00:00.5'"),
    Row("time", "'24:00'", note="24 hours"),
    Row("timetz", "'10:00:00.5+05:30'"),
    Row("timetz", "'10:00:00+01:02:03'", note="seconds in the offset"),
    Row("timestamp", "'2024-10-27 02:30:00.000001'"),
    Row("timestamp", "'-infinity'", note="infinite"),
    Row("timestamptz", "'2024-10-27 02:30:00.5+02'"),
    Row("timestamptz", "'0044-03-15 12:00+00 BC'", note="before Christ"),
    Row("interval", "'1 year 2 mons -3 days 04:05:06.789'"),
    Row("bit", "B'1'"),
    Row("varbit", "B'0101'"),
    Row("inet", "'192.168.0.1'"),
    Row("inet", "'::1/64'", note="with a prefix"),
    Row("cidr", "'10.0.0.0/8'"),
    Row("macaddr", "'08:00:2b:01:02:03'"),
    Row("macaddr8", "'08:00:2b:01:02:03:04:05'"),
    Row("point", "'(0.30000000000000004,-2)'"),
    Row("line", "'{1,2,3}'"),
    Row("lseg", "'[(1,2),(3,4)]'"),
    Row("box", "'(3,4),(1,2)'"),
    Row("path", "'((1,2),(3,4))'"),
    Row("polygon", "'((1,2),(3,4))'"),
    Row("circle", "'<(1,2),3>'"),
    Row("tsvector", "'a:1 b:2'"),
    Row("tsquery", "'a & b'"),
    Row("pg_lsn", "'16/B374D848'"),
    Row("pg_snapshot", "'10:20:10,14'"),
    Row("txid_snapshot", "'10:20:10,14'"),
    Row("tid", "'(0,1)'"),
    *(Row(name, "'pg_class'") for name in ("regclass",)),
    Row("regtype", "'integer'"),
    Row("regproc", "'now'"),
    Row("regprocedure", "'now()'"),
    Row("regoper", "'||/'"),
    Row("regoperator", "'+(integer,integer)'"),
    Row("regrole", "'postgres'"),
    Row("regnamespace", "'pg_catalog'"),
    Row("regconfig", "'simple'"),
    Row("regdictionary", "'simple'"),
    Row("regcollation", "'\"C\"'"),
    Row("aclitem", "'postgres=r/postgres'"),
    Row("int2vector", "'7 8'", "[7,8]"),
    Row("oidvector", "'7 8'", "[7,8]"),
    *(Row(f"{name}range", "'[1,5)'") for name in ("int4", "int8", "num")),
    Row("daterange", "'[2024-01-01,)'"),
    Row("tsrange", "'[2024-01-01 00:00,)'"),
    Row("tstzrange", "'[2024-01-01 00:00+00,)'"),
    *(Row(f"{name}multirange", "'{[1,5),[7,9)}'") for name in ("int4", "int8", "num")),
    Row("datemultirange", "'{[2024-01-01,2024-01-03)}'"),
    Row("tsmultirange", "'{[2024-01-01 00:00,2024-01-02 00:00)}'"),
    Row("tstzmultirange", "'{[2024-01-01 00:00+00,2024-01-02 00:00+00)}'"),
    Row("floats", "'[0.1,0.3)'", note="a range"),
    Row("mood", "'a \"b'", note="an enum"),
    Row("amount", "1.1", note="a domain"),
    Row("tags", "'{a,NULL}'", '["a",null]', note="a domain over an array"),
    Row("pair", "ROW(1, '2024-01-01 00:00+00')", '{"x":1,"y":"2024-01-01T00:00:00Z"}', note="a composite"),
    Row("int4[]", "'{{1,2},{3,NULL}}'", "[[1,2],[3,null]]", note="two dimensions"),
    Row("int4[]", "'[0:1]={7,8}'", note="not from 1"),
    Row("jsonb[]", "ARRAY['null'::jsonb, NULL]", note="with the JSON `null`"),
)  # fmt: skip
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
    """Value form of a text of PostgreSQL."""
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
    """Every type of the server that was filled last."""
    named = {"char": '"char"'}
    return {named.get(name, name) for name in _known - NOT_STORED}
