"""A masked value shows its form, and no letter, number or picture of it in whatever script."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import one_shop, profile_shop

from afschrift.datamap.review.groups import Group, Place
from afschrift.datamap.review.review_samples import masked, samples
from afschrift.inventory.load import load


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


@pytest.mark.parametrize(
    ("document", "path", "shown"),
    [
        ("{}", "[profile, address, city]", True),
        ("{}", "[profile, passwords, city]", False),
        ("{}", "[profile, address, pin_code]", False),
        ("{protect: secret}", "[profile, address, city]", False),
    ],
)
def test_a_member_is_a_secret_by_its_path_or_its_document(
    document: str, path: str, *, shown: bool, tmp_path: Path
) -> None:
    """Its own name in the data map is ours, and says nothing of what is there."""
    one_shop.in_sqlite(tmp_path / "shop.sqlite", profile_shop.tables())
    more = f"options: {{path: {tmp_path / 'shop.sqlite'}}}"
    folder = profile_shop.write_inventory(tmp_path / "map", "sqlite", more, document)
    text = (folder / "shop.yml").read_text()
    (folder / "shop.yml").write_text(text.replace("[profile, address, city]", path))
    asked = Group("profile_city", {}, (Place("shop", "visit", "profile_city"),))
    [found] = samples(load(folder), asked)
    assert found.why == ("" if shown else "a secret is not shown")
    assert bool(found.values) is shown
