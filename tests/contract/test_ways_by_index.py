"""A table that leads to its person by several ways is read by the index of each."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.test_mask_tokens import SQL
from tests.contract.test_source_contract import AT
from tests.support.spoilt import EMPTY
from tests.support.warehouses import Warehouse, database_of

from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.statements import Statements

MADE = (
    "CREATE TABLE visit (id INTEGER PRIMARY KEY, customer INTEGER, email VARCHAR(20), order_no INTEGER)",
    "CREATE TABLE orders (order_no INTEGER PRIMARY KEY, customer INTEGER)",
)
INDEXED = (
    *(f"CREATE INDEX visit_by_{column} ON visit ({column})" for column in ("customer", "email", "order_no")),
    "CREATE INDEX orders_by_customer ON orders (customer)",
)
ANALYSED = {"mysql": ("ANALYZE TABLE visit, orders",), "postgres": ("ANALYZE",)}
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
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    kind = str(request.param)
    with database_of(kind, request) as database:
        made, run = EMPTY[kind](tmp_path_factory.mktemp("ways"), database)
        run(*MADE, *filled(kind), *INDEXED, *ANALYSED.get(kind, ()))
        yield made


@pytest.mark.parametrize("ways", WAYS)
def test_each_way_has_its_index(warehouse: Warehouse, ways: str) -> None:
    tables = {"visit": {"key": ["id"], "columns": {}, **WAYS[ways]}, "orders": ORDERS}
    with warehouse.open() as session:
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
