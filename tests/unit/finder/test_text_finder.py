"""A table's free text is looked through row by row, over all its batches, in bounded size."""

from __future__ import annotations

import pyarrow as pa

from afschrift.core.pointer import Found, Pointer
from afschrift.finder.names import NameIndex
from afschrift.finder.text import Own, People, TextFinder

PEOPLE = People(
    NameIndex(["Ann", "Bob", "Tafel"]),
    Own.of(["ann@example.org", "+31 6 12345678", "NL91ABNA0417164300", "111222333"], ["Ann"], "NL"),
    ("hr.staff",),
)


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
    assert looking.found() == Found(
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


def test_what_is_the_persons_own_is_left_alone() -> None:
    looking = finder()
    looking.take(batch("ik ben Ann, ANN@example.org, 0612345678, NL91 ABNA 0417 1643 00, 1112.22.333"))
    assert looking.found() == Found((), {}, ("hr.staff",))


def test_the_pointers_are_bounded_and_all_are_counted() -> None:
    looking = finder(most=3)
    looking.take(batch(*["Bob en Tafel"] * 4))
    looking.take(batch(*["Bob"] * 5))
    found = looking.found()
    assert [(p.row, p.start) for p in found.pointers] == [(1, 0), (1, 7), (2, 0)]
    assert (found.counts, found.total) == ({"name": 13}, 13)


def test_a_mask_and_a_name_in_an_address_are_no_finds() -> None:
    looking = finder()
    looking.take(batch("[masked 06123456]", "[masked]", "[masked 06123456] en Bob", "Bob.Tafel@example.org"))
    assert [(p.row, p.kind) for p in looking.found().pointers] == [(4, "email")]


def test_it_begins_again() -> None:
    looking = finder()
    looking.take(batch("Bob"))
    looking.begin()
    looking.take(batch("Bob"))
    assert [p.row for p in looking.found().pointers] == [1]


def test_without_a_text_nobody_is_read() -> None:
    def people() -> People:
        raise AssertionError("the people were read")

    looking = TextFinder(["body"], "NL", people)
    looking.take(batch(None, ""))
    assert looking.found() == Found()
