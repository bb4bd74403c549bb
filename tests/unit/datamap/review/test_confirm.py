"""An answer is written beside what people write, which stays, and nothing else becomes classified."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from testbed.mini import write_inventory

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.column import Column
from afschrift.inventory.load import load

MAP = """\
# What the shop holds.
source: shop
kind: duckdb
purposes:
  sale: {basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}

# The tables, as the scan found them.
tables:
  customer:  # people
    subject: {customer_id: customer_id}
    purposes: [sale]
    columns:
      customer_id: {origin: assigned}
      created_at: {origin: observed, review: needed, proposed: {confidence: 0.9, because: the name}}
      email:
        review: needed  # ask Jan
        origin: provided
        proposed: {confidence: 0.7, because: a sample}
      "mail box": {}
      score: {origin: inferred, review: needed}
  orders:
    subject: {customer_id: customer_id}
    review: needed
    purposes: [sale]
    columns: {customer_id: {}, created_at: {origin: observed}, total: {origin: provided}, note: {}}
  "Order Line": {join: {order_id: orders.customer_id}, purposes: [sale], columns: {order_id: {review: needed, origin: assigned}, Created_At: {review: needed, origin: observed}}}
  country: {personal: false, review: needed, columns: {code: {}}}
  copy:
    review: needed
    copy_of: orders
"""
MAPS = (MAP, MAP.replace("created_at: {origin: observed}", "created_at: {origin: provided}"))
ANSWER = Answer("cli:anna", date(2026, 11, 28), "Looked at with the shop: it is so.", date(2027, 11, 28))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_inventory(tmp_path / "map", MAP)


def file(folder: Path) -> str:
    """What was confirmed; empty: nothing."""
    assert (folder / "shop.yml").read_text() in MAPS, "what people write stays"
    confirmed_file = folder / "shop.confirmed.yml"
    return confirmed_file.read_text() if confirmed_file.exists() else ""


def group(review: Review, name: str, words: str = "") -> Group:
    return next(
        question for question in review.waiting() if question.name == name and words in str(question.proposed)
    )


def classified(folder: Path) -> set[str]:
    """Columns that a person confirmed, though the way to their rows may wait."""
    source = load(folder).sources["shop"]
    return {
        f"{name}.{column}"
        for name, table in source.tables.items()
        for column, known in table.columns.items()
        if known.awaits or not table.lacks_class(known)
    }


def confirmed_of(column: Column) -> Column:
    """What a person confirmed of a column whose rows are found by one that waits."""
    assert column.awaits
    assert column.proposal is not None
    return column.proposal


def test_what_is_confirmed_counts_once_the_key_of_its_rows_is(folder: Path) -> None:
    review = Review(folder)
    review.confirm(group(review, "created_at"), ANSWER)
    line = review.inventory.sources["shop"].tables["Order Line"]
    assert line.columns["Created_At"].awaits == ("Order Line.order_id", "orders.customer_id")
    assert not [question for question in review.waiting() if question.name == "created_at"], (
        "no one is asked twice"
    )
    assert {question.name for question in review.waiting()[:2]} == {"order_id", "customer_id"}, (
        "what it rests on is first"
    )
    for name in ("order_id", "customer_id"):
        words = {} if name == "order_id" else {"origin": "assigned"}
        review.confirm(group(review, name), replace(ANSWER, words=words))
    tables = review.inventory.sources["shop"].tables
    assert tables["orders"].columns["created_at"].origin == "observed"
    assert tables["Order Line"].columns["Created_At"].origin == "observed"
    review.undo()
    assert review.inventory.sources["shop"].tables["orders"].columns["created_at"].awaits


def test_what_is_alike_is_one_question_and_the_largest_comes_first(folder: Path) -> None:
    found = [(question.name, len(question.places), question.sure) for question in Review(folder).waiting()]
    assert found == [
        ("created_at", 3, 0.9), ("email", 1, 0.7), ("mail box", 1, None), ("score", 1, None),
        ("customer_id", 1, None), ("total", 1, None), ("note", 1, None), ("order_id", 1, None),
        ("country", 1, None), ("copy", 1, None),
    ]  # fmt: skip


def test_columns_of_a_question_keep_their_own_categories(folder: Path) -> None:
    text = MAP.replace(
        "created_at: {origin: observed}", "created_at: {origin: observed, category: user.behavior}"
    )
    (folder / "shop.yml").write_text(text)
    review = Review(folder)
    question = group(review, "created_at")
    assert question.proposed == {"origin": "observed"}
    assert question.varied == {"category": {"nothing": 2, "user.behavior": 1}}
    review.confirm(question, ANSWER)
    tables = load(folder).sources["shop"].tables
    assert confirmed_of(tables["orders"].columns["created_at"]).category == "user.behavior"
    assert tables["customer"].columns["created_at"].category is None


def test_a_question_is_taken_apart_where_one_answer_does_not_fit_all(folder: Path) -> None:
    review = Review(folder)
    shared = next(question for question in review.waiting() if len(question.places) > 1)
    review.take_apart(shared)
    parts = [question for question in review.waiting() if set(question.places) & set(shared.places)]
    assert [question.places for question in parts] == [(place,) for place in shared.places]
    review.confirm(parts[0], replace(ANSWER, words={"origin": "assigned"}))
    left = [place for question in review.waiting() for place in question.places]
    assert shared.places[0] not in left
    assert set(shared.places[1:]) <= set(left), "nothing was said of the others"
    with pytest.raises(ConfigurationError, match="a single place"):
        review.take_apart(parts[1])


def test_another_origin_is_another_question(folder: Path) -> None:
    (folder / "shop.yml").write_text(
        MAP.replace("created_at: {origin: observed}", "created_at: {origin: provided}")
    )
    assert [len(g.places) for g in Review(folder).waiting() if g.name == "created_at"] == [2, 1]


def test_one_answer_classifies_the_columns_of_its_question_and_no_other(folder: Path) -> None:
    before, was = file(folder), classified(folder)
    review = Review(folder)
    step = review.confirm(group(review, "created_at"), ANSWER)
    assert classified(folder) - was == {"customer.created_at", "orders.created_at", "Order Line.Created_At"}
    assert was <= classified(folder)
    column = confirmed_of(load(folder).sources["shop"].tables["orders"].columns["created_at"])
    assert column.decided is not None
    assert (column.decided.by, column.decided.why) == (ANSWER.by, ANSWER.why)
    assert str(column.decided.review) == "2027-11-28"
    assert before == ""
    assert step.lines == len(file(folder).splitlines())


def test_every_question_can_be_answered_and_taken_back_to_the_byte(folder: Path) -> None:
    review, texts = Review(folder), [file(folder)]
    while waiting := [
        question for question in review.waiting() if question.name not in ("score", "mail box", "note")
    ]:
        question = waiting[0]
        origin = {} if question.proposed.get("origin") or question.is_table else {"origin": "provided"}
        review.confirm(question, Answer(ANSWER.by, ANSWER.on, ANSWER.why, ANSWER.review, origin))
        texts.append(file(folder))
    assert load(folder).sources["shop"].undescribed(["copy", "country"]) == []
    texts.pop()
    while review.undo() is not None:
        assert file(folder) == texts.pop()
    assert not texts


def test_what_the_person_says_otherwise_is_written(folder: Path) -> None:
    review = Review(folder)
    words = {"origin": "observed", "category": "user.content"}
    review.confirm(group(review, "email"), Answer(ANSWER.by, ANSWER.on, ANSWER.why, None, words))
    review.confirm(group(review, "mail box"), Answer(ANSWER.by, ANSWER.on, ANSWER.why, None, words))
    columns = load(folder).sources["shop"].tables["customer"].columns
    for name in ("email", "mail box"):
        assert (columns[name].origin, columns[name].category) == ("observed", "user.content")


def test_an_answer_that_would_leave_a_fault_is_not_written(folder: Path) -> None:
    review, before = Review(folder), file(folder)
    for name, words in (("score", "needs `meaning`"), ("note", "gives it an `origin`")):
        with pytest.raises(ConfigurationError, match=words):
            review.confirm(group(review, name), ANSWER)
    assert file(folder) == before
    assert not review.done


def test_file_changed_meanwhile_is_not_overwritten(folder: Path) -> None:
    review = Review(folder)
    review.confirm(group(review, "email"), ANSWER)
    (folder / "shop.confirmed.yml").write_text(file(folder) + "# by hand\n")
    with pytest.raises(ConfigurationError, match="changed meanwhile"):
        review.undo()
    assert file(folder).endswith("# by hand\n")


def test_what_is_written_once_for_several_places_is_confirmed_in_one(folder: Path) -> None:
    shared = MAP.replace("created_at: {origin: observed, review", "created_at: &at {origin: observed, review")
    (folder / "shop.yml").write_text(shared.replace('"mail box": {}', '"mail box": *at'))
    review = Review(folder)
    review.confirm(group(review, "created_at"), ANSWER)
    columns = load(folder).sources["shop"].tables["customer"].columns
    assert columns["created_at"].origin == "observed"
    assert columns["mail box"].proposal is not None


@pytest.mark.parametrize(
    "confirmed",
    [
        "    confirmed: [customer_id]\n",
        "    confirmed: [customer_id]  # as ever\n",
        "    confirmed:\n      - customer_id  # as ever\n",
        "    confirmed:\n    - customer_id\n",
        "    confirmed: {by: x, on: 2026-01-01, why: y, columns: [customer_id]}\n",
        "    confirmed:\n      by: x  # as ever\n      on: 2026-01-01\n      why: y\n      columns: [customer_id]\n",
        "    confirmed:\n      - by: x\n        on: 2026-01-01\n        why: y  # as ever\n        columns: [customer_id]\n",
        "    confirmed: [{by: x, on: 2026-01-01, why: y, columns: [customer_id]}]\n",
        "    confirmed: []\n",
    ],
)
@pytest.mark.parametrize("below", [True, False])
def test_hand_written_confirmations_apply_next_to_answers(folder: Path, confirmed: str, below: bool) -> None:
    at = (
        "      score: {origin: inferred, review: needed}\n"
        if below
        else "    subject: {customer_id: customer_id}\n"
    )
    text = MAP.replace(at, at + confirmed, 1)
    (folder / "shop.yml").write_text(text)
    review = Review(folder)
    review.confirm(group(review, "created_at"), ANSWER)
    review.confirm(group(review, "email"), ANSWER)
    assert {"customer.created_at", "customer.email", "customer.customer_id"} <= classified(folder)
    assert (folder / "shop.yml").read_text() == text
    assert (folder / "shop.confirmed.yml").read_text().count("review-2026-11-28:") == 1
