"""The same two tables in every kind of warehouse: one row of awkward values, and many rows.

Each kind writes the values in its own types; what a type cannot hold is named in `LACKS`, and what comes
out otherwise because the database itself keeps it otherwise is in `DIFFERS`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from testbed import postgres as pg
from tests.support import mariadb
from tests.support.two_sessions import open_two

from afschrift.domain.sources import Connect, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.options import from_environment

UUID = "6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f"
MANY = 150_000

# column -> kind and value form, the same for every source that has such a type
FORMS: dict[str, tuple[ValueKind, str | None]] = {
    "n": (ValueKind.INTEGER, "9007199254740993"),
    "huge": (ValueKind.INTEGER, "170141183460469231731687303715884105727"),
    "dec": (ValueKind.DECIMAL, "1.10000000000000000000"),
    "tiny": (ValueKind.DECIMAL, "0.00000000000000000001"),
    "long": (ValueKind.DECIMAL, "12345678901234567890123456789012345678"),
    "f": (ValueKind.NUMBER, "0.1"),
    "third": (ValueKind.NUMBER, "0.3333333333333333"),
    "single": (ValueKind.NUMBER, "0.1"),
    "nan": (ValueKind.NUMBER, "NaN"),
    "minus": (ValueKind.NUMBER, "-INF"),
    "zero": (ValueKind.NUMBER, "-0"),
    "b": (ValueKind.BOOLEAN, "true"),
    "t": (ValueKind.TEXT, "a 'quoted\"\n\\N 😀"),
    "empty": (ValueKind.TEXT, ""),
    "nothing": (ValueKind.TEXT, None),
    "j": (ValueKind.JSON, '{"a": 1.10, "a": 2}'),
    "u": (ValueKind.UUID, UUID),
    "d": (ValueKind.DATE, "2024-02-29"),
    "bc": (ValueKind.DATE, "0044-03-15 BC"),
    "never": (ValueKind.DATE, "infinity"),
    "clock": (ValueKind.TIME, "10:00:00.500000"),
    "ts": (ValueKind.DATETIME, "2024-10-27T02:30:00.123456"),
    "tz": (ValueKind.INSTANT, "2024-10-27T00:30:00Z"),
    "tzbc": (ValueKind.INSTANT, "0044-03-15 12:00:00+00 BC"),
    "span": (ValueKind.DURATION, "P1Y2M3DT4H5M6.789S"),
    "bin": (ValueKind.BINARY, "AP8="),
    "list": (ValueKind.JSON, "[1,null,9007199254740991]"),
    "large": (ValueKind.JSON, '["9007199254740993"]'),
    "grid": (ValueKind.JSON, '[["1.10",null],["2.00","0.05"]]'),
    "floats": (ValueKind.JSON, '["NaN",-0.0,0.5,"INF"]'),
    "words": (ValueKind.JSON, '["a\\"b",null,"x,y","\\n"]'),
    "times": (ValueKind.JSON, '["2024-01-01T00:00:00Z","2024-01-01T00:00:00.500000Z"]'),
    "nest": (ValueKind.JSON, '{"a":1,"b":null,"c":["1.10"]}'),
    "chosen": (ValueKind.TEXT, "so so"),
    'we"ird {name}': (ValueKind.INTEGER, "7"),
}

Columns = dict[str, tuple[str, str]]  # column -> type, literal

DUCKDB: Columns = {
    "n": ("BIGINT", "9007199254740993"),
    "huge": ("HUGEINT", "170141183460469231731687303715884105727"),
    "dec": ("DECIMAL(38,20)", "'1.10'"),
    "tiny": ("DECIMAL(38,20)", "1e-20"),
    "long": ("DECIMAL(38,0)", "12345678901234567890123456789012345678"),
    "f": ("DOUBLE", "0.1"),
    "third": ("DOUBLE", "'0.3333333333333333'"),
    "single": ("FLOAT", "0.1"),
    "nan": ("DOUBLE", "'NaN'"),
    "minus": ("DOUBLE", "'-Infinity'"),
    "zero": ("DOUBLE", "'-0'"),
    "b": ("BOOLEAN", "true"),
    "t": ("VARCHAR", "'a ''quoted\"\n\\N 😀'"),
    "empty": ("VARCHAR", "''"),
    "nothing": ("VARCHAR", "NULL"),
    "j": ("JSON", """'{"a": 1.10, "a": 2}'"""),
    "u": ("UUID", f"'{UUID.upper()}'"),
    "d": ("DATE", "'2024-02-29'"),
    "bc": ("DATE", "'0044-03-15 (BC)'"),
    "never": ("DATE", "'infinity'"),
    "clock": ("TIME", "'10:00:00.5'"),
    "ts": ("TIMESTAMP", "'2024-10-27 02:30:00.123456'"),
    "tz": ("TIMESTAMPTZ", "'2024-10-27 02:30:00+02'"),
    "tzbc": ("TIMESTAMPTZ", "'0044-03-15 (BC) 12:00:00+00'"),
    "span": ("INTERVAL", "'1 year 2 months 3 days 04:05:06.789'"),
    "bin": ("BLOB", "'\\x00\\xFF'"),
    "list": ("BIGINT[]", "[1, NULL, 9007199254740991]"),
    "large": ("BIGINT[]", "[9007199254740993]"),
    "grid": ("DECIMAL(10,2)[][]", "[[1.10, NULL], [2.00, 0.05]]"),
    "floats": ("DOUBLE[]", "['NaN', '-0', '0.5', 'Infinity']"),
    "words": ("VARCHAR[]", "['a\"b', NULL, 'x,y', '\n']"),
    "times": ("TIMESTAMPTZ[]", "['2024-01-01 00:00:00+00', '2024-01-01 00:00:00.5+00']"),
    "nest": ("STRUCT(a INTEGER, b VARCHAR, c DECIMAL(3,2)[])", "{'a': 1, 'b': NULL, 'c': [1.10]}"),
    "chosen": ("ENUM('ok', 'so so')", "'so so'"),
    'we"ird {name}': ("INTEGER", "7"),
}
POSTGRES: Columns = DUCKDB | {
    "dec": ("numeric(38,20)", "'1.10'"),
    "tiny": ("numeric", "'1e-20'"),
    "long": ("numeric(38)", "12345678901234567890123456789012345678"),
    "f": ("float8", "0.1"),
    "third": ("float8", "'0.3333333333333333'"),
    "single": ("float4", "0.1"),
    "nan": ("float8", "'NaN'"),
    "minus": ("float8", "'-Infinity'"),
    "zero": ("float8", "'-0'"),
    "bc": ("date", "'0044-03-15 BC'"),
    "tzbc": ("timestamptz", "'0044-03-15 12:00 BC'"),
    "bin": ("bytea", "'\\x00ff'"),
    "list": ("bigint[]", "'{1,NULL,9007199254740991}'"),
    "large": ("bigint[]", "'{9007199254740993}'"),
    "grid": ("numeric(10,2)[]", "'{{1.1,NULL},{2,0.05}}'"),
    "floats": ("float8[]", "'{NaN,-0,0.5,Infinity}'"),
    "words": ("text[]", """ARRAY['a"b', NULL, 'x,y', E'\\n']"""),
    "times": ("timestamptz[]", "'{2024-01-01 00:00+00,2024-01-01 00:00:00.5+00}'"),
    "nest": ("nest", "ROW(1, NULL, ARRAY[1.10])"),
    "chosen": ("chosen", "'so so'"),
}
_NESTED = {"list", "large", "grid", "floats", "words", "times", "nest"}
SQLITE: Columns = DUCKDB | {
    "tiny": ("DECIMAL(38,20)", "1e-20"),
    "minus": ("DOUBLE", "-9e999"),
    "third": ("DOUBLE", "0.3333333333333333"),
    "zero": ("DOUBLE", "-0.0"),
    "bin": ("BLOB", "x'00ff'"),
    "d": ("DATE", "'2024-02-29'"),
    "tz": ("TIMESTAMPTZ", "'2024-10-27 00:30:00Z'"),
    "chosen": ("VARCHAR(10)", "'so so'"),
}
MYSQL: Columns = DUCKDB | {
    "tiny": ("DECIMAL(38,20)", "'1e-20'"),
    "b": ("BOOLEAN", "true"),
    "t": ("LONGTEXT", "'a ''quoted\"\n\\N 😀'"),
    "empty": ("VARCHAR(5)", "''"),
    "nothing": ("VARCHAR(5)", "NULL"),
    "bin": ("BLOB", "x'00ff'"),
    "clock": ("TIME(6)", "'10:00:00.5'"),
    "ts": ("DATETIME(6)", "'2024-10-27 02:30:00.123456'"),
    "tz": ("TIMESTAMP(6) NULL", "'2024-10-27 00:30:00'"),
    "zero": ("DOUBLE", "-0e0"),
    "chosen": ("ENUM('ok', 'so so')", "'so so'"),
}
LACKS = {
    # what no driver gives exactly, and what no dialect of SQLAlchemy names
    "sqlalchemy": {"huge", "bc", "never", "tzbc", "span"} | _NESTED,
    # no NaN, no dates before the year 0, nothing nested
    "mysql": {"huge", "nan", "minus", "bc", "never", "tzbc", "span"} | _NESTED,
    "parquet": {"huge"},
    "postgres": {"huge"},
    # integers and floats of 64 bits, no NaN, no sign of zero, no dates of its own, nothing nested
    "sqlite": {"huge", "long", "nan", "zero", "single", "bc", "never", "tzbc", "span"} | _NESTED,
}


def spelled(columns: Columns, without: set[str] = frozenset()) -> str:  # type: ignore[assignment]
    """A SELECT list of the values, cast to their types."""
    return ", ".join(
        f'CAST({literal} AS {type_}) AS "{name.replace(chr(34), chr(34) * 2)}"'
        for name, (type_, literal) in columns.items()
        if name not in without
    )


def created(columns: Columns, without: set[str]) -> tuple[str, str]:
    """CREATE TABLE and INSERT, for databases in which a SELECT does not make the column's type."""
    chosen = {name: value for name, value in columns.items() if name not in without}
    names = ", ".join(
        f'"{name.replace(chr(34), chr(34) * 2)}" {type_}' for name, (type_, _) in chosen.items()
    )
    values = ", ".join(literal for _, literal in chosen.values())
    return f"CREATE TABLE awkward ({names})", f"INSERT INTO awkward VALUES ({values})"


DIFFERS: dict[str, dict[str, tuple[ValueKind, str]]] = {
    # BOOLEAN is another name of TINYINT(1)
    "mysql": {"b": (ValueKind.INTEGER, "1")},
}


@dataclass(frozen=True)
class Warehouse:
    """A filled warehouse of one kind."""

    kind: str
    options: dict[str, Any]
    connect: Connect = from_environment

    def open(self, **options: Any) -> Source:
        """It as a request meets it: planned in one session and read in another, not opened yet."""
        named = None if self.connect is from_environment else "w"
        return open_two(
            "w", self.kind, self.options | options, connection=named, connect=self.connect, tag="R-1"
        )


def fill_duckdb(con: duckdb.DuckDBPyConnection, without: set[str]) -> None:
    """The two tables in a DuckDB database."""
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"CREATE TABLE awkward AS SELECT {spelled(DUCKDB, without)}")
    con.execute(
        f"CREATE TABLE many AS SELECT i AS id, i % 10 AS owner, 'x' || i AS pad FROM range({MANY}) r(i)"
    )


def _duckdb(folder: Path, _: pg.Database | None) -> Warehouse:
    with duckdb.connect(str(folder / "w.duckdb")) as con:
        fill_duckdb(con, set())
    return Warehouse("duckdb", {"path": str(folder / "w.duckdb")})


def _parquet(folder: Path, _: pg.Database | None) -> Warehouse:
    with duckdb.connect() as con:
        fill_duckdb(con, LACKS["parquet"])
        for table in ("awkward", "many"):
            target = folder / "lake" / table
            target.mkdir(parents=True)
            con.execute(f"COPY {table} TO '{target}/part-0.parquet' (FORMAT parquet)")
    return Warehouse("parquet", {"root": str(folder / "lake")})


def at(uri: str) -> Connect:
    """Every connection id leads to this address."""
    return lambda name: from_environment(name, {f"AIRFLOW_CONN_{name.upper()}": uri})


def _postgres(_: Path, database: pg.Database | None) -> Warehouse:
    assert database is not None
    database.execute(
        "CREATE TYPE chosen AS ENUM ('ok', 'so so')",
        "CREATE TYPE nest AS (a integer, b text, c numeric(3,2)[])",
        "SET TimeZone = 'UTC'",
        f"CREATE TABLE awkward AS SELECT {spelled(POSTGRES, LACKS['postgres'])}",
        f"CREATE TABLE many AS SELECT i AS id, i % 10 AS owner, 'x' || i AS pad FROM generate_series(0, {MANY - 1}) i",
    )
    return Warehouse("postgres", {}, at(database.libpq))


def fill_sqlite(path: Path) -> None:
    """The two tables in a SQLite file."""
    with sqlite3.connect(path) as con:
        for statement in created(SQLITE, LACKS["sqlite"]):
            con.execute(statement)
        con.execute("CREATE TABLE many (id INTEGER, owner INTEGER, pad VARCHAR(20))")
        con.executemany("INSERT INTO many VALUES (?, ?, ?)", ((i, i % 10, f"x{i}") for i in range(MANY)))
        con.execute("CREATE INDEX many_id ON many (id)")
    con.close()


def _sqlite(folder: Path, _: pg.Database | None) -> Warehouse:
    fill_sqlite(folder / "w.sqlite")
    return Warehouse("sqlite", {"path": str(folder / "w.sqlite")})


def fill_mysql(database: mariadb.Database) -> None:
    """The two tables in a MariaDB database."""
    database.execute(
        "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', time_zone = '+00:00'",
        *created(MYSQL, LACKS["mysql"]),
        f"CREATE TABLE many AS SELECT seq AS id, seq % 10 AS owner, concat('x', seq) AS pad FROM seq_0_to_{MANY - 1}",
        "CREATE INDEX many_id ON many (id)",
    )


def _mysql(_: Path, database: mariadb.Database) -> Warehouse:
    fill_mysql(database)
    return Warehouse("mysql", {}, at(database.uri()))


def _sqlalchemy(folder: Path, database: pg.Database) -> Warehouse:
    """Over PostgreSQL, which has an adapter of its own: what counts is that SQLAlchemy is between."""
    made = _postgres(folder, database)
    database.execute(
        *(f'ALTER TABLE awkward DROP COLUMN "{name}"' for name in sorted(LACKS["sqlalchemy"] - {"huge"})),
        "CREATE TABLE keyed (a float8, b real, c numeric(18,2), d numeric, e bigint, f smallint, g varchar(40), h uuid)",
    )
    return Warehouse("sqlalchemy", {"driver": "postgresql+psycopg"}, made.connect)


SERVERS = {"mysql": "mariadb_server", "postgres": "postgres_server", "sqlalchemy": "postgres_server"}
"""Kind -> the fixture with its server; the others are files."""

MAKERS: dict[str, Callable[[Path, Any], Warehouse]] = {
    "duckdb": _duckdb,
    "mysql": _mysql,
    "parquet": _parquet,
    "postgres": _postgres,
    "sqlalchemy": _sqlalchemy,
    "sqlite": _sqlite,
}
