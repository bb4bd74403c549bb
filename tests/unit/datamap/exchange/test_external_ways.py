"""Ways are found outward from people, and never back through a look-up or to other people."""

from __future__ import annotations

from typing import Literal

import pytest

from afschrift.datamap.exchange.external_draft import find_ways
from afschrift.datamap.exchange.external_tables import DescribedColumn, DescribedTable, Description, Reference

PEOPLE = {"customer": "customer_id", "staff": "staff_id"}


def described(*references: str, direction: Literal["from", "to"] | None = None) -> Description:
    found = []
    for reference in references:
        child, parent = reference.split(">")
        found.append(Reference(child, f"{parent}_id", parent, "id", direction))
    names = {name for entry in found for name in (entry.table, entry.parent)} | set(PEOPLE)
    tables = {
        name: DescribedTable(name, {"id": DescribedColumn("id", identity=PEOPLE.get(name))}) for name in names
    }
    return Description(tables, tuple(found))


def joins(*references: str, known: tuple[str, ...] = ()) -> dict[str, list[str]]:
    ways, _ = find_ways(described(*references), known, "customer_id")
    return {table: [end for _, end in of] for table, of in ways.items()}


def test_a_child_is_reached_by_its_parent_and_a_look_up_by_its_rows() -> None:
    assert joins("line>orders", "orders>customer", "line>plant", "plant>family") == {
        "line": ["orders.id"],
        "orders": ["customer.id"],
        "plant": ["line.plant_id"],
        "family": ["plant.family_id"],
    }


def test_nothing_is_reached_through_a_look_up() -> None:
    assert joins("orders>customer", "orders>plant", "delivery>plant") == {
        "orders": ["customer.id"],
        "plant": ["orders.plant_id"],
    }


def test_helping_employee_is_no_way() -> None:
    ways, notes = find_ways(described("customer>staff", "orders>customer", "orders>staff"), (), "customer_id")
    assert {table: [end for _, end in of] for table, of in ways.items()} == {"orders": ["customer.id"]}
    assert "orders.staff_id -> staff.id leads to another kind of people" in notes


def test_what_only_staff_have_leads_to_them() -> None:
    assert joins("shift>staff") == {"shift": ["staff.id"]}


def test_what_lies_further_out_is_no_way_back() -> None:
    assert joins("a>customer", "b>a", "a>b", "a>a") == {"a": ["customer.id"], "b": ["a.id"]}
    assert joins("a>customer", "b>customer", "a>b") == {"a": ["customer.id", "b.id"], "b": ["customer.id"]}


def test_row_of_a_customer_is_not_of_the_helping_employee() -> None:
    found = joins("line>orders", "orders>customer", "line>staff")
    assert found == {"orders": ["customer.id"], "line": ["orders.id"]}


def test_what_the_inventory_reaches_already_counts() -> None:
    assert joins("line>basket", known=("basket",)) == {"line": ["basket.id"]}


@pytest.mark.parametrize(("direction", "found"), [("from", {"x": ["staff.id"]}), ("to", {})])
def test_a_direction_that_is_said_is_followed(
    direction: Literal["from", "to"], found: dict[str, list[str]]
) -> None:
    ways, _ = find_ways(described("x>staff", direction=direction), (), "customer_id")
    assert {table: [end for _, end in of] for table, of in ways.items()} == found
