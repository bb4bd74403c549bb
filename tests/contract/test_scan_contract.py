"""A scan finds the same people and ways in every kind of source; a lake has no keys, so there they are guesses."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from tests.support.scanned import ways
from tests.support.warehouses import SERVERS, at

from afschrift.datamap.reader import StatementRunner
from afschrift.datamap.scan.bounded import read_samples, sampled
from afschrift.datamap.scan.proposal import TableRole
from afschrift.datamap.scan.scan_findings import find
from afschrift.datamap.scan.schema import read_source
from afschrift.domain.sources import Source
from afschrift.sources.registry import SOURCES, open_source

TABLES = {
    "customer": "customer_id INTEGER NOT NULL, first_name VARCHAR(20), last_name VARCHAR(20), email VARCHAR(40)",
    "orders": "order_id INTEGER NOT NULL, customer_id INTEGER, placed_at TIMESTAMP",
    "order_line": "order_id INTEGER NOT NULL, line_no INTEGER NOT NULL, product_id INTEGER",
    "product": "product_id INTEGER NOT NULL, title VARCHAR(20)",
    "visit": "visit_id INTEGER NOT NULL, customer_id INTEGER, seen VARCHAR(20)",
    "Grüße": 'id INTEGER NOT NULL, "select" VARCHAR(20), customer_id INTEGER',
}
KEYS = {
    "customer": "PRIMARY KEY (customer_id), UNIQUE (email)",
    "orders": "PRIMARY KEY (order_id), FOREIGN KEY (customer_id) REFERENCES customer (customer_id)",
    "order_line": "PRIMARY KEY (order_id, line_no), FOREIGN KEY (order_id) REFERENCES orders (order_id), "
    "FOREIGN KEY (product_id) REFERENCES product (product_id)",
    "product": "PRIMARY KEY (product_id)",
    "visit": "PRIMARY KEY (visit_id)",
    "Grüße": "PRIMARY KEY (id)",
}
ROWS = {
    "customer": "(401, 'Ann', 'Bos', 'ann@example.org'), (402, 'Bob', 'Dam', 'bob@example.org')",
    "orders": "(501, 401, '2024-01-01 10:00:00')",
    "product": "(601, 'pen')",
    "order_line": "(501, 1, 601)",
    "visit": "(701, 401, 'x'), (702, 402, 'y')",
    "Grüße": "(801, 'x', 999001)",
}
ORDER = ("customer", "orders", "product", "order_line", "visit", "Grüße")


def statements(*, keys: bool, quote: str = '"') -> Iterator[str]:
    for name in ORDER:
        columns = f"{TABLES[name]}, {KEYS[name]}" if keys else TABLES[name]
        yield f'CREATE TABLE "{name}" ({columns})'.replace('"', quote)
        yield f'INSERT INTO "{name}" VALUES {ROWS[name]}'.replace('"', quote)


def lake(folder: Path) -> dict[str, str]:
    with closing(duckdb.connect()) as con:
        for statement in statements(keys=False):
            con.execute(statement)
        for name in ORDER:
            (folder / name).mkdir()
            con.table(f'"{name}"').write_parquet(str(folder / name / "a.parquet"))
    return {"root": str(folder)}


def in_a_file(kind: str, folder: Path) -> dict[str, str]:
    if kind == "parquet":
        return lake(folder)
    connect = sqlite3.connect if kind == "sqlite" else duckdb.connect
    with closing(connect(folder / "w.db")) as con:  # type: ignore[operator]
        for statement in statements(keys=True):
            con.execute(statement)
        con.commit()
    return {"path": str(folder / "w.db")}


@pytest.fixture(params=sorted(SOURCES))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Source]]:
    kind = request.param
    if kind not in SERVERS:
        options = in_a_file(kind, tmp_path)
        yield lambda: open_source("w", kind, options)
        return
    server = request.getfixturevalue(SERVERS[kind])
    database = server.create()
    database.execute(*statements(keys=True, quote="`" if kind == "mysql" else '"'))
    options = {"driver": "postgresql+psycopg"} if kind == "sqlalchemy" else {}
    uri = database.uri() if kind == "mysql" else database.libpq
    yield lambda: open_source("w", kind, options, connection="w", connect=at(uri))
    server.drop(database)


def test_people_and_ways(opened: Callable[[], Source], request: pytest.FixtureRequest) -> None:
    lake = request.node.callspec.params["opened"] == "parquet"
    with StatementRunner(opened) as reader:
        found = find(reader, read_source(reader))
    assert found.roots == ("customer",)
    assert ways(found) == {
        "orders": ["orders.customer_id -> customer.customer_id"],
        "order_line": ["order_line.order_id -> orders.order_id"],
        "product": ["order_line.product_id -> product.product_id"],
        "visit": ["visit.customer_id -> customer.customer_id"],
    }
    guessed = {name for name, place in found.places.items() if any(way.guess for way in place.ways)}
    assert guessed == ({"orders", "order_line", "product", "visit"} if lake else {"visit"})
    assert found.places["Grüße"].role is TableRole.UNREACHED, "its numbers are no customer's"
    assert found.people["customer"].email == "email"
    assert found.notes == []


def test_samples_are_texts_of_a_few_rows(opened: Callable[[], Source]) -> None:
    with StatementRunner(opened) as reader:
        source = read_source(reader)
        for name in ("customer", "Grüße"):
            table = source.tables[name]
            samples = read_samples(reader, table, sampled(table))
            assert samples.keys() == {column.name for column in table.columns}
            assert all(isinstance(value, str) for values in samples.values() for value in values)
        assert set(samples[table.columns[1].name]) == {"x"}
