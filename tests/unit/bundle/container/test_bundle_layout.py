from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.bundle.container.layout import collisions, is_safe

UNSAFE = [
    "",
    "/a",
    "a//b",
    "a/",
    "../a",
    "a/../b",
    "./a",
    "a\\b",
    "C:a",
    "a\0b",
    "a\nb",
    "a\u202eb",
    "a.",
    "a ",
]
UNSAFE += ["nul", "COM1.txt", "a/aux.csv", "e\u0301.csv", "\ud800", "a" * 256, "a*", 'a"b']
SAFE = ["a", "data/shop/orders.csv", "data/Übersicht/klant e-mail.csv", ".x", "a" * 255]


@pytest.mark.parametrize(
    ("path", "safe"), [*((path, False) for path in UNSAFE), *((path, True) for path in SAFE)]
)
def test_safe_paths(path: str, safe: bool) -> None:
    assert is_safe(path) is safe


@given(st.text(st.characters() | st.sampled_from("./\\:"), max_size=20))
def test_a_safe_path_stays_inside_on_both_kinds_of_system(path: str) -> None:
    if is_safe(path):
        for kind in (PurePosixPath, PureWindowsPath):
            pure = kind(path)
            assert not pure.is_absolute()
            assert not pure.drive
            assert ".." not in pure.parts
        assert unicodedata.is_normalized("NFC", path)


@pytest.mark.parametrize(
    "paths",
    [["a", "a"], ["A", "a"], ["é", "e\u0301"], ["ß", "SS"], ["a", "a/b"], ["a/b", "A"], ["x/ﬁ", "x/fi"]],
)
def test_collisions(paths: list[str]) -> None:
    assert list(collisions(paths)) == [paths[1]]
    assert list(collisions(["a/b", "a/c", "ab", "b/a", "a.b"])) == [], "neighbours do not"
