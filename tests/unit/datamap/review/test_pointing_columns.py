"""A column that points to another one takes over what it says, and that was shown; no order locks a review."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import write_inventory

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer, confirmed_file
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.column import Column
from afschrift.inventory.layers import Layered
from afschrift.inventory.load import load

HEAD = """\
source: shop
kind: duckdb
purposes:
  sale: {basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}
"""
MAP = (
    HEAD
    + """\
tables:
  employee:
    subject: {employee_id: employee_id}
    key: [employee_id]
    references: {created_by: employee.employee_id}
    purposes: [sale]
    columns:
      employee_id: {origin: assigned, category: user.unique_id, review: needed}
      created_by: {origin: observed, review: needed}
  orders:
    subject: {customer_id: customer_id}
    references: {created_by: employee.employee_id}
    purposes: [sale]
    columns:
      customer_id: {origin: assigned, category: user.unique_id}
      created_by: {origin: observed, review: needed}
      handler: {origin: observed, review: needed}
"""
)
ANSWER = Answer("cli:anna", date(2026, 11, 28), "Gone through.", date(2027, 11, 28))


def made(tmp_path: Path, text: str = MAP) -> tuple[Path, Review]:
    folder = write_inventory(tmp_path / "map", text)
    text = (folder / "identity.yml").read_text()
    if "employee_id" not in text:
        (folder / "identity.yml").write_text(
            text.replace("keys:\n", "keys:\n  employee_id: {unique: yes}\n", 1)
        )
    return folder, Review(folder)


def group(review: Review, name: str) -> Group:
    return next(question for question in review.waiting() if question.name == name)


def columns(folder: Path) -> dict[str, Column]:
    tables = load(folder).sources["shop"].tables
    return {f"{name}.{column}": known for name, t in tables.items() for column, known in t.columns.items()}


def test_targets_are_asked_before_their_pointers(
    tmp_path: Path,
) -> None:
    folder, review = made(tmp_path)
    assert [question.name for question in review.waiting()] == ["employee_id", "created_by", "handler"]
    asked = []
    while left := review.waiting():
        asked.append((left[0].name, left[0].proposed.get("category")))
        review.confirm(left[0], ANSWER)
    assert asked == [("employee_id", "user.unique_id"), ("created_by", "user.unique_id"), ("handler", None)]
    assert columns(folder)["orders.created_by"].category == "user.unique_id"


def test_of_three_in_a_row_the_last_comes_first_and_a_circle_ends(tmp_path: Path) -> None:
    chain = MAP.replace(
        "references: {created_by: employee.employee_id}\n    purposes: [sale]\n    columns:\n      customer",
        "references: {handler: employee.created_by}\n    purposes: [sale]\n    columns:\n      customer",
    )
    _, review = made(
        tmp_path,
        chain.replace("      created_by: {origin: observed", "      made_by: {origin: observed")
        .replace("references: {created_by", "references: {made_by")
        .replace("employee.created_by", "employee.made_by"),
    )
    assert [question.name for question in review.waiting()] == ["employee_id", "made_by", "handler"]
    assert [place.path for place in group(review, "employee_id").takers] == [
        "shop.employee.made_by",
        "shop.orders.handler",
    ]
    _, review = made(
        tmp_path / "circle",
        MAP.replace(
            "purposes: [sale]\n    columns:\n      employee_id",
            "join: {employee_id: orders.handler}\n    purposes: [sale]\n    columns:\n      employee_id",
        ).replace(
            "references: {created_by: employee.employee_id}\n    purposes: [sale]\n    columns:\n      customer",
            "references: {handler: employee.employee_id}\n    purposes: [sale]\n    columns:\n      customer",
        ),
    )
    assert {question.name for question in review.waiting()} == {"employee_id", "created_by", "handler"}


def test_confirmed_taker_is_shown_with_the_question(
    tmp_path: Path,
) -> None:
    """The number was left for later, or a sitting began with the others."""
    folder, review = made(tmp_path)
    review.confirm(group(review, "created_by"), ANSWER)
    assert columns(folder)["orders.created_by"].category is None
    question = group(review, "employee_id")
    assert [place.path for place in question.takers] == ["shop.employee.created_by", "shop.orders.created_by"]
    review.confirm(question, ANSWER)
    now = columns(folder)["orders.created_by"]
    assert (now.origin, now.category) == ("observed", "user.unique_id")


def test_both_can_be_answered_together(tmp_path: Path) -> None:
    folder, review = made(tmp_path)
    answered = [(group(review, name), ANSWER) for name in ("created_by", "employee_id")]
    review.confirm_all(answered)
    assert columns(folder)["orders.created_by"].category == "user.unique_id"


def test_pointer_takes_over_the_answered_words(tmp_path: Path) -> None:
    folder, review = made(tmp_path)
    review.confirm(group(review, "created_by"), ANSWER)
    words = {"category": "user.account"}
    review.confirm(group(review, "employee_id"), replace(ANSWER, words=words))
    assert columns(folder)["orders.created_by"].category == "user.account"


@pytest.mark.parametrize(
    "own", ["category: user.account", "category: user.account, third_party: mask, about: third_party"]
)
def test_a_column_keeps_what_it_says_itself(tmp_path: Path, own: str) -> None:
    folder, review = made(
        tmp_path,
        MAP.replace("created_by: {origin: observed, ", "created_by: {origin: observed, " + own + ", "),
    )
    review.confirm(group(review, "created_by"), ANSWER)
    assert group(review, "employee_id").takers == ()
    review.confirm(group(review, "employee_id"), ANSWER)
    assert columns(folder)["orders.created_by"].category == "user.account"


def test_a_column_that_was_not_shown_takes_over_nothing(tmp_path: Path) -> None:
    folder, review = made(tmp_path)
    review.confirm(group(review, "created_by"), ANSWER)
    before = (folder / "shop.confirmed.yml").read_bytes()
    with pytest.raises(ConfigurationError, match=r"shop\.orders\.created_by would have other words"):
        review.confirm(replace(group(review, "employee_id"), takers=()), ANSWER)
    assert (folder / "shop.confirmed.yml").read_bytes() == before


def test_a_taker_says_nothing_but_what_it_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with the file: here a writer that forgets the other confirmations."""
    _, review = made(tmp_path)
    review.confirm(group(review, "created_by"), ANSWER)

    def wrong(of: Layered, answered: Any) -> bytes:
        return confirmed_file(replace(of, confirmed={}), answered)

    monkeypatch.setattr("afschrift.datamap.review.review_session.confirmed_file", wrong)
    with pytest.raises(ConfigurationError, match="created_by would have other words"):
        review.confirm(group(review, "employee_id"), ANSWER)


def test_a_mask_of_a_default_is_not_lost_by_what_is_taken_over(tmp_path: Path) -> None:
    """`about: subject` of the number would take the mask off a column that has it by a pattern alone."""
    text = MAP.replace(
        "tables:\n", 'defaults: {columns: {"created_by": {about: third_party, third_party: mask}}}\ntables:\n'
    )
    _, review = made(
        tmp_path,
        text.replace("category: user.unique_id, review", "category: user.unique_id, about: subject, review"),
    )
    for name in ("employee_id", "created_by"):
        with pytest.raises(ConfigurationError, match="created_by would have other words"):
            review.confirm(group(review, name), ANSWER)
    assert group(review, "created_by").proposed["third_party"] == "mask"


def test_a_column_takes_over_what_another_one_of_its_own_question_says(tmp_path: Path) -> None:
    text = MAP.replace("created_by", "employee_id", 99).replace(
        "references: {employee_id: employee.employee_id}\n    purposes: [sale]\n    columns:\n      employee_id",
        "purposes: [sale]\n    columns:\n      employee_id",
    )
    text = text.replace("      employee_id: {origin: observed, review: needed}\n", "", 1)
    text = text.replace("employee_id: {origin: observed", "employee_id: {origin: assigned")
    folder, review = made(tmp_path, text)
    question = group(review, "employee_id")
    assert [place.path for place in question.places] == [
        "shop.employee.employee_id",
        "shop.orders.employee_id",
    ]
    assert (question.takers, question.varied["category"]) == ((), {"user.unique_id": 1, "nothing": 1})
    review.confirm(question, ANSWER)
    assert columns(folder)["orders.employee_id"].category == "user.unique_id"
