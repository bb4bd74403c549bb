"""The same two tables in every kind of warehouse: one row of awkward values, and many rows.

Each kind writes the values in its own types; what a type cannot hold is named in `LACKS`, and what comes
out otherwise because the database itself keeps it otherwise is in `DIFFERS`.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed import postgres as pg
from tests.support import mariadb
from tests.support.log_lakes import write_lake
from tests.support.two_sessions import open_two

from afschrift.domain.sources import Connect, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.options import from_environment
from afschrift.testing.scratch import Form, forms, types_of

MANY = 70_000  # more than one batch of any source, and than a second session waits for

Columns = dict[str, tuple[str, str]]  # column -> type, literal

FORMS = forms()
"""Column -> kind and value form, the same for every source that has such a type."""
UUID = str(FORMS["u"][1])
DUCKDB, POSTGRES, SQLITE, MYSQL = (
    {name: (type_.native, type_.literal) for name, type_ in types_of(kind).items()}
    for kind in ("duckdb", "postgres", "sqlite", "mysql")
)
_NESTED = {"list", "large", "grid", "floats", "words", "times", "nest"}
LACKS = {
    # what no driver gives exactly, and what no dialect of SQLAlchemy names
    "sqlalchemy": {"huge", "bc", "never", "tzbc", "span"} | _NESTED,
    "mysql": set(FORMS) - set(MYSQL),
    "files": set(FORMS) - {"t", "empty", "nothing", "chosen", "n", "b", 'we"ird {name}'},  # texts only
    # no dates before the year 1, and no UUID, JSON, time of day or interval
    "delta": {"huge", "bc", "never", "tzbc", "u", "j", "clock", "span"},
    # the writer writes UUIDs only as such, and has neither JSON nor intervals
    "iceberg": {"huge", "bc", "never", "tzbc", "u", "j", "clock", "span"},
    "parquet": {"huge"},
    "postgres": set(FORMS) - set(POSTGRES),
    "sqlite": set(FORMS) - set(SQLITE),
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


DIFFERS: dict[str, dict[str, Form]] = {
    "files": {name: (ValueKind.TEXT, str(FORMS[name][1])) for name in ("n", "b", 'we"ird {name}')},
    "mysql": {n: t.form for n, t in types_of("mysql").items() if t.form},  # BOOLEAN is a TINYINT(1)
}


@dataclass(frozen=True)
class Warehouse:
    kind: str
    options: dict[str, Any]
    connect: Connect = from_environment

    def open(self, **options: Any) -> Source:
        """It as a request meets it: planned in one session and read in another, not opened yet."""
        named = None if self.connect is from_environment else "w"
        return open_two(
            "w", self.kind, self.options | options, connection=named, connect=self.connect, tag="R-1"
        )

    @property
    def place(self) -> str:
        """Its lines in a data map."""
        named = "" if self.connect is from_environment else "connection: w\n"
        return f"{named}options: {json.dumps(self.options)}"


def fill_duckdb(con: duckdb.DuckDBPyConnection, without: set[str]) -> None:
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


def _logged(folder: Path, _: pg.Database | None, kind: str) -> Warehouse:
    with duckdb.connect() as con:
        fill_duckdb(con, LACKS[kind])
        write_lake(con, folder / "lake", kind)
    return Warehouse(kind, {"root": str(folder / "lake")})


def _files(folder: Path, _: pg.Database | None) -> Warehouse:
    with duckdb.connect() as con:
        fill_duckdb(con, LACKS["files"])
        for table in ("awkward", "many"):
            con.execute(f"COPY {table} TO '{folder}/{table}.csv' (FORMAT csv)")
    return Warehouse("files", {"root": str(folder)})


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
    return of_server("postgres", database)


def fill_sqlite(path: Path) -> None:
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
    database.execute(
        "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', time_zone = '+00:00'",
        *created(MYSQL, LACKS["mysql"]),
        f"CREATE TABLE many AS SELECT seq AS id, seq % 10 AS owner, concat('x', seq) AS pad FROM seq_0_to_{MANY - 1}",
        "CREATE INDEX many_id ON many (id)",
    )


def _mysql(_: Path, database: mariadb.Database) -> Warehouse:
    fill_mysql(database)
    return of_server("mysql", database)


def _sqlalchemy(folder: Path, database: pg.Database) -> Warehouse:
    """Over PostgreSQL, which has an adapter of its own: what counts is that SQLAlchemy is between."""
    _postgres(folder, database)
    database.execute(
        *(f'ALTER TABLE awkward DROP COLUMN "{name}"' for name in sorted(LACKS["sqlalchemy"] - {"huge"})),
        "CREATE TABLE keyed (a float8, b real, c numeric(18,2), d numeric, e bigint, f smallint, g varchar(40), h uuid)",
    )
    return of_server("sqlalchemy", database)


def of_server(kind: str, database: Any) -> Warehouse:
    """What a database of a server holds, as a source of a kind."""
    options = {"driver": "postgresql+psycopg"} if kind == "sqlalchemy" else {}
    return Warehouse(kind, options, at(database.uri() if kind == "mysql" else database.libpq))


SERVERS = {"mysql": "mariadb_server", "postgres": "postgres_server", "sqlalchemy": "postgres_server"}
"""Kind -> the fixture with its server; the others are files."""

MAKERS: dict[str, Callable[[Path, Any], Warehouse]] = {
    "delta": partial(_logged, kind="delta"),
    "duckdb": _duckdb,
    "files": _files,
    "iceberg": partial(_logged, kind="iceberg"),
    "mysql": _mysql,
    "parquet": _parquet,
    "postgres": _postgres,
    "sqlalchemy": _sqlalchemy,
    "sqlite": _sqlite,
}


@contextmanager
def database_of(kind: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A database of a kind's server, dropped at the end; None where the kind is a file."""
    server = request.getfixturevalue(SERVERS[kind]) if kind in SERVERS else None
    database = server.create() if server else None
    yield database
    if server:
        server.drop(database)
