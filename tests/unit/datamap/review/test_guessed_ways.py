"""A way that was guessed is confirmed before any column that rests on it, and until then none counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from testbed.mini import write_inventory

from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.decision import Action
from afschrift.domain.right import Right
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import guessed_ways, progress
from afschrift.selection.table_decision import Classifier, PersonFacts

MAP = """\
source: shop
kind: duckdb
purposes:
  sale: {basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}
tables:
  customer:
    subject: {customer_id: customer_id}
    purposes: [sale]
    columns: {customer_id: {origin: assigned}}
  visit:
    subject: {customer_id: customer_id}
    ways: guessed # why
    purposes: [sale]
    columns:
      visit_id: {origin: assigned}
      customer_id: {origin: assigned, decided: {by: Anna, on: 2026-01-01, why: It is so.}}
      seen: {origin: observed}
  remark: # by a foreign key to a table that is reached by a guess
    join: {visit_id: visit.visit_id}
    purposes: [sale]
    columns: {visit_id: {origin: assigned}, said: {origin: provided}}
"""
ANSWER = Answer("cli:anna", date(2026, 11, 28), "Each visit bears the number of who came.")
TEXT = ColumnType("VARCHAR", ValueKind.TEXT, "{column}")


def actions(folder: Path, table: str, right: Right) -> set[Action]:
    inventory = load(folder)
    source = inventory.sources["shop"]
    columns = dict.fromkeys(source.tables[table].columns, TEXT)
    return {
        f.action for f in Classifier(inventory, right, PersonFacts()).table(source, table, columns).fields
    }


@pytest.mark.parametrize("right", list(Right))
def test_nothing_leaves_by_a_guess(tmp_path: Path, right: Right) -> None:
    folder = write_inventory(tmp_path / "map", MAP)
    assert actions(folder, "visit", right) == actions(folder, "remark", right) == {Action.ASK}
    assert Action.ASK not in actions(folder, "customer", right)
    assert len(progress(load(folder))[1]) == 5

    Review(folder).confirm(Review(folder).waiting()[0], ANSWER)
    assert Action.ASK not in actions(folder, "visit", right) | actions(folder, "remark", right)


@pytest.mark.parametrize("right", list(Right))
def test_nothing_is_given_by_a_key_not_confirmed_as_the_projects(tmp_path: Path, right: Right) -> None:
    """Of the people it is asked once; what bears their number by a foreign key rests on that answer."""
    text = MAP.replace("    ways: guessed # why\n", "    references: {customer_id: customer.customer_id}\n")
    before = write_inventory(tmp_path / "before", text)
    assert Action.ASK not in actions(before, "visit", right) | actions(before, "remark", right)
    at = "    subject: {customer_id: customer_id}\n"
    folder = write_inventory(tmp_path / "map", text.replace(at, f"{at}    ways: guessed\n", 1))
    for table in ("customer", "visit", "remark"):
        assert actions(folder, table, right) == {Action.ASK}
    [question] = Review(folder).waiting()
    assert (question.name, [place.path for place in question.takers]) == ("customer", ["shop.visit"])
    Review(folder).confirm(question, ANSWER)
    assert Action.ASK not in actions(folder, "visit", right) | actions(folder, "remark", right)


def test_way_is_asked_before_its_columns(tmp_path: Path) -> None:
    folder = write_inventory(tmp_path / "map", MAP.replace("seen: {origin: observed}", "seen: {}"))
    review = Review(folder)
    [question] = review.waiting()
    assert question.is_table and question.proposed == {"ways": "subject customer_id: customer_id"}
    before = (folder / "shop.yml").read_text()

    review.confirm(question, ANSWER)

    assert [group.name for group in review.waiting()] == ["seen"], "now its columns are asked"
    assert guessed_ways(review.inventory) == []
    assert (folder / "shop.yml").read_text() == before
    assert "Each visit bears" in (folder / "shop.confirmed.yml").read_text()
    review.undo()
    assert not (folder / "shop.confirmed.yml").exists()


def test_a_guess_without_a_way_is_a_fault(tmp_path: Path) -> None:
    folder = write_inventory(
        tmp_path / "map", MAP.replace("    personal", "") + "  land: {personal: false, ways: guessed}\n"
    )
    with pytest.raises(InventoryError, match="there is no way here"):
        load(folder)
