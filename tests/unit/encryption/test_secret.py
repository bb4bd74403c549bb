"""The words of an encrypted file: what the lists are, what is chosen, and what a person may type."""

from __future__ import annotations

import math
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.errors import RefusedError
from afschrift.encryption import secret

LANGUAGES = st.sampled_from(["nl", "en"])


@pytest.mark.parametrize("language", ["nl", "en"])
def test_list_has_4096_short_words_that_four_letters_tell_apart(language: str) -> None:
    words = secret.words_of(language)
    assert math.log2(len(words)) * secret.WORDS == 72
    assert len({word[:4] for word in words}) == len(set(words)) == len(words)
    assert all(3 <= len(word) <= 8 and word.isascii() and word.isalpha() and word.islower() for word in words)


@given(LANGUAGES, st.lists(st.integers(0, 4095), min_size=6, max_size=6))
def test_draw_takes_each_word_from_its_list(language: str, indexes: list[int]) -> None:
    words, chosen = secret.words_of(language), iter(indexes)
    with patch("secrets.choice", lambda options: options[next(chosen)]):
        assert secret.draw(language).split(" ") == [words[index] for index in indexes]


@given(LANGUAGES, st.data())
def test_read_forgives_capitals_blanks_hyphens_and_endings(language: str, data: st.DataObject) -> None:
    chosen = " ".join(data.draw(st.lists(st.sampled_from(secret.words_of(language)), min_size=6, max_size=6)))
    between = st.text(" -\t\n.,", min_size=1, max_size=3)
    typed = data.draw(st.text(" \n", max_size=2))
    for word in chosen.split():
        kept = data.draw(st.integers(min(4, len(word)), len(word)))
        letters = [letter.upper() if data.draw(st.booleans()) else letter for letter in word[:kept]]
        typed += "".join(letters) + data.draw(between)
    assert secret.read(typed, language) == chosen


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "These are 0 words"),
        ("{0} {1} {2} {3} {4}", "These are 5 words"),
        ("{0} {1} qqqq {3} zzzz {5}", "number 3, 5"),
        ("{0} {1} {2} {3} {4} xyz", "number 6"),
    ],
)
def test_read_names_the_place_of_what_is_no_word_and_never_the_word(typed: str, message: str) -> None:
    chosen = secret.draw("nl").split()
    with pytest.raises(RefusedError) as refused:
        secret.read(typed.format(*chosen), "nl")
    assert message in str(refused.value)
    assert not any(word in str(refused.value).split() for word in (*chosen, "qqqq", "zzzz"))
