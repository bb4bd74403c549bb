"""A file that people write, with a draft below it and confirmations above it: what counts, and what is said of it."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.command_line import CommandResult, in_this_process
from tests.support.map_page import HEAD, columns, group, map_folder, names, shop

from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.take_over import take_over
from afschrift.datamap.review.written_files import Answer, as_file
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.column import Column
from afschrift.inventory.document import InventoryError
from afschrift.inventory.layers import LapseReason
from afschrift.inventory.load import load
from afschrift.inventory.run_in import declared_sources

ANSWER = Answer("anna", date(2026, 11, 28), "Gone through with the shop.")
DEFAULTS = 'defaults: {columns: {"*_at": {origin: observed}}}\n'
MAP = f"""{HEAD}{DEFAULTS}tables:
  customer:
    subject: {{customer_id: customer_id}}
    purposes: [sale]
    columns:
      customer_id: {{origin: assigned}}
      seen_at: {{}}
      email: {{origin: provided, review: needed, proposed: {{confidence: 0.9, because: the name}}}}
      city: {{origin: provided, review: needed}}
  land: {{personal: false, review: needed, columns: {{code: {{}}}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = map_folder(tmp_path, MAP)
    review = Review(made)
    for name, words in (("seen_at", {}), ("email", {"origin": "observed"}), ("land", {})):
        review.confirm(group(review, name), replace(ANSWER, words=words))
    return made


def write(folder: Path, old: str, new: str, name: str = "shop.yml") -> None:
    text = (folder / name).read_text()
    assert text.count(old) == 1, text
    (folder / name).write_text(text.replace(old, new))


def column(folder: Path, name: str) -> Column:
    return columns(folder)[f"customer.{name}"]


def command(folder: Path, *words: str) -> CommandResult:
    """What `afschrift inventory` says of the map."""
    return in_this_process(("inventory", *words, "--folder", str(folder)))


def lapsed(folder: Path) -> list[tuple[str, str | None, LapseReason]]:
    return [(entry.table, entry.column, entry.why) for entry in load(folder).lapsed.get("shop", ())]


def test_a_confirmation_fills_what_waits_and_says_who(folder: Path) -> None:
    assert (folder / "shop.yml").read_text() == MAP
    assert column(folder, "email").origin == "observed"
    assert column(folder, "seen_at").origin == "observed"
    decided = column(folder, "email").decided
    assert decided is not None and (decided.by, decided.why) == (ANSWER.by, ANSWER.why)
    assert column(folder, "city").proposal is not None
    land = shop(folder).tables["land"]
    assert not land.unconfirmed and land.decided is not None
    assert lapsed(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "table", "name"),
    [
        ("email: {origin: provided,", "email: {origin: inferred,", "customer", "email"),
        ("email: {origin: provided,", "email: {origin: provided, protect: secret,", "customer", "email"),
        ("{origin: observed}}}", "{origin: provided}}}", "customer", "seen_at"),
        ("land: {personal: false,", "land: {table: country, personal: false,", "land", None),
    ],
)
def test_a_confirmation_lapses_when_what_it_confirmed_changes(
    folder: Path, old: str, new: str, table: str, name: str | None
) -> None:
    write(folder, old, new)
    assert lapsed(folder) == [(table, name, LapseReason.CHANGED)]
    result = shop(folder).tables[table]
    assert result.unconfirmed if name is None else result.columns[name].proposal is not None
    assert (name or table) in names(Review(folder)), "it is asked again"
    write(folder, new, old)
    assert lapsed(folder) == [], "said as it was, it counts again"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("confidence: 0.9", "confidence: 0.4"),
        ("email: {", "email: {title: {nl: Adres, en: Address}, purposes: [sale], "),
        ('"*_at": {origin: observed}}', '"*_at": {origin: observed}, "*": {purposes: [sale]}}'),
        ("    purposes: [sale]\n", "    defaults: {purposes: [sale]}\n"),
    ],
)
def test_other_words_do_not_lapse_a_confirmation(folder: Path, old: str, new: str) -> None:
    write(folder, old, new)
    assert lapsed(folder) == []
    assert column(folder, "email").decided is not None


@pytest.mark.parametrize("by_hand", ["origin: assigned", "origin: observed, category: user.contact"])
def test_a_word_without_the_mark_counts_and_check_names_the_contradiction(folder: Path, by_hand: str) -> None:
    entry = "{origin: provided, review: needed, proposed: {confidence: 0.9, because: the name}}"
    write(folder, f"email: {entry}", f"email: {{{by_hand}}}")
    assert f"origin: {column(folder, 'email').origin}" in by_hand
    assert column(folder, "email").decided is None
    assert lapsed(folder) == [("customer", "email", LapseReason.OTHERWISE)]
    result = command(folder, "check")
    assert result.code == 1
    warning = "warning: shop.customer.email is in the file of confirmations, but the file has other"
    assert warning in result.text
    assert "(shop.yml:13)" in result.text
    assert command(folder, "check", "--fail-on", "error").code == 0


def test_confirmation_of_a_missing_entry_lapses_with_a_note(folder: Path) -> None:
    write(folder, "  land: {personal: false, review: needed, columns: {code: {}}}\n", "")
    assert lapsed(folder) == [("land", None, LapseReason.GONE)]
    result = command(folder, "check")
    assert result.code == 0
    assert "note: shop.land is in the file of confirmations, but the map no longer" in result.text


def test_routing_ignores_layers(folder: Path) -> None:
    (folder / "shop.draft.yml").write_text("tables: {}\n")
    (folder / "identity.draft.yml").write_text("keys: {}\n")
    assert list(declared_sources(folder).read) == list(load(folder).sources) == ["shop"]


def test_the_digest_of_the_map_covers_both_files(folder: Path) -> None:
    before = load(folder).digest
    file = folder / "shop.confirmed.yml"
    file.write_text(file.read_text() + "# more\n")
    assert load(folder).digest != before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("origin: observed", "origin: seen", r"9: tables\.customer\.columns\.email\.origin"),
        ("review-2026-11-28:", "other:", r"8: .*seen_at\.in: this is not declared"),
        ("tables:", "tables: [", r"\d+: not readable as YAML"),
        ("origin: observed", "colour: red", r"9: .*colour: this word is not known here"),
        ("origin: observed", "origin: observed, category: no.such", r"9: .*\.category: "),
    ],
)
def test_a_fault_in_the_file_of_confirmations_is_named_there(
    folder: Path, old: str, new: str, expected: str
) -> None:
    write(folder, old, new, "shop.confirmed.yml")
    with pytest.raises(InventoryError, match=rf"shop\.confirmed\.yml:{expected}"):
        load(folder)


@pytest.mark.parametrize("name", ["shop.draft.yml", "shop.confirmed.yml"])
def test_a_file_that_goes_with_none_is_a_fault(folder: Path, name: str) -> None:
    (folder / name).write_text("tables: {}\n")
    (folder / "shop.yml").rename(folder / "winkel.yml")
    with pytest.raises(InventoryError, match=rf"{name}:1: there is no shop\.yml that it belongs to"):
        load(folder)


def test_explain_names_file_and_line_of_each(folder: Path) -> None:
    write(folder, "kind: duckdb\n", "kind: duckdb\noptions: {path: no.duckdb}\n")
    result = command(folder, "explain", "customer.email")
    assert "written   shop.yml:14, shop.confirmed.yml:9" in result.text


INSIDE = (
    HEAD
    + DEFAULTS
    + """\
confirmations:
  map: {by: bea, on: 2026-01-01, why: By hand.}
  review-2026-11-28: {by: anna, on: 2026-11-28, why: Gone through with the shop.}
  review-2026-11-28-2:
    by: anna
    on: 2026-11-28
    why: Looked again.

tables:
  customer:  # people
    subject: {customer_id: customer_id}
    purposes: [sale]
    confirmed:
      - {in: map, columns: [city]}
      - {in: review-2026-11-28, columns: [seen_at,
                                          email]}
      - {in: review-2026-11-28-2, columns: [customer_id]}
    columns:
      customer_id: {origin: assigned}
      email: {origin: provided, proposed: {confidence: 0.9, because: the name}}
      city: {origin: provided}
  visit:
    subject: {customer_id: customer_id}
    purposes: [sale]
    confirmed:
      - {in: review-2026-11-28, columns: [customer_id]}
    columns: {customer_id: {origin: assigned}}
"""
)


def test_what_reviews_wrote_inside_is_taken_over_and_says_the_same(tmp_path: Path) -> None:
    folder = map_folder(tmp_path, INSIDE)
    before = load(folder)
    result = command(folder, "take-over")
    assert "4 confirmations moved: shop.yml, shop.confirmed.yml." in result.text
    after = load(folder)
    for name, table in before.sources["shop"].tables.items():
        assert after.sources["shop"].tables[name].columns == table.columns
    assert not after.lapsed
    text = (folder / "shop.yml").read_text()
    assert "review-" not in text and "# people" in text and "- {in: map, columns: [city]}" in text
    assert text.count("confirmed:") == 1, "the list of which nothing is left is gone"
    assert "There is nothing to move" in command(folder, "take-over").text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[customer_id]}\n    columns: {", "[customer_id]}  # ask Jan\n    columns: {"),
        ("    confirmed:\n      - {in: review-2026-11-28, columns: [customer_id]}\n",
         "    confirmed: [{in: review-2026-11-28, columns: [customer_id]}]\n"),
    ],
)  # fmt: skip
def test_what_shares_a_line_stays_and_counts(tmp_path: Path, old: str, new: str) -> None:
    assert INSIDE.count(old) == 1
    folder = map_folder(tmp_path, INSIDE.replace(old, new))
    found = take_over(folder)
    assert (found.columns, found.left) == (3, ("shop.yml: visit",))
    assert new in (folder / "shop.yml").read_text()
    assert load(folder).sources["shop"].tables["visit"].columns["customer_id"].decided is not None


def test_nothing_is_moved_where_the_map_would_say_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = map_folder(tmp_path, INSIDE)

    def wrong(name: str, confirmed: dict[str, Any]) -> bytes:
        return as_file(name, {**confirmed, "tables": {}})

    monkeypatch.setattr("afschrift.datamap.review.take_over.as_file", wrong)
    with pytest.raises(ConfigurationError, match="Nothing was moved"):
        take_over(folder)
    assert (folder / "shop.yml").read_text() == INSIDE
    assert not (folder / "shop.confirmed.yml").exists()
