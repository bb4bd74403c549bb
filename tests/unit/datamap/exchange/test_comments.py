"""Words of the inventory in comments of a database."""

from __future__ import annotations

from afschrift.datamap.exchange.comments import from_comments
from afschrift.datamap.exchange.external_draft import draft
from afschrift.domain.sources import Described, ForeignKey, Structure

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
