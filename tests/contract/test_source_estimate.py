"""Every registered source says how a statement would be read without running it, or that it cannot say.

A table that leads to its person by several ways is read by the index of each.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.test_mask_tokens import SQL
from tests.support.warehouses import Warehouse

from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.reconciliation import TableEstimate
from afschrift.domain.sources import Source
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.statements import Statements
from afschrift.testing.source_contract import AT

ROWS = 20_000
PERSON = "77"
IDENTITY = IdentityFile.model_validate(
    {"person": "customer", "keys": {"customer": {"unique": "yes"}, "email": {"unique": "yes"}}}
)
BY_KEY: dict[str, Any] = {"subject": {"customer": "customer"}}
JOIN = {"join": {"order_no": "orders.order_no"}}
EMAIL = {
    "column": "email",
    "normal": {"by": "A. Smit", "on": "2026-01-01", "why": "made so by its own input"},
}
"""Of a text, an index of the column itself is of use where the map says that its keys have their normal form."""

WAYS: dict[str, tuple[dict[str, Any], int]] = {
    "key": (BY_KEY, 20),
    "keys": ({"subject": {"customer": "customer", "email": EMAIL}}, 20 + 40),
    "join": (JOIN, 40),
    "key and join": (BY_KEY | JOIN, 20 + 20),
}
"""With the rows that are found: a visit that bears a customer is theirs, whatever order it points to."""

LIMITS = {"mysql": ("keys", "key and join")}
"""Where two ways have no index: of two subqueries beside OR."""


def statements(kind: str) -> Iterator[str]:
    """Half of the visits bear a customer; all have an address, of a customer seven numbers on, and an order."""
    series = {
        "mysql": "(SELECT seq AS i FROM seq_1_to_{n}) AS s",
        "sqlite": "(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {n}) SELECT i FROM s)",
    }.get(kind, "generate_series(1, {n}) AS s(i)")
    email = "concat('e', (i + 7) % 500)" if kind == "mysql" else "'e' || ((i + 7) % 500)"
    yield "CREATE TABLE seen (id INTEGER PRIMARY KEY, customer INTEGER)"
    yield f"INSERT INTO seen SELECT i, i FROM {series.format(n=ROWS)}"
    yield "CREATE TABLE orders (order_no INTEGER PRIMARY KEY, customer INTEGER)"
    yield f"INSERT INTO orders SELECT i, i % 500 FROM {series.format(n=1_000)}"
    yield "CREATE TABLE visit (id INTEGER PRIMARY KEY, customer INTEGER, email VARCHAR(20), order_no INTEGER)"
    customer = "CASE WHEN i <= 10000 THEN i % 500 END"
    yield f"INSERT INTO visit SELECT i, {customer}, {email}, i % 1000 FROM {series.format(n=ROWS)}"
    yield "CREATE INDEX orders_by_customer ON orders (customer)"
    for column in ("customer", "email", "order_no"):
        yield f"CREATE INDEX visit_by_{column} ON visit ({column})"
    if kind in ("mysql", "postgres", "sqlalchemy"):
        yield "ANALYZE TABLE seen, visit, orders" if kind == "mysql" else "ANALYZE"


@pytest.fixture
def session(warehouse: Warehouse) -> Iterator[Source]:
    with warehouse.open() as opened:
        opened.bind([Key("customer", PERSON), Key("email", f"e{PERSON}")], AT)
        yield opened


def statements_of(session: Source, kind: str, visit: dict[str, Any] = BY_KEY) -> Statements:
    ways = {"seen": BY_KEY, "visit": visit}
    tables = {name: {"key": ["id"], "columns": {}, **way} for name, way in ways.items()}
    tables["orders"] = {"key": ["order_no"], "columns": {}, **BY_KEY}
    file = SourceFile.model_validate({"source": "w", "kind": kind, "tables": tables})
    return Statements(SQL, file, IDENTITY, session.dialect, session.catalogue())


def extract(made: Statements, table: str) -> str:
    fields = [FieldPlan(name, None, Action.INCLUDE, (), "") for name in ("id", "customer")]
    return made.extract(table, fields, None)


def reading(session: Source, statement: str, table: str) -> TableEstimate:
    [found] = [reading for reading in session.estimate(statement).readings if reading.table == table]
    return found


def test_how_each_table_would_be_read(kind: str, session: Source) -> None:
    made = statements_of(session, kind)
    whole, indexed = (reading(session, extract(made, table), table) for table in ("seen", "visit"))
    if kind == "sqlalchemy":
        assert (whole.whole, indexed.whole) == (None, None)
        return
    assert (whole.whole, whole.index) == (True, "")
    if kind in ("postgres", "mysql", "sqlite"):
        assert (indexed.whole, indexed.index) == (False, "visit_by_customer")
    if kind in ("postgres", "mysql", "duckdb"):  # which know how many rows a table has
        assert whole.rows is not None
        assert abs(whole.rows - ROWS) < ROWS / 10
    if kind in ("delta", "files", "iceberg", "parquet"):
        assert whole.files == 1
        assert whole.size
        assert whole.size > ROWS


@pytest.mark.parametrize("warehouse", ["mysql", "postgres", "sqlite"], indirect=True)
@pytest.mark.parametrize("ways", WAYS)
def test_each_way_has_its_index(kind: str, session: Source, ways: str) -> None:
    visit, rows = WAYS[ways]
    made = statements_of(session, kind, visit)
    asked = extract(made, "visit")
    assert sum(batch.num_rows for batch in session.stream(asked)) == rows
    whole = {reading.whole for reading in session.estimate(asked).readings if reading.table == "visit"}
    assert whole == {ways in LIMITS.get(kind, ())}
    assert session.rows(made.count("visit")) == [(rows,)]


def test_nothing_of_the_person_is_in_it_and_the_session_goes_on(kind: str, session: Source) -> None:
    asked = extract(statements_of(session, kind), "seen")
    estimate = session.estimate(asked)
    assert estimate.rows is None or estimate.rows >= 0
    assert PERSON not in repr(estimate.readings)
    assert sum(batch.num_rows for batch in session.stream(asked)) == 1


def test_an_explained_statement_is_not_run(kind: str, session: Source) -> None:
    """A statement that fails on its first row is explained without a fault."""
    fails = {
        "postgres": '1 / (t."id" - t."id")',
        "duckdb": "error('was run')",
        "delta": "error('was run')",
        "iceberg": "error('was run')",
        "parquet": "error('was run')",
    }
    if kind not in fails:
        pytest.skip("this database has no expression that fails when it is evaluated, or explains nothing")
    asked = extract(statements_of(session, kind), "seen")
    failing = asked.replace("SELECT\n  t.", f"SELECT {fails[kind]} AS x,\n  t.", 1)
    assert failing != asked
    assert session.estimate(failing).readings
