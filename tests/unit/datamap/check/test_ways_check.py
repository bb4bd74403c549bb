"""Keys that repeat and joins that do not meet are findings of `inventory check --live`, on every database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from testbed.mini import write_inventory
from testbed.postgres import Database
from tests.support import mariadb

from afschrift.datamap.check.map_check import compare
from afschrift.inventory.load import load

SQL = Path(__file__).parents[4] / "include" / "sql"

SHOP = """
source: shop
kind: {kind}
{where}
purposes:
  account: {{basis: A6-1-b, title: {{nl: Account, en: Account}}}}
tables:
  customer:
    subject: {{customer_id: customer_id}}
    key: [customer_id]
    purposes: [account]
    columns: {{customer_id: {{origin: assigned}}, name: {{origin: provided}}}}
  orders:
    subject: {{customer_id: customer_id}}
    key: [{key}]
    purposes: [account]
    columns: {{order_no: {{origin: assigned}}, customer_id: {{origin: assigned}}, placed: {{origin: observed}}}}
  line:
    join: {{{own}: orders.order_no}}
    key: [line_no]
    purposes: [account]
    columns: {{line_no: {{origin: assigned}}, order_no: {{origin: assigned}}, lost: {{origin: observed}}}}
"""
SCHEMA = (
    "CREATE TABLE customer (customer_id INTEGER, name VARCHAR(20))",
    "CREATE TABLE orders (order_no INTEGER, customer_id INTEGER, placed DATE)",
    "CREATE TABLE line (line_no INTEGER, order_no INTEGER, lost DATE)",
    "INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob')",
    "INSERT INTO orders VALUES (10, 1, '2025-01-01'), (11, 2, '2025-01-01'), (12, 1, '2025-01-02')",
    "INSERT INTO line VALUES (1, 10, '2025-01-03'), (2, 12, NULL)",
)
Described = Callable[..., list[str]]


@pytest.fixture(params=["duckdb", "mysql", "postgres", "sqlite"])
def described(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Described:
    """Differences of a shop, with another key of `orders` or another join of `line`."""
    kind, file = request.param, tmp_path / "shop.db"
    if kind == "postgres":
        database: Database = request.getfixturevalue("postgres")
        database.execute(*SCHEMA)
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", database.libpq)
    elif kind == "mysql":
        other: mariadb.Database = request.getfixturevalue("mariadb_server").create()
        other.execute(*SCHEMA)
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", other.uri())
    else:
        with sqlite3.connect(file) if kind == "sqlite" else duckdb.connect(str(file)) as connection:
            for statement in SCHEMA:
                connection.execute(statement)
        connection.close()
    where = "connection: shop" if kind in ("postgres", "mysql") else f'options: {{path: "{file}"}}'

    def differences(key: str = "order_no", own: str = "order_no") -> list[str]:
        text = SHOP.format(kind=kind, where=where, key=key, own=own)
        return compare(load(write_inventory(tmp_path / "inventory", text)), SQL).differences

    return differences


def test_a_sound_shop_has_no_difference(described: Described) -> None:
    assert described() == []


def test_repeated_key_is_found(described: Described) -> None:
    (found,) = described(key="customer_id")
    assert found.startswith("shop.orders: `key` customer_id is not unique: 1 value in several rows")


def test_join_of_types_that_do_not_compare_is_found(described: Described) -> None:
    (found,) = described(own="lost")
    assert found.startswith("shop.line by lost -> orders: ")
    assert "compare" in found
    assert "lost (" in found
