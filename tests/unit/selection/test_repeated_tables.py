"""Rows in two tables leave once, and the data map says which table gives them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest
from testbed import postgres as pg
from testbed.mini import write_inventory
from testbed.running import installation, members, run, store

from afschrift.datamap.check.map_check import compare
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.services import Services

SQL = Path(__file__).parents[3] / "include" / "sql"
SHOP = """
source: shop
{place}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {{nl: Account, en: Account}}
    retention: {{period: P2Y, trigger: {{nl: na de koop, en: after the purchase}}}}
    recipients: []
tables:
  customer: &table
    subject: {{customer_id: customer_id}}
    key: [customer_id, name]
    purposes: [account]
    columns: {{customer_id: {{origin: assigned}}, name: {{origin: provided}}}}
"""
MORE = "{table}:\n    subject: {{customer_id: customer_id}}\n    columns: {{customer_id: {{origin: assigned}}}}\n"
COPY = "  kept: {copy_of: customer, title: {nl: Kopie, en: Copy}}\n"
ROWS = "(1, 'An'), (2, 'Bo')"


def answered(services: Services, customer: str = "1") -> dict[str, bytes]:
    delivered = run(services, store(services, {"customer_id": customer}, "access"))
    return members(delivered)


def names(members: dict[str, bytes]) -> list[str]:
    return [r["name"] for r in csv.DictReader(io.StringIO(members["data/shop/customer.csv"].decode()))]


def statuses(members: dict[str, bytes]) -> dict[str, tuple[str, str]]:
    tables = json.loads(members["data/coverage.json"])["tables"]
    return {table["table"]: (table["status"], table.get("copyOf", "")) for table in tables}


@pytest.fixture
def inherited(postgres: pg.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pg.Database:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", postgres.libpq)
    postgres.execute(
        "CREATE TABLE customer (customer_id int, name text)",
        "CREATE TABLE customer_2025 () INHERITS (customer)",
        f"INSERT INTO customer VALUES {ROWS}",
        "INSERT INTO customer_2025 VALUES (1, 'Ans')",
    )
    return postgres


def inventory(folder: Path, more: str = "", place: str = "kind: postgres\nconnection: shop") -> Path:
    return write_inventory(folder, SHOP.format(place=place) + more)


def test_child_is_read_with_its_parent(inherited: pg.Database, tmp_path: Path) -> None:
    assert compare(load(inventory(tmp_path / "map")), SQL).differences == []
    members = answered(installation(tmp_path / "home", tmp_path / "map"))
    assert sorted(names(members)) == ["An", "Ans"]


def test_a_child_in_the_map_is_a_fault(inherited: pg.Database, tmp_path: Path) -> None:
    path = inventory(tmp_path / "map", "  " + MORE.format(table="customer_2025"))
    (difference,) = compare(load(path), SQL).differences
    assert difference == (
        "shop.customer_2025 is a part of customer, which holds its rows: describe customer alone"
    )
    services = installation(tmp_path / "home", path)
    with pytest.raises(ConfigurationError, match="is a part of customer, which holds its rows"):
        answered(services)


def test_a_child_with_columns_of_its_own_is_asked_about(inherited: pg.Database, tmp_path: Path) -> None:
    inherited.execute("ALTER TABLE customer_2025 ADD COLUMN nickname text")
    services = installation(tmp_path / "home", inventory(tmp_path / "map"))
    with pytest.raises(NeedsPersonError, match="does not describe these tables of shop: customer_2025"):
        answered(services)
    both = load(inventory(tmp_path / "both", "  " + MORE.format(table="customer_2025")))
    assert "shop.customer_2025 is a part of customer, which holds its rows: describe one of the two" in (
        compare(both, SQL).differences
    )


@pytest.fixture
def copied(tmp_path: Path) -> str:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE TABLE customer (customer_id INTEGER, name VARCHAR)")
        con.execute(f"INSERT INTO customer VALUES {ROWS}")
        con.execute("CREATE VIEW kept AS SELECT name, customer_id FROM customer")
    return f'kind: duckdb\noptions: {{path: "{tmp_path / "shop.duckdb"}"}}'


def test_a_copy_takes_one_line_and_its_rows_leave_once(copied: str, tmp_path: Path) -> None:
    path = inventory(tmp_path / "map", COPY, copied)
    assert compare(load(path), SQL).differences == []
    members = answered(installation(tmp_path / "home", path))
    assert names(members) == ["An"]
    assert "data/shop/kept.csv" not in members
    assert statuses(members) == {"customer": ("rows", ""), "kept": ("copy", "customer")}


def test_a_copy_with_a_column_of_its_own_is_none(copied: str, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE OR REPLACE VIEW kept AS SELECT *, 'x' AS score FROM customer")
    path = inventory(tmp_path / "map", COPY, copied)
    assert compare(load(path), SQL).differences == [
        "shop.kept.score is no column of customer: kept is no copy of it: every request stops there"
    ]
    services = installation(tmp_path / "home", path)
    with pytest.raises(NeedsPersonError, match="does not describe these tables of shop: kept"):
        answered(services)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("  kept: {copy_of: absent}\n", "the source has no such table"),
        ("  kept: {copy_of: kept}\n", "it is a copy itself"),
        ("  kept: {copy_of: customer, key: [name]}\n", "leave out key"),
    ],
)
def test_what_is_wrong_with_a_copy(copied: str, tmp_path: Path, line: str, fault: str) -> None:
    with pytest.raises(InventoryError, match=fault):
        load(inventory(tmp_path / "map", line, copied))
