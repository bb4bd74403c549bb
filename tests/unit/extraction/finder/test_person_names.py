"""Names are found by whole words and with their capitals, whatever surrounds them."""

import unicodedata
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.data import document

from afschrift.extraction.finder.person_names import NameIndex, own_words

NAMES = document(str(Path(__file__).parent), "names.json")
KNOWN: list[str] = NAMES["known"]
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


@pytest.mark.parametrize("case", NAMES["cases"], ids=lambda case: case["text"][:40])
def test_whole_words_with_their_capitals_are_names_but_the_persons_own(case: dict[str, Any]) -> None:
    index = NameIndex(case["known"]) if "known" in case else INDEX
    assert found(case["text"], index, tuple(case.get("own", ()))) == case["found"]


def test_a_row_with_a_decomposed_name_is_found_by_a_quick_look() -> None:
    assert list(INDEX.rows(pl.Series([unicodedata.normalize("NFD", "Özlem")]))) == [0]


def test_values_that_are_no_names_are_not_searched_for() -> None:
    index = NameIndex(
        ["X", "", "-", "A1", "12", "een twee drie vier vijf zes zeven", "Best", "Bos"], ["best"]
    )
    assert len(index) == 1
    assert found("Best, X, A1 en Bos", index) == ["Bos"]
    assert list(NameIndex(()).rows(pl.Series(["Jan"]))) == []


def test_many_names_do_not_slow_it_down() -> None:
    names = [f"Naam{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(15_000)]
    text = "De Naam van Jan " * 20_000
    assert len(found(text, NameIndex([*names, "Jan"]))) == 20_000
