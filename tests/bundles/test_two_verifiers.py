"""`afschrift-bundles` and `afschrift verify`, written apart from docs/bundle.md, judge every changed bundle alike."""

import base64
import io
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.zips.kinds import FREE, GROUPS, made
from tests.support.zips.small import BUNDLE, TRUSTED
from tests.unit.bundle.bundle_example import ROOT, SIGNER, STRANGER, Example
from tests.unit.bundle.bundle_tampering import manifests, signed, zipped
from tests.unit.bundle.container.test_bundle_verify import CSV, FILES, GOOD, TAMPERED, described, members
from tests.unit.bundle.container.test_zip_matrix import mutant

from afschrift.bundle.container.layout import is_safe
from afschrift.bundle.container.verify import verify as verify_in_product
from afschrift_bundles import UnusableBundleError, open_bundle
from afschrift_bundles.archive import ZippedBundle, _is_name
from afschrift_bundles.verify import verify

KEY = base64.b64encode(SIGNER.public_key).decode()
PEM = Ed25519PublicKey.from_public_bytes(SIGNER.public_key).public_bytes(
    Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
)


def reason(bundle: bytes, key: str | None = None) -> str:
    """Why it is refused; empty where it is whole."""
    try:
        verify(ZippedBundle(io.BytesIO(bundle)), key)
    except UnusableBundleError as error:
        return error.reason
    return ""


def test_every_kind_of_changed_container_is_judged_alike(tmp_path: Path) -> None:
    kinds = {kind: made(group, kind) for group, of_group in GROUPS.items() for kind in of_group}
    assert {kind for kind, bundle in kinds.items() if not reason(bundle)} == FREE
    assert {reason(bundle, KEY) for kind, bundle in kinds.items() if kind not in FREE} == {"damaged"}
    path = tmp_path / "bundle.zip"
    for number in range(400):
        path.write_bytes(bundle := mutant(number))
        in_product = verify_in_product(path, TRUSTED).exit_code == 0
        assert (not reason(bundle, KEY)) == in_product, number


NAMES = (
    f"{ROOT}/../../evil",
    "/etc/evil",
    f"{ROOT}/empty/",
    f"{ROOT}/readme.TXT",
    f"{ROOT}/README.txt/evil",
    "other/file",
    "evil",
)
LIES = ({"hash": "sha256:" + "0" * 64}, {"bytes": 1}, {"path": "../bag-info.txt"}, {"path": "shop/customer.csv"}, {"afschrift:rows": 8}, {"afschrift:table": "ordres"}, {"afschrift:source": None})  # fmt: skip


def test_every_kind_of_changed_content_is_judged_alike() -> None:
    assert reason(GOOD) == reason(GOOD, KEY) == reason(zipped(described({})), KEY) == ""
    assert reason(zipped(FILES, "afschrift-req-999999999999/")) == "damaged"
    assert reason(Example().zip(STRANGER), KEY) == "other_signer"
    assert reason(Example().zip(STRANGER)) == ""
    found = {name: reason(zipped(files), KEY) for name, files, _ in TAMPERED}
    assert found.pop("another format") == "newer"
    assert set(found.values()) == {"damaged"}
    assert {reason(members({name: b"evil"})) for name in NAMES} == {"damaged"}
    assert {reason(zipped(described(lie)), KEY) for lie in LIES} == {"damaged"}
    fewer = FILES[CSV].removesuffix(FILES[CSV].splitlines(keepends=True)[-1])
    assert reason(zipped(signed(manifests(FILES | {CSV: fewer}), SIGNER)), KEY) == "damaged"
    assert {reason(bundle) for bundle in (b"", b"hello", zipped({}), zipped({"x": b""}))} == {"damaged"}


def test_every_name_of_a_part_is_judged_alike() -> None:
    for part in (
        "con .txt",
        "CON.txt",
        "con",
        "aux.a.b",
        " con",
        "com0",
        "com9.",
        "nul . x",
        "a ",
        "...",
        "lpt1",
        "a",
    ):
        assert _is_name(f"x/{part}") == is_safe(f"x/{part}"), part


def test_an_unpacked_bundle_is_opened_and_an_addition_found(tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(BUNDLE)).extractall(tmp_path)
    pem = tmp_path / "key.pem"
    pem.write_bytes(PEM)
    renamed = (tmp_path / ROOT).rename(tmp_path / "mine")
    for key in (pem, str(pem), pem.read_text(), KEY):
        assert open_bundle(renamed, key).verdict.startswith("whole, signed by key ")
    assert "signer unknown" in repr(open_bundle(renamed))
    (renamed / "data" / "link").symlink_to(pem)
    with pytest.raises(UnusableBundleError, match="a link or a device"):
        open_bundle(renamed)
    (renamed / "data" / "link").unlink()
    (renamed / "data" / "extra.csv").write_text("a\r\n")
    with pytest.raises(UnusableBundleError, match=r"data/extra.csv does not belong to it. Take it out"):
        open_bundle(renamed)
