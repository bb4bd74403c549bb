"""A table's free text is looked through row by row, over all its batches, in bounded size."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest

from afschrift.domain.redaction import Pointer, TablePointers
from afschrift.extraction.finder.person_names import NameIndex
from afschrift.extraction.finder.text import OwnData, People, TextFinder

PEOPLE = People(
    NameIndex(["Ann", "Bob", "Tafel"]),
    OwnData.of(["ann@example.org", "+31 6 12345678", "NL91ABNA0417164300", "111222333"], ["Ann"], "NL"),
    ("hr.staff",),
)

MASKED = People(NameIndex(["Bob"]))


def batch(*texts: str | None, other: str = "") -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {"body": pa.array(texts, pa.string()), "note": pa.array([other] * len(texts), pa.string())}
    )


def finder(most: int = 1_000) -> TextFinder:
    return TextFinder(["body"], "NL", lambda: PEOPLE, most)


def test_rows_are_numbered_over_all_batches() -> None:
    looking = finder()
    looking.take(batch("niets", None, "vraag Bob"))
    looking.take(batch("", "mail bob@example.org, Tafel", other="Bob"))
    assert looking.found() == TablePointers(
        (
            Pointer(3, "body", 6, 9, "name"),
            Pointer(5, "body", 5, 20, "email"),
            Pointer(5, "body", 22, 27, "name"),
        ),
        {"email": 1, "name": 2},
        ("hr.staff",),
    )


def test_code_points_are_counted_not_bytes() -> None:
    looking = finder()
    text = "👩🏽‍🚀 é: 06-87654321 en Bob"
    looking.take(batch(text))
    assert [text[p.start : p.end] for p in looking.found().pointers] == ["06-87654321", "Bob"]


def test_the_persons_own_data_is_not_pointed_out() -> None:
    looking = finder()
    looking.take(batch("ik ben Ann, ANN@example.org, 0612345678, NL91 ABNA 0417 1643 00, 1112.22.333"))
    assert looking.found() == TablePointers((), {}, ("hr.staff",))


def test_the_pointers_are_bounded_and_all_are_counted() -> None:
    looking = finder(most=3)
    looking.take(batch(*["Bob en Tafel"] * 4))
    looking.take(batch(*["Bob"] * 5))
    found = looking.found()
    assert [(p.row, p.start) for p in found.pointers] == [(1, 0), (1, 7), (2, 0)]
    assert (found.counts, found.total) == ({"name": 13}, 13)


def test_a_name_in_an_address_is_no_find() -> None:
    looking = finder()
    looking.take(batch("Bob.Tafel@example.org"))
    assert [p.kind for p in looking.found().pointers] == ["email"]


def test_a_value_that_is_a_mask_as_a_whole_is_no_find() -> None:
    looking = TextFinder(["body"], "NL", lambda: MASKED, masked={"body"})
    looking.take(batch("[masked 0612beef]", "[masked]", "[masked] Bob", "[masked]\nBob", "[masked]Bob"))
    assert looking.found().total == 0


@pytest.mark.parametrize("masked", [(), ("body",)])
def test_a_text_that_begins_with_a_mask_is_looked_through(masked: tuple[str, ...]) -> None:
    looking = TextFinder(["body"], "NL", lambda: PEOPLE, masked=masked)
    looking.take(batch("[masked] zei: bel Bob, 06-87654321", "[masked 0612beef] en Bob", "[masked]\nen Bob"))
    assert [(p.row, p.kind) for p in looking.found().pointers] == [
        (1, "name"),
        (1, "phone"),
        (2, "name"),
        (3, "name"),
    ]


def test_a_column_without_masks_has_no_mask_that_hides_a_name() -> None:
    looking = finder()
    looking.take(batch("[masked] Bob"))
    assert looking.found().counts == {"name": 1}


def test_an_own_address_is_known_however_it_is_composed() -> None:
    for key, text in (("NFC", "NFD"), ("NFD", "NFC")):
        own = OwnData.of([unicodedata.normalize(key, "andré@x.nl")], [], "NL")  # type: ignore[arg-type]
        looking = TextFinder(["body"], "NL", lambda own=own: People(own=own))  # type: ignore[misc]
        looking.take(batch(unicodedata.normalize(text, "André@x.nl en jérôme@x.nl")))  # type: ignore[arg-type]
        assert looking.found().total == 1


def test_a_finder_begins_again_at_the_first_row() -> None:
    looking = finder()
    looking.take(batch("Bob"))
    looking.begin()
    looking.take(batch("Bob"))
    assert [p.row for p in looking.found().pointers] == [1]


def test_without_texts_no_person_is_read() -> None:
    def people() -> People:
        raise AssertionError("the people were read")

    looking = TextFinder(["body"], "NL", people)
    looking.take(batch(None, ""))
    assert looking.found() == TablePointers()
