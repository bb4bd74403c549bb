"""Every registered source says what a statement will cost without running it, or that it cannot say."""

from collections.abc import Iterator

import pytest
from tests.support.warehouses import Warehouse

from afschrift.domain.keys import Key
from afschrift.domain.reconciliation import TableEstimate
from afschrift.domain.sources import Source

ROWS = 20_000
PERSON = "77"


def statements(kind: str) -> Iterator[str]:
    series = f"seq_1_to_{ROWS} AS n" if kind == "mysql" else f"generate_series(1, {ROWS}) AS n(seq)"
    if kind == "sqlite":
        series = f"(WITH RECURSIVE s(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM s WHERE seq < {ROWS}) SELECT * FROM s)"
    for table in ("seen", "found"):
        yield f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, customer INTEGER)"
        yield f"INSERT INTO {table} SELECT seq, seq FROM {series}"
    yield "CREATE INDEX found_by_customer ON found (customer)"
    if kind in ("mysql", "postgres", "sqlalchemy"):
        yield "ANALYZE TABLE seen, found" if kind == "mysql" else "ANALYZE"


@pytest.fixture
def session(warehouse: Warehouse) -> Iterator[Source]:
    with warehouse.open() as opened:
        opened.bind([Key("customer", PERSON)], "2026-01-01T00:00:00Z")
        yield opened


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


def test_how_each_table_would_be_read(kind: str, session: Source) -> None:
    whole, indexed = reading(session, "seen"), reading(session, "found")
    if kind == "sqlalchemy":
        assert (whole.whole, indexed.whole) == (None, None)
        return
    assert (whole.whole, whole.index) == (True, "")
    if kind in ("postgres", "mysql", "sqlite"):
        assert (indexed.whole, indexed.index) == (False, "found_by_customer")
    if kind in ("postgres", "mysql", "duckdb"):  # which know how many rows a table has
        assert whole.rows is not None
        assert abs(whole.rows - ROWS) < ROWS / 10
    if kind == "parquet":
        assert whole.files == 1
        assert whole.size
        assert whole.size > ROWS


def test_nothing_of_the_person_is_in_it_and_the_session_goes_on(session: Source) -> None:
    asked = statement(session, "seen")
    estimate = session.estimate(asked)
    assert estimate.rows is None or estimate.rows >= 0
    assert PERSON not in repr(estimate.readings)
    assert sum(batch.num_rows for batch in session.stream(asked)) == 1


def test_an_explained_statement_is_not_run(kind: str, session: Source) -> None:
    """A statement that fails on its first row is explained without a fault."""
    fails = {"postgres": '1 / (t."id" - t."id")', "duckdb": "error('was run')", "parquet": "error('was run')"}
    if kind not in fails:
        pytest.skip("this database has no expression that fails when it is evaluated, or explains nothing")
    asked = statement(session, "seen").replace("SELECT\n  t.", f"SELECT {fails[kind]} AS x,\n  t.", 1)
    assert session.estimate(asked).readings
