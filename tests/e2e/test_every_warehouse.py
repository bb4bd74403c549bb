"""The same shop in every kind of warehouse: the same person gets the same bytes.

A BOOLEAN, a FLOAT of 32 bits and nested values are not among its columns: there the databases differ
(`tests/support/warehouses.py` says how).
"""

import base64
import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from testbed.running import installation, members, run, store
from tests.support import one_shop
from tests.support.crowd import where

from afschrift.sources.registry import SOURCES

FORMATS = ["csv", "json", "parquet", "xml"]

# What one who knows SQL asks for customer 1: the own rows, and those of a log-in with no number but the address.
BY_HAND = {
    "customer": "SELECT customer_id, email, name, born, joined, printf('%.2f', balance) AS balance, ratio, points, photo "
    "FROM customer WHERE customer_id = 1",
    "login": "SELECT customer_id, email, seen, page FROM login WHERE customer_id = 1 "
    "OR (customer_id IS NULL AND lower(email) = 'ann@example.org') ORDER BY CAST(page AS BLOB)",
    "orders": "SELECT order_id, customer_id FROM orders WHERE customer_id = 1 ORDER BY CAST(order_id AS BLOB)",
    "line": "SELECT l.order_id, line_no, CASE WHEN price IS NOT NULL THEN printf('%.2f', price) END AS price FROM line l JOIN orders o ON o.order_id = l.order_id "
    "WHERE o.customer_id = 1 ORDER BY CAST(l.order_id AS BLOB), line_no",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shops")
    one_shop.in_duckdb(made / "shop.duckdb")
    one_shop.in_sqlite(made / "shop.sqlite")
    return made


@pytest.fixture(scope="module", params=sorted(SOURCES))
def payload(request: pytest.FixtureRequest, folder: Path) -> Iterator[dict[str, bytes]]:
    kind = request.param
    for more, uri in where(kind, folder / f"of {kind}", one_shop.TABLES, request):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AIRFLOW_CONN_SHOP", uri)
            yield files(folder / kind, kind, more)


@pytest.fixture(scope="module")
def of_duckdb(folder: Path) -> dict[str, bytes]:
    return files(folder / "reference", "duckdb", f"options: {{path: {folder / 'shop.duckdb'}}}")


def files(home: Path, kind: str, more: str) -> dict[str, bytes]:
    services = installation(home, one_shop.write_inventory(home / "inventory", kind, more))
    request = store(services, {"customer_id": "1"}, formats=FORMATS)
    named = members(run(services, request))
    found = {name: content for name, content in named.items() if name.startswith("data/shop/")}
    (purpose,) = json.loads(named["data/information.json"])["purposes"]
    return found | {"sheet.json": json.dumps([purpose["recipients"], purpose["storage"]]).encode()}


def test_the_same_bytes(payload: dict[str, bytes], of_duckdb: dict[str, bytes]) -> None:
    assert sorted(payload) == sorted(of_duckdb)
    assert {name.rpartition(".")[2] for name in payload} >= set(FORMATS)
    for name, content in payload.items():
        assert content == of_duckdb[name], name


def test_rows_equal_sql_written_by_hand(of_duckdb: dict[str, bytes], folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shop.sqlite")) as con:
        for table, statement in BY_HAND.items():
            cursor = con.execute(statement)
            names = [column[0] for column in cursor.description]
            rows = list(csv.reader(io.StringIO(of_duckdb[f"data/shop/{table}.csv"].decode(), newline="")))
            assert rows == [names, *([as_csv(value) for value in row] for row in cursor)], table


def test_the_sheet_names_what_the_rows_name(of_duckdb: dict[str, bytes]) -> None:
    recipients, storage = json.loads(of_duckdb["sheet.json"])
    assert recipients == ["1", "10", "2", 'Änn "A" 😀']
    assert storage["until"] == "2025-10-27"  # 00:30 in UTC is 02:30 in Amsterdam


def as_csv(value: Any) -> str:
    """SQLite's value as the file spells it: times with a `T`, bytes in base64."""
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return re.sub(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) ", r"\1T", str(value))
