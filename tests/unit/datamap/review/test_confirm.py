"""An answer is written beside what people write, which stays; it is what was shown, and nothing else is classified."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.map_page import ANSWER, HEAD, answer, columns, group, map_folder, names, shop

from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import confirmed_file
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.column import Column

MAP = f"""\
# What the shop holds.
{HEAD}
# The tables, as the scan found them.
tables:
  customer:  # people
    subject: {{customer_id: customer_id}}
    purposes: [sale]
    columns:
      customer_id: {{origin: assigned}}
      created_at: {{origin: observed, review: needed, proposed: {{confidence: 0.9, because: the name}}}}
      email:
        review: needed  # ask Jan
        origin: provided
        proposed: {{confidence: 0.7, because: a sample}}
      "mail box": {{}}
      score: {{origin: inferred, review: needed}}
  orders:
    subject: {{customer_id: customer_id}}
    review: needed
    purposes: [sale]
    columns: {{customer_id: {{}}, created_at: {{origin: observed}}, total: {{origin: provided}}, note: {{}}}}
  "Order Line": {{join: {{order_id: orders.customer_id}}, purposes: [sale], columns: {{order_id: {{review: needed, origin: assigned}}, Created_At: {{review: needed, origin: observed}}}}}}
  country: {{personal: false, review: needed, columns: {{code: {{}}}}}}
  copy:
    review: needed
    copy_of: orders
"""
AT_SCORE = "      score: {origin: inferred, review: needed}\n"
FRIEND = (
    "      friend: {origin: provided, # typed, mostly\n        review: needed, # ask, first\n"
    "        about: third_party, third_party: mask}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return map_folder(tmp_path, MAP)


def rewritten(folder: Path, old: str, new: str) -> str:
    assert old in MAP
    text = MAP.replace(old, new, 1)
    (folder / "shop.yml").write_text(text)
    return text


def confirmed(folder: Path) -> str:
    """What was confirmed; empty: nothing."""
    file = folder / "shop.confirmed.yml"
    return file.read_text() if file.exists() else ""


def classified(folder: Path) -> set[str]:
    """Columns that a person confirmed, though the way to their rows may wait."""
    return {
        f"{name}.{column}"
        for name, table in shop(folder).tables.items()
        for column, known in table.columns.items()
        if known.awaits or not table.lacks_class(known)
    }


def of_orders(folder: Path) -> Column:
    """What a person confirmed of a column whose rows are found by one that waits."""
    column = columns(folder)["orders.created_at"]
    assert column.awaits
    assert column.proposal is not None
    return column.proposal


def test_what_is_confirmed_counts_once_the_key_of_its_rows_is(folder: Path) -> None:
    review = Review(folder)
    review.confirm(group(review, "created_at"), ANSWER)
    line = columns(folder)["Order Line.Created_At"]
    assert line.awaits == ("Order Line.order_id", "orders.customer_id")
    assert "created_at" not in names(review), "no one is asked twice"
    assert set(names(review)[:2]) == {"order_id", "customer_id"}, "what it rests on is first"
    review.confirm(group(review, "order_id"), ANSWER)
    review.confirm(group(review, "customer_id"), answer(origin="assigned"))
    for table in ("orders.created_at", "Order Line.Created_At"):
        assert columns(folder)[table].origin == "observed"
    review.undo()
    assert columns(folder)["orders.created_at"].awaits
    assert (folder / "shop.yml").read_text() == MAP, "what people write stays"


def test_what_is_alike_is_one_question_and_the_largest_comes_first(folder: Path) -> None:
    found = [(question.name, len(question.places), question.sure) for question in Review(folder).waiting()]
    assert found == [
        ("customer_id", 1, None), ("created_at", 3, 0.9), ("email", 1, 0.7), ("mail box", 1, None),
        ("score", 1, None), ("total", 1, None), ("note", 1, None), ("order_id", 1, None),
        ("copy", 1, None), ("country", 1, None),
    ]  # fmt: skip
    rewritten(folder, "created_at: {origin: observed}", "created_at: {origin: provided}")
    assert [len(g.places) for g in Review(folder).waiting() if g.name == "created_at"] == [2, 1]


def test_columns_of_a_question_keep_their_own_categories(folder: Path) -> None:
    (folder / "shop.yml").write_text(
        MAP.replace("created_at: {origin: observed,", "created_at: {origin: observed, category: user.behavior,")
        .replace("created_at: {origin: observed}", "created_at: {origin: observed, category: user.behavior.media_consumption}")
    )  # fmt: skip
    review = Review(folder)
    question = group(review, "created_at")
    assert question.proposed == {"origin": "observed"}
    assert question.varied == {"category": {"user.behavior": 1, "user.behavior.media_consumption": 1}}
    review.confirm(question, ANSWER)
    assert of_orders(folder).category == "user.behavior.media_consumption"
    assert columns(folder)["customer.created_at"].category == "user.behavior"


def test_a_question_is_taken_apart_where_one_answer_does_not_fit_all(folder: Path) -> None:
    review = Review(folder)
    shared = next(question for question in review.waiting() if len(question.places) > 1)
    review.take_apart(shared)
    parts = [question for question in review.waiting() if set(question.places) & set(shared.places)]
    assert [question.places for question in parts] == [(place,) for place in shared.places]
    review.confirm(parts[0], answer(origin="assigned"))
    left = [place for question in review.waiting() for place in question.places]
    assert shared.places[0] not in left
    assert set(shared.places[1:]) <= set(left), "nothing was said of the others"
    with pytest.raises(ConfigurationError, match="a single place"):
        review.take_apart(parts[1])


def test_one_answer_classifies_the_columns_of_its_question_and_no_other(folder: Path) -> None:
    was = classified(folder)
    assert confirmed(folder) == ""
    review = Review(folder)
    step = review.confirm(group(review, "created_at"), ANSWER)
    assert classified(folder) - was == {"customer.created_at", "orders.created_at", "Order Line.Created_At"}
    assert was <= classified(folder)
    decided = of_orders(folder).decided
    assert decided is not None
    assert (decided.by, decided.why, str(decided.review)) == (ANSWER.by, ANSWER.why, "2027-11-28")
    assert step.lines == len(confirmed(folder).splitlines())


def test_every_question_can_be_answered_and_taken_back_to_the_byte(folder: Path) -> None:
    review, texts = Review(folder), [confirmed(folder)]
    unanswered = ("score", "mail box", "note")
    while waiting := [question for question in review.waiting() if question.name not in unanswered]:
        known = waiting[0].proposed.get("origin") or waiting[0].is_table
        review.confirm(waiting[0], ANSWER if known else answer(origin="provided"))
        texts.append(confirmed(folder))
    assert shop(folder).undescribed(["copy", "country"]) == []
    texts.pop()
    while review.undo() is not None:
        assert confirmed(folder) == texts.pop()
    assert not texts


def test_an_answer_that_would_leave_a_fault_is_not_written(folder: Path) -> None:
    review = Review(folder)
    for name, words in (("score", "needs `meaning`"), ("note", "gives it an `origin`")):
        with pytest.raises(ConfigurationError, match=words):
            review.confirm(group(review, name), ANSWER)
    assert confirmed(folder) == ""
    assert not review.done


def test_file_changed_meanwhile_is_not_overwritten(folder: Path) -> None:
    review = Review(folder)
    review.confirm(group(review, "email"), ANSWER)
    (folder / "shop.confirmed.yml").write_text(confirmed(folder) + "# by hand\n")
    with pytest.raises(ConfigurationError, match="changed meanwhile"):
        review.undo()
    assert confirmed(folder).endswith("# by hand\n")


@pytest.mark.parametrize("changed", ["shop.yml", "policy.yml", "new.yml"])
def test_what_changed_since_it_was_shown_is_not_confirmed(folder: Path, changed: str) -> None:
    """A person confirms what they saw: a file that says something else by now is another question."""
    review = Review(folder)
    question, path = group(review, "email"), folder / changed
    path.write_text((path.read_text() if path.exists() else "") + "# by hand\n")
    with pytest.raises(ConfigurationError, match=f"{changed} was changed meanwhile"):
        review.confirm(question, ANSWER)
    assert confirmed(folder) == ""


def test_what_is_written_once_for_several_places_is_confirmed_in_one(folder: Path) -> None:
    shared = MAP.replace("created_at: {origin: observed, review", "created_at: &at {origin: observed, review")
    (folder / "shop.yml").write_text(shared.replace('"mail box": {}', '"mail box": *at'))
    review = Review(folder)
    review.confirm(group(review, "created_at"), ANSWER)
    assert columns(folder)["customer.created_at"].origin == "observed"
    assert columns(folder)["customer.mail box"].proposal is not None


def test_what_is_masked_stays_masked_and_comments_stay(folder: Path) -> None:
    text = rewritten(folder, AT_SCORE, AT_SCORE + FRIEND)
    review = Review(folder)
    review.confirm(group(review, "friend"), ANSWER)
    known = columns(folder)["customer.friend"]
    assert (known.origin, known.about, known.third_party) == ("provided", "third_party", "mask")
    assert known.review is None
    assert (folder / "shop.yml").read_text() == text


def test_what_waits_for_each_case_still_does(folder: Path) -> None:
    rewritten(folder, '"mail box": {}', '"mail box": {review: case}')
    review = Review(folder)
    review.confirm(group(review, "mail box"), answer(origin="provided"))
    assert columns(folder)["customer.mail box"].review == "case"


def test_an_answer_that_would_change_other_words_is_not_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with the file: here a writer that drops an answer, and one that changes a word."""
    rewritten(folder, AT_SCORE, AT_SCORE + FRIEND)
    review = Review(folder)
    review.confirm(group(review, "created_at"), ANSWER)
    before = confirmed(folder).encode()
    line = before[before.index(b"      created_at:") :].splitlines(keepends=True)[0]
    assert line.count(b"}") == 1

    for new in (b"", line.replace(b"}", b", origin: provided}")):

        def wrong(*given: Any, new: bytes = new) -> bytes:
            return confirmed_file(*given).replace(line, new, 1)

        monkeypatch.setattr("afschrift.datamap.review.review_session.confirmed_file", wrong)
        with pytest.raises(ConfigurationError, match="would have other words than were shown"):
            review.confirm(group(review, "friend"), ANSWER)
    assert confirmed(folder).encode() == before


@pytest.mark.parametrize(
    "unusual",
    [
        "\ufeff" + MAP,
        MAP.replace("\n", "\r\n", 5),
        MAP.replace("email:\n        review: needed  # ask Jan", "email:\n        review: *n").replace(
            "created_at: {origin: observed, review: needed",
            "created_at: {origin: observed, review: &n needed",
        ),
        MAP.replace("[sale]\n    columns:\n", "[sale]\n    confirmed: &c [customer_id]\n    columns:\n", 1)
        .replace("    review: needed\n    purposes: [sale]\n", "    confirmed: *c\n    purposes: [sale]\n")
        .replace("{customer_id: {}, created_at", "{customer_id: {origin: assigned}, created_at"),
    ],
    ids=["a byte order mark", "two line ends", "an alias", "a list used twice"],
)
def test_a_file_in_any_layout_is_answered_and_stays(folder: Path, unusual: str) -> None:
    (folder / "shop.yml").write_bytes(unusual.encode())
    review = Review(folder)
    asked = {"created_at", "email", "total"} & set(names(review))
    for name in asked:
        review.confirm(group(review, name), answer(origin="observed"))
    assert (folder / "shop.yml").read_bytes() == unusual.encode()
    assert asked
    assert asked.isdisjoint(names(Review(folder)))


def test_way_is_confirmed_only_with_a_name(folder: Path) -> None:
    table = "  visit:\n    subject: {customer_id: customer_id}\n    ways: guessed\n    purposes: [sale]\n"
    table += (
        "    decided: {by: Bob, on: 2026-01-01, why: So.}\n    columns: {customer_id: {origin: assigned}}\n"
    )
    (folder / "shop.yml").write_text(MAP + table)
    review = Review(folder)
    with pytest.raises(ConfigurationError, match="has `decided` already"):
        review.confirm(group(review, "visit"), ANSWER)
    assert confirmed(folder) == ""


def test_pointer_to_a_confirmed_column_is_asked_with_inherited_words(folder: Path) -> None:
    """As of staff who report to staff: the number was confirmed, the column with that of the manager waits."""
    staff = (
        "  staff:\n    subject: {customer_id: staff_id}\n    references: {reports_to: staff.staff_id}\n"
        "    purposes: [sale]\n    columns:\n"
        "      staff_id: {origin: assigned, category: user.unique_id, review: needed}\n"
        "      reports_to: {review: needed}\n"
    )
    rewritten(folder, "  country:", f"{staff}  country:")
    review = Review(folder)
    assert "origin" not in group(review, "reports_to").proposed
    review.confirm(group(review, "staff_id"), ANSWER)
    assert group(review, "reports_to").proposed == {"origin": "assigned", "category": "user.unique_id"}
    assert columns(folder)["staff.reports_to"].origin is None
