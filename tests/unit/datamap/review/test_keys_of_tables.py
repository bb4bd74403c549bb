"""Keys of tables are one question where the same is proposed of them, and no person is known by them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from testbed.mini import write_inventory

from afschrift.datamap.review.offered import decided
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.inventory.load import load

KEY = "{origin: assigned, category: user.unique_id, review: needed}"
MAP = f"""\
source: shop
kind: duckdb
purposes:
  sale: {{basis: A6-1-b, title: {{nl: Verkoop, en: Sale}}, retention: P2Y, recipients: []}}
defaults: {{purposes: [sale]}}
tables:
  customer:
    subject: {{customer_id: customer_id}}
    key: [customer_id]
    columns: {{customer_id: {KEY}}}
  orders:
    subject: {{customer_id: customer_id}}
    key: [order_id]
    columns: {{order_id: {KEY}, customer_id: {KEY}}}
  invoice:
    subject: {{customer_id: customer_id}}
    key: [invoice_id]
    columns: {{invoice_id: {KEY}, customer_id: {KEY}, order_id: {KEY}}}
  line:
    join: {{order_id: orders.order_id}}
    key: [line_id]
    columns: {{line_id: {KEY}, order_id: {KEY}}}
  detail: # extends a line
    join: {{line_no: line.line_id}}
    key: [line_no]
    columns: {{line_no: {KEY}}}
  part: # of two columns
    subject: {{customer_id: customer_id}}
    key: [part_id, customer_id]
    columns: {{part_id: {KEY}, customer_id: {KEY}}}
"""
ANSWER = Answer("cli:anna", date(2026, 11, 28), "Numbers that the shop gives out.", date(2027, 11, 28))


def questions(review: Review) -> dict[str, list[str]]:
    return {group.name: [place.path for place in group.places] for group in review.waiting()}


def test_keys_of_tables_are_one_question_and_no_other_column_is_in_it(tmp_path: Path) -> None:
    folder = write_inventory(tmp_path / "map", MAP)
    review = Review(folder)
    assert questions(review) == {
        "customer_id": [f"shop.{table}.customer_id" for table in ("customer", "orders", "invoice", "part")],
        "keys of their tables": ["shop.orders.order_id", "shop.invoice.invoice_id", "shop.line.line_id"],
        "order_id": ["shop.invoice.order_id", "shop.line.order_id"],
        "line_no": ["shop.detail.line_no"],
        "part_id": ["shop.part.part_id"],
    }
    [keys] = [group for group in review.waiting() if group.keys]
    assert decided(keys, {}) == "keys of their tables, 3 columns: assigned, user.unique_id"
    review.confirm(keys, ANSWER)
    assert "keys of their tables" not in questions(review)
    while left := review.waiting():
        review.confirm(left[0], ANSWER)
    source = load(folder).sources["shop"]
    assert source.tables["line"].columns["line_id"].origin == "assigned"
    assert source.tables["orders"].columns["order_id"].decided is not None


def test_keys_can_be_taken_apart(tmp_path: Path) -> None:
    review = Review(write_inventory(tmp_path / "map", MAP))
    [keys] = [group for group in review.waiting() if group.keys]
    review.take_apart(keys)
    assert not [group for group in review.waiting() if group.keys]
    alone = {group.places[0] for group in review.waiting() if len(group.places) == 1}
    assert set(keys.places) <= alone
    assert sum(len(group.places) for group in review.waiting()) == 11


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("order_id: {origin: assigned,", "order_id: {origin: observed,"),
        ("order_id: {origin: assigned,", "order_id: {origin: assigned, about: third_party, third_party: mask,"),
        ("order_id: {origin: assigned,", "order_id: {origin: assigned, protect: payment,"),
        ("order_id: {origin: assigned,", "order_id: {origin: assigned, purposes: [sale],"),
        ("order_id: {origin: assigned, category: user.unique_id,", "order_id: {origin: assigned, category: user,"),
        ("order_id: {origin: assigned, category: user.unique_id,", "order_id: {"),
        ("    key: [order_id]\n", ""),
        ("    key: [order_id]\n", "    key: [order_id]\n    references: {order_id: customer.customer_id}\n"),
        ("subject: {customer_id: customer_id}\n    key: [order_id]", "subject: {customer_id: order_id}\n    key: [order_id]"),
    ],
)  # fmt: skip
def test_a_key_of_which_something_else_is_proposed_is_another_question(
    tmp_path: Path, was: str, now: str
) -> None:
    assert was in MAP
    review = Review(write_inventory(tmp_path / "map", MAP.replace(was, now, 1)))
    assert questions(review)["keys of their tables"] == ["shop.invoice.invoice_id", "shop.line.line_id"]


def test_keys_of_one_name_are_called_by_it(tmp_path: Path) -> None:
    text = MAP
    for name in ("order_id", "invoice_id", "line_id"):
        text = text.replace(f"key: [{name}]", "key: [id]").replace(f"columns: {{{name}:", "columns: {id:")
    review = Review(write_inventory(tmp_path / "map", text.replace("orders.order_id", "orders.id").replace("line.line_id", "line.id")))  # fmt: skip
    assert questions(review)["id"] == ["shop.orders.id", "shop.invoice.id", "shop.line.id"]
    assert not [group for group in review.waiting() if group.keys]
