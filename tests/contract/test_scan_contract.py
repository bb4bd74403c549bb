"""A scan finds the same people and ways in every kind of source; a lake has no keys, so there they are guesses."""

from pathlib import Path

import pytest
from tests.support.scanned import ways
from tests.support.warehouses import Warehouse

from afschrift.datamap.reader import StatementRunner
from afschrift.datamap.scan.bounded import read_samples, sampled
from afschrift.datamap.scan.scan_findings import find
from afschrift.datamap.scan.schema import read_source
from afschrift.datamap.scan.table_context import TableRole

pytestmark = pytest.mark.one_of_an_engine
SHOP = Path(__file__).parent / "data" / "scanned_shop.sql"


def statements(_: str) -> list[str]:
    return SHOP.read_text(encoding="utf-8").rstrip(";\n").split(";\n")


def test_people_and_ways(warehouse: Warehouse) -> None:
    lake = warehouse.kind in ("delta", "files", "iceberg", "parquet")
    with StatementRunner(warehouse.open) as reader:
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


def test_samples_are_texts_of_a_few_rows(warehouse: Warehouse) -> None:
    with StatementRunner(warehouse.open) as reader:
        source = read_source(reader)
        for name in ("customer", "Grüße"):
            table = source.tables[name]
            samples = read_samples(reader, table, sampled(table))
            assert samples.keys() == {column.name for column in table.columns}
            assert all(isinstance(value, str) for values in samples.values() for value in values)
        assert set(samples[table.columns[1].name]) == {"x"}
