"""Every registered source says what a statement will cost without running it, or that it cannot say."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from tests.support.warehouses import SERVERS, at

from afschrift.domain.keys import Key
from afschrift.domain.reconciliation import TableEstimate
from afschrift.domain.sources import Source
from afschrift.sources.registry import SOURCES, open_source

ROWS = 20_000
PERSON = "77"
MADE = (
    "CREATE TABLE seen (id INTEGER PRIMARY KEY, customer INTEGER)",
    "CREATE TABLE found (id INTEGER PRIMARY KEY, customer INTEGER)",
    "CREATE INDEX found_by_customer ON found (customer)",
)
COUNTS = ("postgres", "mysql", "duckdb")
"""Sources that know how many rows a table has."""


def fill(kind: str, table: str) -> str:
    series = f"seq_1_to_{ROWS} AS n" if kind == "mysql" else f"generate_series(1, {ROWS}) AS n(seq)"
    return f"INSERT INTO {table} SELECT seq, seq FROM {series}"


def files(kind: str, folder: Path) -> Source:
    if kind == "parquet":
        for table in ("seen", "found"):
            (folder / "lake" / table).mkdir(parents=True)
            for part in range(2):
                rows = duckdb.sql(f"SELECT i AS id, i AS customer FROM range({part}, {ROWS}, 2) AS n(i)")
                rows.write_parquet(str(folder / "lake" / table / f"{part}.parquet"))
        return open_source("w", kind, {"root": str(folder / "lake")})
    if kind == "sqlite":
        with closing(sqlite3.connect(folder / "w.db")) as con:
            for statement in MADE:
                con.execute(statement)
            for table in ("seen", "found"):
                con.executemany(f"INSERT INTO {table} VALUES (?, ?)", ((i, i) for i in range(ROWS)))
            con.commit()
    else:
        with duckdb.connect(str(folder / "w.db")) as con:
            for statement in (*MADE, fill(kind, "seen"), fill(kind, "found")):
                con.execute(statement)
    return open_source("w", kind, {"path": str(folder / "w.db")})


@pytest.fixture(params=sorted(SOURCES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def source(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    if kind not in SERVERS:
        yield files(kind, tmp_path)
        return
    server = request.getfixturevalue(SERVERS[kind])
    database = server.create()
    analyse = "ANALYZE TABLE seen, found" if kind == "mysql" else "ANALYZE"
    database.execute(*MADE, fill(kind, "seen"), fill(kind, "found"), analyse)
    options = {"driver": "postgresql+psycopg"} if kind == "sqlalchemy" else {}
    uri = database.uri() if kind == "mysql" else database.libpq
    yield open_source("w", kind, options, connection="w", connect=at(uri))
    server.drop(database)


def statement(session: Source, table: str) -> str:
    """As `include/sql/extract.sql` makes it."""
    column = session.catalogue()[table]["customer"]
    quoted = session.dialect.quote("customer")
    holds = session.dialect.holds_key(f"t.{quoted}", column.native)
    near = session.dialect.near_key(f"t.{quoted}", column.native)
    around = session.dialect.among(near[0]) if near and session.dialect.asks_each_row else None
    among = (
        f"{around[0]}SELECT {near[1]} FROM {session.dialect.keys} AS k{around[1]} AND\n"
        if near and around
        else ""
    )
    return (
        f"SELECT\n  t.{quoted} AS {quoted}\nFROM {session.dialect.relation(table)} AS t\n"
        f"WHERE (\n(\n{among}EXISTS (\n  SELECT 1 FROM {session.dialect.keys} AS k\n  WHERE k.name = 'customer'\n"
        f"    AND {holds}\n)\n)\n)\nORDER BY t.{quoted}\n"
    )


def reading(session: Source, table: str) -> TableEstimate:
    [found] = session.estimate(statement(session, table)).readings
    assert found.table == table
    return found


def test_how_each_table_would_be_read(kind: str, source: Source) -> None:
    with source as session:
        session.bind([Key("customer", PERSON)], "2026-01-01T00:00:00Z")
        whole, indexed = reading(session, "seen"), reading(session, "found")
        if kind == "sqlalchemy":
            assert (whole.whole, indexed.whole) == (None, None)
            return
        assert (whole.whole, whole.index) == (True, "")
        if kind in ("postgres", "mysql", "sqlite"):
            assert (indexed.whole, indexed.index) == (False, "found_by_customer")
        if kind in COUNTS:
            assert whole.rows is not None
            assert abs(whole.rows - ROWS) < ROWS / 10
        if kind == "parquet":
            assert whole.files == 2
            assert whole.size
            assert whole.size > ROWS


def test_nothing_of_the_person_is_in_it_and_the_session_goes_on(source: Source) -> None:
    with source as session:
        session.bind([Key("customer", PERSON)], "2026-01-01T00:00:00Z")
        asked = statement(session, "seen")
        estimate = session.estimate(asked)
        assert estimate.rows is None or estimate.rows >= 0
        assert PERSON not in repr(estimate.readings)
        assert sum(batch.num_rows for batch in session.stream(asked)) == 1


def test_an_explained_statement_is_not_run(kind: str, source: Source) -> None:
    """A statement that fails on its first row is explained without a fault."""
    fails = {
        "postgres": '1 / (t."id" - t."id")',
        "duckdb": "error('was run')",
        "parquet": "error('was run')",
    }
    if kind not in fails:
        pytest.skip("this database has no expression that fails when it is evaluated, or explains nothing")
    with source as session:
        session.bind([Key("customer", PERSON)], "2026-01-01T00:00:00Z")
        asked = statement(session, "seen").replace("SELECT\n  t.", f"SELECT {fails[kind]} AS x,\n  t.", 1)
        assert session.estimate(asked).readings
