"""On every registered source the check of the map finds what is planted, says how it counted, and no value."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from testbed.mini import write_inventory
from tests.support.warehouses import SERVERS, at

from afschrift.datamap.check.finding import Code, MapReport
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.domain.sources import Connect
from afschrift.inventory.load import load
from afschrift.sources.options import from_environment
from afschrift.sources.registry import SOURCES

TABLES = {
    "customer": ("customer_id INTEGER, email VARCHAR(60)", [(1, "'ann@example.org'"), (2, "'bob@example.org'"), (3, "NULL")]),
    "device": ("customer_id INTEGER, device_id VARCHAR(20)", [(1, "'d1'"), (1, "'tab'"), (2, "'tab'")]),
    "beat": ("device_id VARCHAR(20), bpm INTEGER", [("'d1'", 60), ("'tab'", 70), ("'lost'", 80), ("NULL", 90)]),
    "orders": ("order_no INTEGER, customer_id INTEGER", [(n, n % 3 + 1) for n in range(10, 40)] + [(40, "NULL")]),
    "line": ("line_no INTEGER, order_no INTEGER, kind INTEGER", [(n, n + 9, 1) for n in range(1, 31)] + [(31, 99, 1), (31, 12, 1)]),
    "message": ("message_no INTEGER, sender INTEGER, recipient INTEGER", [(1, 1, 2), (2, 2, 2), (3, 1, 3)]),
    "batch": ("kind INTEGER, note VARCHAR(60)", [(1, "'all'"), (2, "'none'")]),
    "depot": ("depot_no INTEGER, contact VARCHAR(60)", [(1, "'ring kwikstaart@example.org at noon'"), (2, "'north gate'")]),
}  # fmt: skip
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
    columns: {{customer_id: {{origin: assigned}}, email: {{origin: provided}}}}
  device:
    subject: {{customer_id: customer_id, device_id: device_id}}
    key: [customer_id, device_id]
    purposes: [account]
    columns: {{customer_id: {{origin: assigned}}, device_id: {{origin: observed}}}}
  beat:
    subject: {{device_id: {{column: device_id, at: any}}}}
    purposes: [account]
    columns: {{device_id: {{origin: observed}}, bpm: {{origin: observed}}}}
  orders:
    join: {{customer_id: customer.customer_id}}
    key: [order_no]
    purposes: [account]
    columns: {{order_no: {{origin: assigned}}, customer_id: {{origin: assigned}}}}
  line:
    join: {{order_no: orders.order_no}}
    key: [line_no]
    purposes: [account]
    columns: {{line_no: {{origin: assigned}}, order_no: {{origin: assigned}}, kind: {{origin: assigned}}}}
  message:
    join: [{{sender: customer.customer_id}}, {{recipient: customer.customer_id}}]
    key: [message_no]
    purposes: [account]
    columns: {{message_no: {{origin: assigned}}, sender: {{origin: assigned}}, recipient: {{origin: assigned}}}}
  batch:
    join: {{kind: line.kind}}
    key: [kind]
    purposes: [account]
    columns: {{kind: {{origin: assigned}}, note: {{origin: assigned}}}}
  depot:
    personal: false
    columns: {{depot_no: {{origin: not_personal}}, contact: {{origin: not_personal}}}}
"""
Checked = Callable[[ProbeLimits], MapReport]


def statements() -> Iterator[str]:
    for table, (columns, rows) in TABLES.items():
        values = (", ".join(map(str, row)) for row in rows)
        yield f"CREATE TABLE {table} ({columns})"
        yield f"INSERT INTO {table} VALUES ({'), ('.join(values)})"


def in_files(kind: str, folder: Path) -> str:
    """The tables as files of a kind; where they lie, as the inventory says it."""
    if kind == "sqlite":
        with closing(sqlite3.connect(folder / "w.db")) as con:
            for statement in statements():
                con.execute(statement)
            con.commit()
        return f'options: {{path: "{folder}/w.db"}}'
    with duckdb.connect(str(folder / "w.duckdb")) as con:
        for statement in statements():
            con.execute(statement)
        for table in TABLES if kind == "parquet" else ():
            (folder / "lake" / table).mkdir(parents=True)
            con.execute(f"COPY {table} TO '{folder}/lake/{table}/0.parquet'")
    return (
        f'options: {{root: "{folder}/lake"}}'
        if kind == "parquet"
        else f'options: {{path: "{folder}/w.duckdb"}}'
    )


@pytest.fixture(scope="module", params=sorted(SOURCES))
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    """Checks the shop in a source of each kind."""
    kind, folder, connect = request.param, tmp_path_factory.mktemp("shop"), from_environment
    server = request.getfixturevalue(SERVERS[kind]) if kind in SERVERS else None
    database = server.create() if server else None
    if database is None:
        where = in_files(kind, folder)
    else:
        database.execute(*statements(), *(["ANALYZE"] if kind == "postgres" else []))
        connect: Connect = at(database.uri() if kind == "mysql" else database.libpq)
        where = "connection: w"
        where += "\noptions: {driver: postgresql+psycopg}" if kind == "sqlalchemy" else ""
    inventory = load(write_inventory(folder / "inventory", SHOP.format(kind=kind, where=where)))
    yield lambda limits: check_sources(inventory, limits, connect)
    if server:
        server.drop(database)


def test_what_is_planted_is_found_and_nothing_else(checked: Checked) -> None:
    report = checked(ProbeLimits())
    assert [(finding.code, finding.place) for finding in report.findings] == [
        (Code.KEY_NOT_UNIQUE, "shop.line"),
        (Code.POINTS_TO_NOTHING, "shop.line.order_no"),
        (Code.POINTS_TO_NOTHING, "shop.batch.kind"),
        (Code.ROWS_OF_SEVERAL, "shop.batch"),
        (Code.HOLDS_IDENTIFIER, "shop.depot.contact"),
        (Code.ROWS_NOT_REACHED, "shop.beat"),
        (Code.ROWS_OF_SHARED_KEY, "shop.beat"),
        (Code.ROWS_NOT_REACHED, "shop.orders"),
        (Code.ROWS_NOT_REACHED, "shop.line"),
        (Code.ROWS_BY_SEVERAL_WAYS, "shop.message"),
        (Code.ROWS_NOT_REACHED, "shop.batch"),
    ]
    text = repr(report)
    assert "kwikstaart" not in text
    assert "example.org" not in text
    assert report.prepared > 20
    assert not report.not_reached


def test_each_row_is_counted_by_its_persons(checked: Checked) -> None:
    assert {
        reach.table: (reach.rows, reach.nobody, reach.one, reach.several)
        for reach in checked(ProbeLimits()).reach
    } == {
        "customer": (3, 0, 3, 0),
        "device": (3, 0, 3, 0),
        "beat": (4, 2, 1, 1),
        "orders": (31, 1, 30, 0),
        "line": (32, 1, 31, 0),
        "message": (3, 0, 1, 2),
        "batch": (2, 1, 0, 1),
    }


def test_a_bounded_part_of_a_large_table_is_checked_and_reported(
    checked: Checked, request: pytest.FixtureRequest
) -> None:
    report = checked(ProbeLimits(exact=10, sample=8, values=1))
    counted = {table.table: (table.counted, table.rows) for table in report.reach}
    assert counted["message"] == ("exact", 3)
    how, rows = counted["orders"]
    is_sampled = request.node.callspec.params["checked"] in ("postgres", "duckdb")
    assert how == ("sample" if is_sampled else "first")
    assert rows <= 8
    assert rows == 8 or is_sampled
