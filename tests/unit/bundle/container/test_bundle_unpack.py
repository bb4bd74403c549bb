import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.bundle.bundle_example import SIGNER, STRANGER, Example
from tests.unit.bundle.bundle_tampering import files_of, zipped

from afschrift.bundle.container.layout import collisions, is_safe
from afschrift.bundle.container.verify import unpack
from afschrift.domain.errors import BundleError, ConfigurationError
from afschrift.domain.notation import key_id

TRUSTED = {key_id(SIGNER.public_key): SIGNER.public_key}


def packed(folder: Path, bundle: bytes) -> Path:
    path = folder / "bundle.zip"
    path.write_bytes(bundle)
    return path


def test_a_bundle_unpacks_to_what_was_packed(tmp_path: Path) -> None:
    bundle = Example().zip()
    into = unpack(packed(tmp_path, bundle), tmp_path / "out", TRUSTED)
    found = {p.relative_to(into).as_posix(): p.read_bytes() for p in into.rglob("*") if p.is_file()}
    assert found == files_of(bundle)
    assert {p.name for p in tmp_path.iterdir()} == {"bundle.zip", "out"}
    with pytest.raises(ConfigurationError, match="already there"):
        unpack(packed(tmp_path, bundle), tmp_path / "out", TRUSTED)


@pytest.mark.parametrize(
    ("bundle", "reason"),
    [
        (Example().zip(STRANGER), "not trusted"),
        (zipped(files_of(Example().zip()) | {"extra": b""}), "extra: This file was added"),
        (zipped({"../../evil": b""}), "evil: This name"),
        (b"no ZIP", "neither a ZIP file"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(bundle: bytes, reason: str, tmp_path: Path) -> None:
    path = packed(tmp_path, bundle)
    with pytest.raises(BundleError, match=reason):
        unpack(path, tmp_path / "out", TRUSTED)
    assert [p.name for p in tmp_path.iterdir()] == ["bundle.zip"]


def test_a_stranger_s_bundle_can_be_accepted(tmp_path: Path) -> None:
    path = packed(tmp_path, Example().zip(STRANGER))
    into = unpack(path, tmp_path / "out", TRUSTED, accept_untrusted=True)
    assert (into / "index.html").is_file()


UNSAFE = [
    *("", "/a", "a//b", "a/", "../a", "a/../b", "./a", "a\\b", "C:a", "a\0b", "a\nb", "a\u202eb", "a.", "a "),
    *("nul", "COM1.txt", "a/aux.csv", "e\u0301.csv", "\ud800", "a" * 256, "a*", 'a"b'),
]
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
