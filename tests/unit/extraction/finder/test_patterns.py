"""The spans of addresses and numbers are exactly what was planted, and look-alikes are left alone."""

import time
import unicodedata
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.data import document, lines

from afschrift.domain.redaction import Pointer, PointerKind, TablePointers
from afschrift.extraction.finder.patterns import MAY_MATCH, Span, add_spans, spans
from afschrift.extraction.finder.person_names import NameIndex
from afschrift.extraction.finder.text import OwnData, People, TextFinder

PLANTED = [(line["text"], line["kind"]) for line in lines(str(Path(__file__).parent), "planted.tsv")]
IBANS = [text for text, kind in PLANTED if kind == "iban"]
_WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Nd", "Nl", "No"), exclude_characters="@+"), max_size=40
)
_EDGES = (
    st.sampled_from(["", " ", "\n", ", ", " \t", "«", "😀 ", " ("]),
    st.sampled_from(["", " ", "\n", ", ", ". ", "»", "! "]),
)


def found(text: str, region: str = "NL") -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.kind.value) for span in spans(text, region)]


@given(_WORDS, _WORDS, *_EDGES)
@example("", "", "", "")
@example("bel ", " of mail", " ", ". ")
def test_a_span_is_what_was_planted(before: str, after: str, opens: str, closes: str) -> None:
    for planted, kind in PLANTED:
        around = f"{opens}{planted}{closes}"
        assert found(f"{before} {around} {after}" if before or after else around) == [(planted, kind)]


@given(st.lists(st.sampled_from(PLANTED), min_size=1, max_size=6), st.data())
def test_all_patterns_are_found_in_order(planted: list[tuple[str, str]], data: st.DataObject) -> None:
    between = st.sampled_from([" en ", "; ", "\n\n", " - dan weer - ", ", of anders "])
    text = "".join(part for piece, _ in planted for part in (data.draw(between), piece))
    assert found(text) == planted


@pytest.mark.parametrize(
    "text",
    [
        "order 2012345678 en ORD-0612345678, #0612345678, 2024/0612345678",
        "€ 1.234.567,89 of 12.345.678,00 of 1 234 567.89 EUR",
        "2024-11-25 10:15:33, 25-11-2024, 12-03-2024 13:45 tot 14-03-2024, 2024-11-25T10:15:33.123456Z",
        "Canon EOS R50 18-45mm, iPhone 15 Pro Max 256GB, XL12 3456 7890 ABCD, RTX4090-24GB-0123",
        "EAN 8712345678906, ISBN 978-90-274-3964-2",
        "NL91ABNA0417164301 en NL91 ABNA 0417 1643 0, BE71 0961 2345 6760",  # wrong check digits or length
        "111222334, 1234567890123, 123456782-1, 1.123456782, 000000000",
        "@handle, a@b, a@@b.nl, x@1.2.3.4, naam@bedrijf, @b.nl, a.@b.nl",
        "bel 0800-1234 of 112, postcode 1234 AB 12, versie 10.12.345.6789",
        "192.168.100.200, 6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f, 0x0612345678",
    ],
)
def test_look_alikes_are_no_finds(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("address", ["jérôme@x.nl", "andré@x.nl", "Ẹ̀ṣọ́@bücher.example", "हिन्दी@डाटामेल.भारत"])
def test_an_address_has_its_marks_and_one_value_however_it_is_composed(form: str, address: str) -> None:
    written = unicodedata.normalize(form, address)  # type: ignore[arg-type]
    [span] = spans(f"Van: <{written}>.", "NL")
    assert (span.start, span.end) == (6, 6 + len(written))
    assert span.value == unicodedata.normalize("NFC", address).casefold()


def test_the_marks_do_not_count_to_the_length_of_the_local_part() -> None:
    written = "e\u0301" * 64 + "@x.nl"
    assert found(f"aan {written}") == [(written, "email")]


def test_numbers_are_read_as_of_the_controllers_country() -> None:
    assert found("0471 12 34 56", "BE") == [("0471 12 34 56", "phone")]
    assert found("0471 12 34 56", "NL") == []
    assert found("111222333", "BE") == []  # a citizen service number is Dutch


def test_the_same_value_however_it_is_written() -> None:
    values = {span.value for text in ("06-12345678", "+31 6 12345678") for span in spans(text, "NL")}
    assert values == {"+31612345678"}
    values = {span.value for text in IBANS[:3] for span in spans(text, "NL")}
    assert values == {"NL91ABNA0417164300"}
    assert spans("A@Example.NL", "NL")[0].value == "a@example.nl"


@given(_WORDS, st.sampled_from(PLANTED), _WORDS)
def test_a_quick_look_misses_none(before: str, planted: tuple[str, str], after: str) -> None:
    assert pl.Series([f"{before} {planted[0]} {after}"]).str.contains(MAY_MATCH).to_list() == [True]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=12), st.integers(0, 12))
def test_the_first_of_overlapping_spans_stays(ranges: list[tuple[int, int]], cut: int) -> None:
    made = [Span(at, at + long, PointerKind.NAME, "") for at, long in ranges]
    kept: list[Span] = []
    for span in (first := sorted(made[:cut])) + (then := sorted(made[cut:])):
        if not any(span.start < other.end and other.start < span.end for other in kept):
            kept.append(span)
    assert add_spans(add_spans([], first), then) == sorted(kept)


@pytest.mark.timeout(20)
def test_many_spans_take_no_longer_than_their_number_says() -> None:
    """Were each held against each, it would take days."""
    for first, then in ((0, 0), (0, 2), (1, 0)):
        found = [Span(at, at + 2, PointerKind.EMAIL, "") for at in range(first, 400_000, 4)]
        more = (Span(at, at + 2, PointerKind.NAME, "") for at in range(then, 400_000, 4))
        assert len(add_spans(found, more)) == (200_000 if then == 2 else 100_000)


def test_long_texts_take_no_longer_than_their_length_says() -> None:
    """Were it by the square of the length, each of these would take minutes."""
    texts = ("a@" * 50_000, "NL91 " * 10_000, "1 " * 50_000, "a.b-c_" * 25_000 + "@", "x@" + "a." * 50_000)
    texts += ("a@b.nl " * 50_000, ("e" + "\u0301" * 50_000) * 2 + "@x" + "\u0301" * 50_000)
    began = time.process_time()
    for text in texts:
        spans(text, "NL")
    assert time.process_time() - began < 20


PEOPLE = People(
    NameIndex(["Ann", "Bob", "Tafel"]),
    OwnData.of(["ann@example.org", "+31 6 12345678", "NL91ABNA0417164300", "111222333"], ["Ann"], "NL"),
    ("hr.staff",),
)


def batch(*texts: str | None, other: str = "") -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {"body": pa.array(texts, pa.string()), "note": pa.array([other] * len(texts), pa.string())}
    )


def finder(most: int = 1_000, masked: Collection[str] = ()) -> TextFinder:
    return TextFinder(["body"], "NL", lambda: PEOPLE, most, masked=set(masked))


@pytest.mark.parametrize(
    "case", document(str(Path(__file__).parent), "free_texts.json"), ids=lambda case: case["case"]
)
def test_each_row_of_all_batches_is_looked_through(case: dict[str, Any]) -> None:
    looking = finder(masked=case.get("masked", ()))
    for texts in case["batches"]:
        looking.take(batch(*texts, other="Bob"))
    expected = [Pointer(row, "body", at, at + len(text), kind) for row, at, text, kind in case["found"]]
    counts = Counter(kind for *_, kind in case["found"])
    assert looking.found() == TablePointers(tuple(expected), dict(counts), ("hr.staff",))


def test_the_pointers_are_bounded_and_all_are_counted() -> None:
    looking = finder(most=3)
    looking.take(batch(*["Bob en Tafel"] * 4))
    looking.take(batch(*["Bob"] * 5))
    found = looking.found()
    assert [(p.row, p.start) for p in found.pointers] == [(1, 0), (1, 7), (2, 0)]
    assert (found.counts, found.total) == ({"name": 13}, 13)


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
