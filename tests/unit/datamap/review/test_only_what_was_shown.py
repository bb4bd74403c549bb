"""A review writes what was shown and answered, or nothing, whatever the file looks like by then."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import write_inventory

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer, confirmed_file
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.load import load

MAP = """\
source: shop
kind: duckdb
purposes:
  sale: {basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}
tables:
  customer:
    subject: {customer_id: customer_id}
    purposes: [sale]
    columns:
      customer_id: {origin: assigned}
      created_at: {origin: observed, review: needed}
      email:
        review: needed  # ask Jan
        origin: provided
      "mail box": {}
      score: {origin: inferred, review: needed}
  orders:
    subject: {customer_id: customer_id}
    review: needed
    purposes: [sale]
    columns: {customer_id: {}, created_at: {origin: observed}, total: {origin: provided}, note: {}}
  country: {personal: false, review: needed, columns: {code: {}}}
"""
ANSWER = Answer("cli:anna", date(2026, 11, 28), "Looked at with the shop: it is so.", date(2027, 11, 28))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_inventory(tmp_path / "map", MAP)


def file(folder: Path) -> str:
    return (folder / "shop.yml").read_text()


def group(review: Review, name: str) -> Group:
    return next(question for question in review.waiting() if question.name == name)


FRIENDS = {
    "a comma in a comment": (
        "{origin: provided, # typed, mostly\n        review: needed, about: third_party, third_party: mask}"
    ),
    "the last, behind a comment": (
        "{origin: provided, about: third_party, third_party: mask, # typed, mostly\n        review: needed}"
    ),
    "the first, with a comment": (
        "{review: needed, # typed, mostly\n        origin: provided, about: third_party, third_party: mask}"
    ),
    "between comments": (
        "{origin: provided, # typed, mostly\n        review: needed, # ask, first\n"
        "        about: third_party, third_party: mask}"
    ),
    "commas in quotes": (
        '{origin: provided, title: {nl: "a, b", en: "# typed, mostly"}, review: needed, '
        "about: third_party, third_party: mask}"
    ),
}


@pytest.mark.parametrize("friend", FRIENDS.values(), ids=FRIENDS)
def test_what_is_masked_stays_masked_and_comments_stay(folder: Path, friend: str) -> None:
    at = "      score: {origin: inferred, review: needed}\n"
    (folder / "shop.yml").write_text(MAP.replace(at, at + f"      friend: {friend}\n", 1))
    review = Review(folder)
    review.confirm(group(review, "friend"), ANSWER)
    column = load(folder).sources["shop"].tables["customer"].columns["friend"]
    assert (column.origin, column.about, column.third_party) == ("provided", "third_party", "mask")
    assert column.review is None
    assert "# typed, mostly" in file(folder)


def test_what_waits_for_each_case_still_does(folder: Path) -> None:
    (folder / "shop.yml").write_text(MAP.replace('"mail box": {}', '"mail box": {review: case}'))
    review = Review(folder)
    review.confirm(group(review, "mail box"), Answer("x", ANSWER.on, "y", None, {"origin": "provided"}))
    assert load(folder).sources["shop"].tables["customer"].columns["mail box"].review == "case"


def test_an_answer_that_would_change_other_words_is_not_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with the file: here a writer that drops an answer, and one that changes a word."""
    friend = "      friend: {origin: provided, review: needed, about: third_party, third_party: mask}\n"
    at = "      score: {origin: inferred, review: needed}\n"
    (folder / "shop.yml").write_text(MAP.replace(at, at + friend, 1))
    review = Review(folder)
    review.confirm(group(review, "created_at"), ANSWER)
    before = (folder / "shop.confirmed.yml").read_bytes()
    line = before[before.index(b"      created_at:") :].splitlines(keepends=True)[0]
    wrongs = [(line, b""), (line, line.replace(b"}", b", origin: provided}"))]
    assert line.count(b"}") == 1

    for old, new in wrongs:

        def wrong(*given: Any, old: bytes = old, new: bytes = new) -> bytes:
            return confirmed_file(*given).replace(old, new, 1)

        monkeypatch.setattr("afschrift.datamap.review.review_session.confirmed_file", wrong)
        with pytest.raises(ConfigurationError, match="would have other words than were shown"):
            review.confirm(group(review, "friend"), ANSWER)
    assert (folder / "shop.confirmed.yml").read_bytes() == before


@pytest.mark.parametrize("changed", ["shop.yml", "policy.yml", "new.yml"])
def test_what_changed_since_it_was_shown_is_not_confirmed(folder: Path, changed: str) -> None:
    """A person confirms what they saw: a file that says something else by now is another question."""
    review = Review(folder)
    question, path = group(review, "email"), folder / changed
    path.write_text((path.read_text() if path.exists() else "") + "# by hand\n")
    was = file(folder)
    with pytest.raises(ConfigurationError, match=f"{changed} was changed meanwhile"):
        review.confirm(question, ANSWER)
    assert file(folder) == was


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
    names = {"created_at", "email", "total"} & {question.name for question in review.waiting()}
    for name in names:
        answer = Answer("x", ANSWER.on, "y", None, {"origin": "observed"})
        review.confirm(group(review, name), answer)
    assert (folder / "shop.yml").read_bytes() == unusual.encode()
    assert names
    assert names.isdisjoint(question.name for question in Review(folder).waiting())


def test_tables_of_one_name_are_questions_of_their_own(folder: Path) -> None:
    other = MAP.replace("source: shop", "source: shop2")
    (folder / "shop2.yml").write_text(other)
    keys = [question.key for question in Review(folder).waiting() if question.name == "country"]
    assert len(set(keys)) == len(keys) == 2
    review = Review(folder)
    before = group(review, "created_at").key
    (folder / "shop2.yml").write_text(other.replace("note: {}", "Created_At: {origin: observed}"))
    assert group(Review(folder), "created_at").key != before, "more places are another question"


@pytest.mark.parametrize("confirmed", ["confirmed: [customer_id], ", ""])
def test_a_table_within_braces_is_answered(folder: Path, confirmed: str) -> None:
    table = f"  visit: {{subject: {{customer_id: customer_id}}, {confirmed}purposes: [sale],\n"
    table += (
        "    columns: {customer_id: {origin: assigned}, seen: {origin: observed, review: needed}},\n  }\n"
    )
    (folder / "shop.yml").write_text(MAP + table)
    review = Review(folder)
    review.confirm(group(review, "seen"), ANSWER)
    found = load(folder).sources["shop"].tables["visit"]
    assert not found.lacks_class(found.columns["seen"])


def test_way_is_confirmed_only_with_a_name(folder: Path) -> None:
    table = "  visit:\n    subject: {customer_id: customer_id}\n    ways: guessed\n    purposes: [sale]\n"
    table += (
        "    decided: {by: Bob, on: 2026-01-01, why: So.}\n    columns: {customer_id: {origin: assigned}}\n"
    )
    (folder / "shop.yml").write_text(MAP + table)
    review, before = Review(folder), file(folder)
    with pytest.raises(ConfigurationError, match="has `decided` already"):
        review.confirm(group(review, "visit"), ANSWER)
    assert file(folder) == before


def test_pointer_to_a_confirmed_column_is_asked_with_inherited_words(
    folder: Path,
) -> None:
    """As of staff who report to staff: the number was confirmed, the column with that of the manager waits."""
    staff = (
        "  staff:\n    subject: {customer_id: staff_id}\n    references: {reports_to: staff.staff_id}\n"
        "    purposes: [sale]\n    columns:\n"
        "      staff_id: {origin: assigned, category: user.unique_id, review: needed}\n"
        "      reports_to: {review: needed}\n"
    )
    (folder / "shop.yml").write_text(MAP.replace("  country:", f"{staff}  country:", 1))
    review = Review(folder)
    assert "origin" not in group(review, "reports_to").proposed
    review.confirm(group(review, "staff_id"), ANSWER)
    assert group(review, "reports_to").proposed == {"origin": "assigned", "category": "user.unique_id"}
    assert load(folder).sources["shop"].tables["staff"].columns["reports_to"].origin is None
