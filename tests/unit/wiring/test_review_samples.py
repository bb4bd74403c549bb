"""A masked value shows its form, and no letter, number or picture of it in whatever script."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.wiring.review_samples import masked


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("Ann O'Neil, 12-b <ann@example.org>", "xxx x'xxxx, 99-x <xxx@xxxxxxx.xxx>"),
        ("€ 1.250,50 + 3", "€ 9.999,99 + 9"),
        ("हिन्दी", "xxxxxx"),  # vowel signs
        ("e\u0301le\u0300ve", "xxxxxxx"),  # accents written apart
        ("Ⅻ ½ ٣ ²", "9 9 9 9"),
        ("👩🏽\u200d🔬 ♥ ⠓", "xxxx x x"),  # with the colour of the skin, and Braille
        ("\ue000\u0378", "xx"),  # signs of private use, and such as are not assigned yet
    ],
)
def test_the_form_alone_is_shown(value: str, form: str) -> None:
    assert masked(value) == form


@given(st.text())
def test_what_stays_says_nothing(value: str) -> None:
    kept = {old for old, new in zip(value, masked(value), strict=True) if old == new} - {"x", "9"}
    assert {unicodedata.category(char)[0] for char in kept} <= {"P", "Z", "S"}
    assert not {unicodedata.category(char) for char in kept} & {"So", "Sk"}
