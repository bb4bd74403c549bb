"""Keys that repeat, joins that do not meet, and rows that lead to no person: findings of `inventory check --live`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.key_shop import SQL, KeyShop, key_shop, mapped

from afschrift.datamap.check.finding import Code, Finding
from afschrift.datamap.check.map_check import check_sources, compare
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.inventory.load import load

BY_ID = "subject: {customer_id: customer_id}"
SCHEMA = (
    "CREATE TABLE customer (customer_id INTEGER, name VARCHAR(20))",
    "CREATE TABLE orders (order_no INTEGER, customer_id INTEGER, placed DATE)",
    "CREATE TABLE line (line_no INTEGER, order_no INTEGER, lost DATE)",
    "INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob')",
    "INSERT INTO orders VALUES (10, 1, '2025-01-01'), (11, 2, '2025-01-01'), (12, 1, '2025-01-02')",
    "INSERT INTO line VALUES (1, 10, '2025-01-03'), (2, 12, NULL)",
)
CUSTOMER = mapped("customer", BY_ID, "customer_id", "name: {origin: provided}")


@pytest.mark.parametrize("kind", ["duckdb", "mysql", "postgres", "sqlite"])
def test_a_repeated_key_and_a_join_of_types_that_do_not_compare(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    tables = CUSTOMER + mapped("orders", BY_ID, "order_no", "customer_id", "placed", key="customer_id")
    tables += mapped("line", "join: {lost: orders.order_no}", "line_no", "order_no", "lost")
    with key_shop(request, tmp_path, kind) as shop:
        for statement in SCHEMA:
            shop.run(statement)
        repeated, join = compare(load(shop.write(tables, ("customer_id",))), SQL).differences
    assert repeated.startswith("shop.orders: `key` customer_id is not unique: 1 value in several rows")
    assert join.startswith("shop.line by lost -> orders: ")
    assert "compare" in join
    assert "lost (" in join


OF_NONE = {Code.JOIN_FINDS_NOTHING, Code.TABLE_NOT_REACHED}


def found(folder: Path, limits: ProbeLimits, last: int) -> dict[Code, Finding]:
    """What is said of 30 orders, the oldest without a customer; the last one of customer `last`."""
    folder.mkdir()
    shop = KeyShop(folder, "sqlite")
    shop.make("customer", "customer_id INTEGER PRIMARY KEY, name TEXT", [(1, "Ann")])
    orders = [*((n, 99) for n in range(29)), (29, last)]
    shop.make("orders", "order_no INTEGER PRIMARY KEY, customer_id INTEGER", orders)
    tables = CUSTOMER + mapped(
        "orders", "join: {customer_id: customer.customer_id}", "order_no", "customer_id"
    )
    report = check_sources(load(shop.write(tables, ("customer_id",))), limits)
    return {finding.code: finding for finding in report.findings}


def test_none_of_all_rows_is_an_error_and_none_of_a_part_a_warning(tmp_path: Path) -> None:
    assert not OF_NONE & found(tmp_path / "one", ProbeLimits(), last=1).keys()
    of_all = found(tmp_path / "none", ProbeLimits(), last=99)
    of_a_part = found(tmp_path / "part", ProbeLimits(exact=10, sample=8), last=1)

    for code in OF_NONE:
        assert (of_all[code].severity.value, of_all[code].undecided) == ("error", set())
        assert (of_a_part[code].severity.value, of_a_part[code].undecided) == ("warning", {code})
