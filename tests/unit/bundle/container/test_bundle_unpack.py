from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.bundle.bundle_example import SIGNER, STRANGER, Example
from tests.unit.bundle.bundle_tampering import files_of, zipped

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


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigurationError, match="already there"):
        unpack(packed(tmp_path, Example().zip()), tmp_path / "out", TRUSTED)
