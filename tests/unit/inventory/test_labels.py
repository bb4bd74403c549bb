"""Which way leads from a number to the words of a row, and what may not be such words."""

from pathlib import Path

import pytest
from tests.support.rental import TEXT, write_map

from afschrift.domain.sources import ForeignKey
from afschrift.inventory.joins import labelled_ways, reference_id, tie_columns
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile


def source(folder: Path, *changes: tuple[str, str]) -> SourceFile:
    text = TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return load(write_map(folder, text)).sources["rental"]


def ways(of: SourceFile, table: str, *keys: ForeignKey) -> list[str]:
    return [reference_id(table, hop) for hop in labelled_ways(of, table, keys)]


RENTAL = [
    "rental(store_id,copy_no)->copy(store_id,copy_no)",
    "rental(sent_to)->address(address_id)",
    "rental(taste_id)->taste(taste_id)",
    "rental(rented_from)->staff(staff_id)",
    "rental(returned_to)->staff(staff_id)",
    "rental(film_id)->film(film_id)",
]


def test_look_ups_references_roles_and_composite_keys(tmp_path: Path) -> None:
    rental = source(tmp_path)
    assert sorted(ways(rental, "rental")) == sorted(RENTAL)
    assert ways(rental, "rental")[0] == RENTAL[0], "a key of two columns says more than one of them"
    assert ways(rental, "category") == ["category(parent_id)->category(category_id)"]
    assert ways(rental, "film") == ["film(category_id)->category(category_id)"], (
        "and not to what points to it"
    )
    assert ways(rental, "customer") == []


def test_join_by_key_labels_a_row_and_join_to_many_does_not(tmp_path: Path) -> None:
    rental = source(tmp_path / "a", ("key: [rental_id]\n", "key: [rental_id]\n    label: score\n"))
    assert "film(film_id)->rental(film_id)" not in ways(rental, "film"), "a film has many rentals"
    lines = "join: {film_id: rental.film_id}\n    key: [film_id]\n    label: title"
    child = source(
        tmp_path / "b",
        (lines, "join: {rating: rental.rental_id}\n    key: [film_id]"),
        ("key: [rental_id]\n", "key: [rental_id]\n    label: score\n"),
    )
    assert "film(rating)->rental(rental_id)" in ways(child, "film")


def test_a_column_that_ways_lead_from_to_several_tables_names_no_row(tmp_path: Path) -> None:
    """A comment of a film or of a person: the number alone does not identify it."""
    either = (
        "references: {sent_to: address.address_id, taste_id: taste.taste_id}",
        "join: [{film_id: film.film_id}, {film_id: copy.copy_no}]",
    )
    copies = ("key: [store_id, copy_no]\n", "key: [copy_no]\n")
    several = source(tmp_path, either, copies)
    assert not [way for way in ways(several, "rental") if way.startswith("rental(film_id)")]
    keyless = source(
        tmp_path / "keyless", either, ("key: [store_id, copy_no]\n    label: [name, holds]", "key: []")
    )
    assert not [way for way in ways(keyless, "rental") if way.startswith("rental(film_id)")]
    key = ForeignKey("rental", ("film_id",), "film", ("film_id",))
    assert "rental(film_id)->film(film_id)" in ways(several, "rental", key), (
        "what the database declares holds"
    )


def test_alternative_joins_of_one_column_label_no_row(tmp_path: Path) -> None:
    """A row goes by the film of this number, or by the tape of this number in its store."""
    lines = "references: {sent_to: address.address_id, taste_id: taste.taste_id}\n    key: [rental_id]"
    join = "join: [{copy_no: film.film_id}, {store_id: copy.store_id, copy_no: copy.copy_no}]"
    rental = source(
        tmp_path,
        (lines, f"{join}\n    key: [rental_id]"),
        ("    join: {film_id: rental.film_id}\n", "    subject: {customer_id: rating}\n"),
        (
            "    join: {store_id: rental.store_id, copy_no: rental.copy_no}\n",
            "    subject: {customer_id: name}\n",
        ),
    )
    assert not [way for way in ways(rental, "rental") if "->film" in way or "->copy" in way]


def test_a_foreign_key_of_the_database_counts(tmp_path: Path) -> None:
    bare = source(
        tmp_path,
        ("references: {parent_id: category.category_id}\n    ", ""),
        (", {category_id: category.parent_id}", ""),
    )
    assert ways(bare, "category") == []
    key = ForeignKey("category", ("parent_id",), "category", ("category_id",))
    assert ways(bare, "category", key) == ["category(parent_id)->category(category_id)"]
    elsewhere = ForeignKey("category", ("parent_id",), "archive", ("id",))
    assert ways(bare, "category", elsewhere) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "title: {origin: observed, title: {nl: Titel, en: Title}}",
            "title: {origin: observed, review: needed}",
        ),
        (
            "      film_id: {origin: observed}\n      store_id",
            "      film_id: {origin: observed, review: needed}\n      store_id",
        ),
        ("title: {nl: Films, en: Films}", "title: {nl: Films, en: Films}\n    review: needed"),
        ("title: {nl: Films, en: Films}", "title: {nl: Films, en: Films}\n    ways: guessed"),
    ],
    ids=["its words", "what points", "all of the table", "its ways"],
)
def test_what_is_only_proposed_names_no_row(old: str, new: str, tmp_path: Path) -> None:
    assert "rental(film_id)->film(film_id)" not in ways(source(tmp_path, (old, new)), "rental")


def test_a_pointer_to_a_table_of_the_controllers_own_words_ties_nothing(tmp_path: Path) -> None:
    """Portability gives no row of such a table, so that its number would lead nowhere."""
    observed = "    columns:\n      category_id: {origin: observed}\n      name: {origin: observed}\n"
    assigned = observed.replace("observed", "assigned")
    own = source(
        tmp_path, (observed, assigned), ("parent_id: {origin: observed}", "parent_id: {origin: assigned}")
    )
    assert "category_id" in tie_columns(source(tmp_path / "observed"), "film")
    assert "category_id" not in tie_columns(own, "film")
