"""On every registered source the check counts the cells of drawn persons, and keeps no value."""

from pathlib import Path

import pytest
from testbed.mini import write_inventory
from tests.contract.test_map_check_contract import SHOP, statements
from tests.support.warehouses import Warehouse

from afschrift.datamap.check.map_check import check_sources
from afschrift.inventory.load import load
from afschrift.inventory.readable import Need

__all__ = ["statements"]  # with which the fixture `warehouse` fills each database


@pytest.mark.one_of_an_engine
def test_cells_of_drawn_persons_are_weighed(warehouse: Warehouse, tmp_path: Path) -> None:
    head = f"source: shop\nkind: {warehouse.kind}\n{warehouse.place}\n"
    inventory = load(write_inventory(tmp_path / "inventory", head + SHOP.read_text(encoding="utf-8")))
    found = check_sources(inventory, connect=warehouse.connect, measure=True).readable
    assert found is not None
    cells = {f"{column.table}.{column.column}": column.cells for column in found.columns}
    assert (found.persons, found.percent, found.not_counted) == (3, 0, ())
    assert (cells["customer.customer_id"], cells["customer.email"]) == (3, 2)
    assert (cells["orders.order_no"], cells["line.line_no"], cells["beat.bpm"]) == (30, 31, 2)
    needs = {f"{column.table}.{column.column}": {*column.needs} for column in found.columns}
    assert needs["line.kind"] == {Need.TITLE}, "the row of `batch` that it points to is given"
    assert needs["beat.bpm"] >= {Need.TITLE, Need.DATE}
    assert "example.org" not in repr(found)
