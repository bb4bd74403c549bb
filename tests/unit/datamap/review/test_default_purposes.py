"""A scanned table gets the default purposes of its source, and the question shows them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from testbed.mini import write_inventory

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.map_files import read_files
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer, drafted
from afschrift.inventory.load import load

MAP = """\
source: shop
kind: duckdb
purposes:
  sale: {basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}
  safety: {basis: A6-1-f, title: {nl: Veiligheid, en: Safety}, retention: P2Y, recipients: []}
defaults: {purposes: [sale]}
tables:
  customer:
    subject: {customer_id: customer_id}
    columns: {customer_id: {origin: assigned}, email: {origin: provided}}
  visit:
    subject: {customer_id: customer_id}
    purposes: [safety]
    columns: {customer_id: {origin: assigned}, body: {origin: provided, review: needed}}
"""
PROPOSED = {"origin": "provided", "review": "needed"}
DRAFT = {
    "tables": {
        "complaint": {
            "subject": {"customer_id": "customer_id"},
            "columns": {
                "customer_id": {"origin": "assigned", "review": "needed"},
                "body": PROPOSED,
                "about": PROPOSED | {"purposes": ["safety"]},
            },
        }
    }
}
WHO = Answer("anna", date(2026, 11, 28), "Looked at with the shop.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_inventory(tmp_path / "map", MAP)
    found = drafted(folder / "shop.yml", read_files(folder), DRAFT)
    assert found.added == ("tables.complaint",)
    found.file.write_bytes(found.written)
    return folder


def asked(review: Review) -> dict[str, Group]:
    return {group.places[0].path: group for group in review.waiting()}


def test_the_question_says_by_which_default_a_new_table_has_a_legal_basis(folder: Path) -> None:
    found = asked(Review(folder))
    purposes = {path: group.proposed.get("purposes") for path, group in found.items()}
    assert purposes == {
        "shop.complaint.customer_id": "sale (A6-1-b) by the defaults of the source",
        "shop.complaint.body": "sale (A6-1-b) by the defaults of the source",
        "shop.complaint.about": ["safety"],  # its own
        "shop.visit.body": None,  # named for the table
    }


def test_own_purpose_and_default_purpose_are_two_questions(
    folder: Path,
) -> None:
    review = Review(folder)
    review.confirm(asked(review)["shop.visit.body"], WHO)
    tables = load(folder).sources["shop"].tables
    assert tables["visit"].columns["body"].decided is not None
    assert "confirmed" not in tables["complaint"].model_fields_set
    assert "shop.complaint.body" in asked(Review(folder))
