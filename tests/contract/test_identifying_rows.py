"""Every registered source: only the person's rows, by typed keys in columns that are only marked."""

from pathlib import Path

import pytest
from tests.support import one_shop
from tests.support.warehouses import Warehouse

from afschrift.domain.keys import Key
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.identifying_rows import FoundTable, find

pytestmark = pytest.mark.one_of_an_engine
SQL = Path(__file__).parents[2] / "include" / "sql"
AT = "2026-01-01T00:00:00.000000Z"


filled = one_shop.in_kind


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """The one shop; the customer's name, day of birth and e-mail address are marked."""
    found = load(one_shop.write_inventory(tmp_path / "inventory", "duckdb", "options: {path: x}"))
    shop = found.sources["shop"]
    marked = {}
    for name, columns in {"customer": ("name", "born", "email"), "login": ("page",)}.items():
        table = shop.tables[name]
        described = {
            c: column.model_copy(update={"identifies": c in columns}) for c, column in table.columns.items()
        }
        marked[name] = table.model_copy(update={"columns": described})
    sources = {"shop": shop.model_copy(update={"tables": {**shop.tables, **marked}})}
    return found.model_copy(update={"sources": sources})


def look(warehouse: Warehouse, inventory: Inventory, *keys: Key) -> dict[str, FoundTable]:
    found = find(inventory, lambda name, tag: warehouse.open(), SQL, "R-1", keys, AT)
    return {table.table: table for table in found}


def rows(table: FoundTable) -> list[tuple[list[str], list[str | None]]]:
    return sorted((row.by, row.values) for row in table.rows)


def test_rows_are_found_by_a_number_typed_as_text(warehouse: Warehouse, inventory: Inventory) -> None:
    found = look(warehouse, inventory, Key("customer_id", "1"))
    assert rows(found["customer"]) == [(["customer_id"], ["ann@example.org", 'Änn "A" 😀', "2000-02-29"])]
    assert rows(found["login"]) == [(["customer_id"], ["home"])]
    assert found["customer"].fault == ""


def test_rows_are_found_by_an_address_in_another_case_and_by_both_keys(
    warehouse: Warehouse, inventory: Inventory
) -> None:
    found = look(warehouse, inventory, Key("customer_id", "2"), Key("email", "ANN@Example.org"))
    assert [by for by, _ in rows(found["customer"])] == [["customer_id"], ["email"]]
    logins = {tuple(by): values for by, values in rows(found["login"])}
    assert logins[("customer_id", "email")] == ["of bob"]


@pytest.mark.parametrize("value", ["4711", "1 OR 1=1", "' OR '1'='1", "1;", "", "ann"])
def test_rows_without_the_key_are_not_found(warehouse: Warehouse, inventory: Inventory, value: str) -> None:
    found = look(warehouse, inventory, Key("customer_id", value))
    assert [(table.count, table.rows, table.fault) for table in found.values()] == [(0, [], "")] * 2


def test_a_missing_column_is_reported_and_hides_no_other_table(
    warehouse: Warehouse, inventory: Inventory
) -> None:
    shop = inventory.sources["shop"]
    customer = shop.tables["customer"]
    gone = {**customer.columns, "gone": customer.columns["name"]}
    tables = {**shop.tables, "customer": customer.model_copy(update={"columns": gone})}
    wrong = inventory.model_copy(update={"sources": {"shop": shop.model_copy(update={"tables": tables})}})
    found = look(warehouse, wrong, Key("customer_id", "1"))
    assert (found["customer"].fault, found["customer"].rows) == ("unreadable", [])
    assert found["login"].count == 1
