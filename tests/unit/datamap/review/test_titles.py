"""Titles that confirmed columns and tables lack are proposed apart, and change nothing else."""

from pathlib import Path

import pytest
from tests.support.map_page import ANSWER, HEAD, group, map_folder, shop

from afschrift.datamap.review.groups import about_tables
from afschrift.datamap.review.offered import effect, no_to
from afschrift.datamap.review.review_session import Review
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load

MAP = f"""\
{HEAD}
tables:
  customer:
    subject: {{customer_id: customer_id}}
    purposes: [sale]
    columns:
      customer_id: {{origin: assigned}}
      created_at: {{origin: observed, review: needed}}
      email: {{origin: provided, title: {{nl: Uw mail, en: Your mail}}}}
      phone: {{origin: provided}}
      zxq: {{origin: provided}}
      password: {{protect: secret}}
      city: {{origin: not_personal}}
  orders:
    join: {{buyer: customer.customer_id}}
    purposes: [sale]
    columns: {{buyer: {{origin: assigned}}, total: {{origin: provided, review: needed}}}}
  zz: {{join: {{zzq: customer.customer_id}}, purposes: [sale], confirmed: {{by: ann, on: 2026-11-28, why: so, columns: [zzq]}}, columns: {{zzq: {{}}}}}}
  country: {{personal: false, columns: {{code: {{}}}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return map_folder(tmp_path, MAP)


def titles(folder: Path, table: str) -> dict[str, str]:
    """Columns, and the table, with their English titles."""
    found = shop(folder).tables[table]
    named = {"": found.title} | {name: column.title for name, column in found.columns.items()}
    return {name: title.root["en"] for name, title in named.items() if title}


def test_missing_titles_are_a_question_a_table_and_what_was_confirmed_stays(folder: Path) -> None:
    review = Review(folder)
    review.confirm(group(review, "total"), ANSWER)
    open_before = [waiting.name for waiting in Review(folder).waiting()]
    review = Review(folder, titles=True)
    assert [(found.name, [*found.titles]) for found in review.waiting()] == [
        ("customer", ["(table)", "customer_id", "phone"]),
        ("orders", ["(table)", "total"]),
    ]
    assert review.left() == 2
    shown = dict(about_tables(review.inventory, review.waiting()[0]))
    assert shown == {"title": "phone: Telefoonnummer / Telephone number"}
    assert effect(review.waiting()[0], {}) == "the person reads these titles; what is given stays the same"
    with pytest.raises(ConfigurationError, match="titles missing"):
        no_to(review.waiting()[0])
    for waiting in review.waiting():
        review.confirm(waiting, ANSWER)
    assert (folder / "shop.yml").read_text() == MAP
    assert titles(folder, "customer") == {
        "": "Customer", "customer_id": "Customer number", "email": "Your mail", "phone": "Telephone number"
    }  # fmt: skip
    assert titles(folder, "orders") == {"": "Order", "total": "Total"}
    assert titles(folder, "zz") == {"zzq": "Customer number"}, "taken over"
    assert load(folder).lapsed == {}
    assert [waiting.name for waiting in Review(folder).waiting()] == open_before
    assert Review(folder, titles=True).waiting() == []
    review.undo()
    assert [waiting.name for waiting in review.waiting()] == ["orders"]


def test_title_that_people_write_takes_precedence_and_a_column_that_is_gone_stays_gone(folder: Path) -> None:
    review = Review(folder, titles=True)
    review.confirm(review.waiting()[0], ANSWER)
    text = MAP.replace("phone: {origin: provided}", "phone: {origin: provided, title: {nl: Bel, en: Call}}")
    (folder / "shop.yml").write_text(text)
    assert titles(folder, "customer")["phone"] == "Call"
    (folder / "shop.yml").write_text(MAP.replace("      phone: {origin: provided}\n", ""))
    assert "phone" not in shop(folder).tables["customer"].columns


def test_titles_of_an_occasion_that_is_not_declared_are_a_fault(folder: Path) -> None:
    named = "tables: {customer: {titles: {review-x: {phone: {nl: Telefoon, en: Phone}}}}}\n"
    (folder / "shop.confirmed.yml").write_text(named)
    with pytest.raises(InventoryError, match="not declared under `confirmations`"):
        load(folder)
