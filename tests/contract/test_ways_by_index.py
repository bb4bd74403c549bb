"""A table that leads to its person by several ways is read by the index of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from tests.contract.test_hidden_contract import SQL
from tests.contract.test_source_contract import AT
from tests.support.warehouses import SERVERS, at

from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import Source
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source

MADE = (
    "CREATE TABLE visit (id INTEGER PRIMARY KEY, customer INTEGER, email VARCHAR(20), order_no INTEGER)",
    "CREATE TABLE orders (order_no INTEGER PRIMARY KEY, customer INTEGER)",
)
INDEXED = (
    *(f"CREATE INDEX visit_by_{column} ON visit ({column})" for column in ("customer", "email", "order_no")),
    "CREATE INDEX orders_by_customer ON orders (customer)",
)
IDENTITY = IdentityFile.model_validate(
    {"person": "customer", "keys": {"customer": {"unique": "yes"}, "email": {"unique": "yes"}}}
)
ORDERS = {"subject": {"customer": "customer"}, "key": ["order_no"], "columns": {}}
JOIN = {"join": {"order_no": "orders.order_no"}}
EMAIL = {
    "column": "email",
    "normal": {"by": "A. Smit", "on": "2026-01-01", "why": "made so by its own input"},
}
"""Of a text, an index of the column itself is of use where the map says that its keys have their normal form."""

WAYS: dict[str, dict[str, Any]] = {
    "key": {"subject": {"customer": "customer"}},
    "keys": {"subject": {"customer": "customer", "email": EMAIL}},
    "join": JOIN,
    "key and join": {"subject": {"customer": "customer"}, **JOIN},
}
EXPECTED = {"key": 20, "keys": 20 + 40, "join": 40, "key and join": 20 + 20}
"""A visit that bears a customer is theirs, whatever order it points to."""

LIMITS = {"mysql": ("keys", "key and join")}
"""Where two ways have no index: of two subqueries beside OR."""


def filled(kind: str) -> tuple[str, ...]:
    """Half of the visits bear a customer; all have an address, of a customer seven numbers on, and an order."""
    number, text = {
        "postgres": ("i", "'e' || ((i + 7) % 500)"),
        "sqlite": ("i", "'e' || ((i + 7) % 500)"),
    }.get(kind, ("seq", "concat('e', (seq + 7) % 500)"))
    series = {
        "mysql": "seq_1_to_{n}",
        "postgres": "generate_series(1, {n}) AS s(i)",
        "sqlite": "(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {n}) SELECT i FROM s)",
    }[kind]
    return (
        f"INSERT INTO visit SELECT {number}, CASE WHEN {number} <= 10000 THEN {number} % 500 END, {text}, {number} % 1000 "
        f"FROM {series.format(n=20_000)}",
        f"INSERT INTO orders SELECT {number}, {number} % 500 FROM {series.format(n=1_000)}",
    )


@pytest.fixture(scope="module", params=["mysql", "postgres", "sqlite"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    kind = str(request.param)
    made = (*MADE, *filled(kind), *INDEXED)
    if kind == "sqlite":
        path = tmp_path_factory.mktemp("ways") / "w.sqlite"
        with closing(sqlite3.connect(path)) as con:
            for statement in made:
                con.execute(statement)
            con.commit()
        yield open_source("w", kind, {"path": str(path)})
        return
    server = request.getfixturevalue(SERVERS[kind])
    database = server.create()
    database.execute(*made, "ANALYZE TABLE visit, orders" if kind == "mysql" else "ANALYZE")
    uri = database.uri() if kind == "mysql" else database.libpq
    yield open_source("w", kind, {}, connection="w", connect=at(uri))
    server.drop(database)


@pytest.mark.parametrize("ways", WAYS)
def test_each_way_has_its_index(source: Source, ways: str) -> None:
    tables = {"visit": {"key": ["id"], "columns": {}, **WAYS[ways]}, "orders": ORDERS}
    with source as session:
        kind = session.dialect.name
        file = SourceFile.model_validate({"source": "w", "kind": kind, "tables": tables})
        session.bind([Key("customer", "77"), Key("email", "e77")], AT)
        statements = Statements(SQL, file, IDENTITY, session.dialect, session.catalogue())
        fields = [FieldPlan(name, None, Action.INCLUDE, (), "") for name in ("id", "email")]
        extract = statements.extract("visit", fields, None)
        assert sum(batch.num_rows for batch in session.stream(extract)) == EXPECTED[ways]
        whole = {reading.whole for reading in session.estimate(extract).readings if reading.table == "visit"}
        assert whole == {ways in LIMITS.get(kind, ())}
        assert session.rows(statements.count("visit")) == [(EXPECTED[ways],)]
