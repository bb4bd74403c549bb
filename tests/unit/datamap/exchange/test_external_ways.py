"""Ways are found outward from people, and never back through a look-up or to other people."""

from typing import Literal

import pytest

from afschrift.datamap.exchange.comments import from_comments
from afschrift.datamap.exchange.external_draft import draft, find_ways
from afschrift.datamap.exchange.external_tables import DescribedColumn, DescribedTable, Description, Reference
from afschrift.domain.sources import Described, ForeignKey, Structure

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


def joins(described: Description, known: tuple[str, ...] = ()) -> dict[str, list[str]]:
    ways, _ = find_ways(described, known, "customer_id")
    return {table: [end for _, end in of] for table, of in ways.items()}


WAYS: dict[str, tuple[str, dict[str, list[str]]]] = {
    "a child is reached by its parent, and a look-up by its rows": (
        "line>orders orders>customer line>plant plant>family",
        {
            "line": ["orders.id"],
            "orders": ["customer.id"],
            "plant": ["line.plant_id"],
            "family": ["plant.family_id"],
        },
    ),
    "nothing is reached through a look-up": (
        "orders>customer orders>plant delivery>plant",
        {"orders": ["customer.id"], "plant": ["orders.plant_id"]},
    ),
    "a helping employee is no way": (
        "customer>staff orders>customer orders>staff",
        {"orders": ["customer.id"]},
    ),
    "what only staff have leads to them": ("shift>staff", {"shift": ["staff.id"]}),
    "what lies further out is no way back": ("a>customer b>a a>b a>a", {"a": ["customer.id"], "b": ["a.id"]}),
    "what lies as far is a way": (
        "a>customer b>customer a>b",
        {"a": ["customer.id", "b.id"], "b": ["customer.id"]},
    ),
    "a row of a customer is not of the helping employee": (
        "line>orders orders>customer line>staff",
        {"orders": ["customer.id"], "line": ["orders.id"]},
    ),
}


@pytest.mark.parametrize("case", WAYS)
def test_ways_lead_outward_from_people(case: str) -> None:
    references, found = WAYS[case]
    assert joins(described(*references.split())) == found


def test_what_is_no_way_is_said_and_what_is_reached_already_counts() -> None:
    _, notes = find_ways(described("customer>staff", "orders>customer", "orders>staff"), (), "customer_id")
    assert "orders.staff_id -> staff.id leads to another kind of people" in notes
    assert joins(described("line>basket"), ("basket",)) == {"line": ["basket.id"]}

    assert joins(described("x>staff", direction="from")) == {"x": ["staff.id"]}
    assert joins(described("x>staff", direction="to")) == {}


COLUMNS = {"customer": ["id", "mail", "note"], "orders": ["customer_id", "at"], "stock": ["n"]}

COMMENTS = {
    "customer": {
        "id": "Ours. afschrift: identity=customer_id origin=assigned",
        "mail": "Afschrift: origin=provided, category=user.contact.email; colour=red\nasked at sign-up",
        "note": 'afschrift: free_text title="no"',
    },
    "orders": {"at": "afschrift: origin=observed", "customer_id": "who bought; see the afschrift"},
}


def test_marks_in_comments_are_words_and_foreign_keys_ways() -> None:
    found = from_comments(
        COLUMNS,
        Described(keys={"customer": ("id",)}, column_comments=COMMENTS),
        Structure((ForeignKey("orders", ("customer_id",), "customer", ("id",)),)),
    )
    drafted = draft(found, {"source": "shop"}, person="customer_id")
    tables = drafted.source["tables"]
    assert list(tables) == ["customer", "orders"], (
        "a table without a mark is left to the person who describes it"
    )
    assert tables["customer"]["subject"] == {"customer_id": "id"}
    assert tables["customer"]["key"] == ["id"]
    assert tables["customer"]["columns"]["mail"]["category"] == "user.contact.email"
    assert tables["customer"]["columns"]["note"]["free_text"] is True
    assert tables["orders"]["join"] == {"customer_id": "customer.id"}
    assert drafted.notes == [
        "`colour` is not imported (customer.mail)",
        "`title` is not imported (customer.note)",
    ]
