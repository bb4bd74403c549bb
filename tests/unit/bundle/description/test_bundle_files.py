"""Uploaded files in a bundle: packed in their bytes, described, covered, verified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.bundle.bundle_example import SIGNER, Example
from tests.unit.bundle.bundle_tampering import files_of

from afschrift.bundle.container.report import Flaw
from afschrift.bundle.container.verify import verify
from afschrift.domain.extracted import MissingFile, Upload
from afschrift.domain.notation import key_id

ODD = '../"x": \u202e😀<script>.PNG'
PATH = "files/shop/orders/000003.png"


def with_file(missing: int = 1, held: int = 1) -> Example:
    example = Example()
    uploads = tuple(
        Upload(
            example.stage(PATH.replace("3", str(n)), "upload", b"\x89PNG", {}), "photo", n, "image/png", ODD
        )
        for n in range(3, 3 + held)
    )
    return example.read("orders", uploads=uploads, missing=(MissingFile("photo", 5, "not_found"),) * missing)


def test_a_file_is_packed_described_and_covered() -> None:
    files = files_of(with_file().zip())
    assert files[f"data/{PATH}"] == b"\x89PNG"
    resources = json.loads(files["data/datapackage.json"])["resources"]
    (described,) = [r for r in resources if r["path"] == PATH]
    assert described["type"] == "file"
    assert described["afschrift:file"] == {"column": "photo", "row": 3, "name": ODD}
    tables = json.loads(files["data/coverage.json"])["tables"]
    (orders,) = [t for t in tables if t["table"] == "orders"]
    assert orders["files"] == {"held": 1, "missing": [{"column": "photo", "row": 5, "reason": "not_found"}]}
    assert not any("files" in t for t in tables if t["table"] != "orders")


@pytest.mark.parametrize("counted", [0, 2])
def test_a_coverage_that_counts_other_files_is_refused(
    counted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = with_file()
    honest = example.zip()
    monkeypatch.setattr(
        "afschrift.bundle.description.coverage._files",
        lambda _, __, table: {"files": {"held": counted, "missing": []}} if table == "orders" else {},
    )
    trusted = {key_id(SIGNER.public_key): SIGNER.public_key}
    for name, content, expected in (("good", honest, set()), ("bad", example.zip(), {Flaw.FILES_DIFFER})):
        path = tmp_path / f"{name}.zip"
        path.write_bytes(content)
        assert {p.code for p in verify(path, trusted).problems} == expected
