"""Ways are found outward from people, and never back through a look-up or to other people."""

from typing import Literal

import pytest
from tests.support.data import lines

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


@pytest.mark.parametrize("line", lines(__file__, "ways.tsv"), ids=lambda line: line["case"])
def test_ways_lead_outward_from_people(line: dict[str, str]) -> None:
    ways = dict(way.split(":") for way in line["ways"].split())
    assert joins(described(*line["references"].split())) == {
        name: way.split(",") for name, way in ways.items()
    }


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
