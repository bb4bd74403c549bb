"""A column that points to another one takes over what it says, and that was shown; no order locks a review."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.map_page import ANSWER, HEAD, answer, columns, group, map_folder, names

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import confirmed_file
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.layers import Layered

TO_EMPLOYEE = "    references: {created_by: employee.employee_id}\n"
EMPLOYEE = "    purposes: [sale]\n    columns:\n      employee_id"
ORDERS = "    purposes: [sale]\n    columns:\n      customer"
MAP = f"""{HEAD}tables:
  employee:
    subject: {{employee_id: employee_id}}
    key: [employee_id]
{TO_EMPLOYEE}{EMPLOYEE}: {{origin: assigned, category: user.unique_id, review: needed}}
      created_by: {{origin: observed, review: needed}}
  orders:
    subject: {{customer_id: customer_id}}
{TO_EMPLOYEE}{ORDERS}_id: {{origin: assigned, category: user.unique_id}}
      created_by: {{origin: observed, review: needed}}
      handler: {{origin: observed, review: needed}}
"""
OTHER_WORDS = r"shop\.orders\.created_by would have other words"


def made(tmp_path: Path, text: str = MAP) -> tuple[Path, Review]:
    folder = map_folder(tmp_path, text)
    identity = folder / "identity.yml"
    identity.write_text(identity.read_text().replace("keys:\n", "keys:\n  employee_id: {unique: yes}\n", 1))
    return folder, Review(folder)


def takers(question: Group) -> list[str]:
    return [place.path for place in question.takers]


def test_targets_are_asked_before_their_pointers(tmp_path: Path) -> None:
    folder, review = made(tmp_path)
    assert names(review) == ["employee_id", "created_by", "handler"]
    asked = []
    while left := review.waiting():
        asked.append((left[0].name, left[0].proposed.get("category")))
        review.confirm(left[0], ANSWER)
    assert asked == [("employee_id", "user.unique_id"), ("created_by", "user.unique_id"), ("handler", None)]
    assert columns(folder)["orders.created_by"].category == "user.unique_id"


def test_of_three_in_a_row_the_last_comes_first_and_a_circle_ends(tmp_path: Path) -> None:
    handler = TO_EMPLOYEE.replace("created_by:", "handler:")
    chain = MAP.replace(TO_EMPLOYEE + ORDERS, handler.replace(".employee_id", ".made_by") + ORDERS)
    chain = chain.replace("      created_by: {origin: observed", "      made_by: {origin: observed")
    chain = chain.replace("handler: {origin: observed", "handler: {origin: provided")
    _, review = made(tmp_path, chain.replace("references: {created_by", "references: {made_by"))
    asked = [place.path for question in review.waiting() for place in question.places]
    assert [asked.index(f"shop.{path}") for path in ("employee.employee_id", "employee.made_by")] == [0, 1]
    assert "shop.orders.handler" in asked[2:]
    assert takers(group(review, "employee_id")) == ["shop.employee.made_by", "shop.orders.handler"]
    circle = MAP.replace(EMPLOYEE, f"    join: {{employee_id: orders.handler}}\n{EMPLOYEE}")
    _, review = made(tmp_path / "circle", circle.replace(TO_EMPLOYEE + ORDERS, handler + ORDERS))
    assert set(names(review)) == {"employee_id", "created_by", "Data about people in other roles"}


def test_confirmed_taker_is_shown_with_the_question(tmp_path: Path) -> None:
    """The number was left for later, or a sitting began with the others."""
    folder, review = made(tmp_path)
    review.confirm(group(review, "created_by"), ANSWER)
    assert columns(folder)["orders.created_by"].category is None
    question = group(review, "employee_id")
    assert takers(question) == ["shop.employee.created_by", "shop.orders.created_by"]
    before = (folder / "shop.confirmed.yml").read_bytes()
    with pytest.raises(ConfigurationError, match=OTHER_WORDS):  # what was not shown takes over nothing
        review.confirm(replace(question, takers=()), ANSWER)
    assert (folder / "shop.confirmed.yml").read_bytes() == before
    review.confirm(question, ANSWER)
    now = columns(folder)["orders.created_by"]
    assert (now.origin, now.category) == ("observed", "user.unique_id")


def test_both_can_be_answered_together(tmp_path: Path) -> None:
    folder, review = made(tmp_path)
    review.confirm_all([(group(review, name), ANSWER) for name in ("created_by", "employee_id")])
    assert columns(folder)["orders.created_by"].category == "user.unique_id"


def test_pointer_takes_over_the_answered_words(tmp_path: Path) -> None:
    folder, review = made(tmp_path)
    review.confirm(group(review, "created_by"), ANSWER)
    review.confirm(group(review, "employee_id"), answer(category="user.account"))
    assert columns(folder)["orders.created_by"].category == "user.account"


@pytest.mark.parametrize(
    "own", ["category: user.account", "category: user.account, third_party: mask, about: third_party"]
)
def test_a_column_keeps_what_it_says_itself(tmp_path: Path, own: str) -> None:
    at = "created_by: {origin: observed, "
    folder, review = made(tmp_path, MAP.replace(at, f"{at}{own}, "))
    review.confirm(group(review, "created_by"), ANSWER)
    assert group(review, "employee_id").takers == ()
    review.confirm(group(review, "employee_id"), ANSWER)
    assert columns(folder)["orders.created_by"].category == "user.account"


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
    mask = 'defaults: {columns: {"created_by": {about: third_party, third_party: mask}}}\n'
    text = MAP.replace("tables:\n", f"{mask}tables:\n", 1)
    number = "category: user.unique_id, review"
    _, review = made(tmp_path, text.replace(number, number.replace("review", "about: subject, review")))
    for name in ("employee_id", "created_by"):
        with pytest.raises(ConfigurationError, match="created_by would have other words"):
            review.confirm(group(review, name), ANSWER)
    assert group(review, "created_by").proposed["third_party"] == "mask"


def test_a_column_takes_over_what_another_one_of_its_own_question_says(tmp_path: Path) -> None:
    by_id, size = "subject: {customer_id: customer_id}, purposes: [sale]", "{origin: observed, review: needed"
    own = "customer_id: {origin: assigned}"
    folder, review = made(
        tmp_path,
        f"{HEAD}tables:\n  customer: {{{by_id}, columns: {{{own}, size: {size}, unit: m}}}}}}\n"
        f"  orders: {{{by_id}, references: {{size: customer.size}}, columns: {{{own}, size: {size}}}}}}}\n",
    )
    question = group(review, "size")
    assert [place.path for place in question.places] == ["shop.customer.size", "shop.orders.size"]
    assert (question.takers, question.varied["unit"]) == ((), {"m": 1, "nothing": 1})
    review.confirm(question, ANSWER)
    assert columns(folder)["orders.size"].unit == "m"
