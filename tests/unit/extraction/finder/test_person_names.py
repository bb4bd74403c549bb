"""Names are found by whole words and with their capitals, whatever surrounds them."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from afschrift.extraction.finder.person_names import NameIndex, own_words

KNOWN = (
    "Jan",
    "de Vries",
    "El Amrani",
    "Zoë",
    "Özlem",
    "van den Berg",
    "O'Brien",
    "Anne-Marie",
    "王伟",
    "Ng",
    "Çelik",
)
INDEX = NameIndex(KNOWN)
_OTHER = st.text(st.characters(categories=["Ll", "Po", "Zs", "Nd", "Sm"]), max_size=30)


def found(text: str, index: NameIndex = INDEX, own: tuple[str, ...] = ()) -> list[str]:
    return [text[span.start : span.end] for span in index.spans(text, own_words(own))]


@given(_OTHER, st.sampled_from(KNOWN), _OTHER)
@example("", "Jan", "")
def test_a_span_is_what_was_planted(before: str, name: str, after: str) -> None:
    text = f"{before} «{name}» {after}"
    assert found(text) == [name]
    assert list(INDEX.rows(pl.Series([before, text]))) == [1]


@given(st.text(max_size=60))
def test_a_quick_look_misses_none(text: str) -> None:
    if found(text):
        assert list(INDEX.rows(pl.Series([text]))) == [0]


@pytest.mark.parametrize(
    "text",
    [
        "Janssen, Jans, JAN, jan, Jan2, Jan_x, xJan",
        "de vries, Vries, De-vriesjes",
        "van den berg, Bergen",
        "zoë",
        "Zoe",
    ],
)
def test_other_words_are_no_names(text: str) -> None:
    assert found(text) == []


def test_a_name_may_be_written_otherwise() -> None:
    assert found("Mevrouw De Vries, Anne Marie, O’Brien, Anne‑Marie") == [
        "De Vries",
        "Anne Marie",
        "O’Brien",
        "Anne‑Marie",
    ]
    assert list(INDEX.rows(pl.Series([unicodedata.normalize("NFD", "Özlem")]))) == [0]
    assert found(f"{unicodedata.normalize('NFD', 'Zoë')} is Zoë's zus") == [
        unicodedata.normalize("NFD", "Zoë"),
        "Zoë",
    ]


def test_a_first_and_a_last_name_are_one_find() -> None:
    assert found("Jan de Vries en Özlem Çelik, Jan.\n\nDe Vries") == [
        "Jan de Vries",
        "Özlem Çelik",
        "Jan",
        "De Vries",
    ]


def test_small_letters_and_capitals_alone_are_looked_for_as_people_write() -> None:
    index = NameIndex(["piet", "BAKKER", "de boer"])
    assert found("Piet Bakker, Jan de Boer, De Boer; bakker, piet", index) == [
        "Piet Bakker",
        "de Boer",
        "De Boer",
    ]


def test_values_that_are_no_names_are_not_searched_for() -> None:
    index = NameIndex(
        ["X", "", "-", "A1", "12", "een twee drie vier vijf zes zeven", "Best", "Bos"], ["best"]
    )
    assert len(index) == 1
    assert found("Best, X, A1 en Bos", index) == ["Bos"]
    assert list(NameIndex(()).rows(pl.Series(["Jan"]))) == []


def test_names_of_relatives_are_pointed_out_and_the_persons_own_are_not() -> None:
    own = ("Jan", "de Vries")
    assert found("Jan de Vries, de heer De Vries, Jan", own=own) == []
    assert found("Zoë de Vries en Jan Çelik", own=own) == ["Zoë de Vries", "Jan Çelik"]


def test_a_person_known_by_a_whole_name_is_known_by_its_words() -> None:
    index = NameIndex(["Jan", "Jansen", "Piet Jansen", "Zoë", "ROBIN"])
    for own in ("Jan Jansen", "jan jansen", "JAN JANSEN", "Jansen, Jan"):
        text = "Jan Jansen, Jansen, Jan: Jan, JANSEN. Piet Jansen en Zoë Jansen"
        assert found(text, index, (own,)) == ["Piet Jansen", "Zoë Jansen"]
    assert found("Robin, Jan", index, ("Robin Best",)) == ["Jan"]


def test_many_names_do_not_slow_it_down() -> None:
    names = [f"Naam{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(15_000)]
    text = "De Naam van Jan " * 20_000
    assert len(found(text, NameIndex([*names, "Jan"]))) == 20_000
