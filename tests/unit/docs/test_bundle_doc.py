"""docs/bundle.md names every member, label and key that a bundle has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.bundle.bundle_example import Example
from tests.unit.bundle.bundle_tampering import files_of

from afschrift.bundle.container import layout
from afschrift.bundle.container.seal import read_bag_info
from afschrift.bundle.description.fields import Why
from afschrift.domain.extracted import MissingFile, Seen, Upload
from afschrift.domain.value_kind import ValueKind

TEXT = (Path(__file__).parents[3] / "docs" / "bundle.md").read_text(encoding="utf-8")
NAMED = {word for code in re.findall(r"`([^`\n]+)`", TEXT) for word in (code, code.strip('"'))}

# The members of these are names of the source and languages, not keys of the format.
_FREE = (
    "afschrift:titles",
    "afschrift:descriptions",
    "afschrift:meanings",
    "afschrift:notes",
    "afschrift:codes",
)
_FREE += ("afschrift:valueForms", "afschrift:vocabularies", "titles", "key", "contributors")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    example = Example(language="en")
    entry = example.stage("files/shop/orders/000001.png", "upload", b"photo", {})
    extracts = [
        replace(
            extract,
            tables=tuple(
                replace(
                    t,
                    seen=Seen(codes={"status": ("S",)}),
                    uploads=(Upload(entry, "status", 1, "image/png", "x.png", {"order_id": "B-1"}),),
                    missing=(MissingFile("status", 2, "not_found"),),
                )
                if t.table == "orders"
                else t
                for t in extract.tables
            ),
        )
        for extract in example.contents.extracts
    ]
    example.contents = replace(example.contents, extracts=tuple(extracts))
    return files_of(example.zip())


def keys(document: Any) -> Iterator[str]:
    if isinstance(document, list):
        for item in document:
            yield from keys(item)
    elif isinstance(document, dict):
        for key, value in document.items():
            yield key
            if key == "afschrift:purposes" and isinstance(value, dict):
                yield from (k for source in value.values() for purpose in source.values() for k in purpose)
            elif key not in _FREE:
                yield from keys(value)


@pytest.mark.parametrize("member", ["data/datapackage.json", "data/coverage.json", "data/redactions.json"])
def test_every_key(member: str, files: dict[str, bytes]) -> None:
    found = set(keys(json.loads(files[member])))
    assert len(found) > 5
    assert found - NAMED == set()


def test_every_part_of_the_sheet(files: dict[str, bytes]) -> None:
    assert json.loads(files["data/information.json"]).keys() - NAMED == set()


def test_every_label(files: dict[str, bytes]) -> None:
    assert read_bag_info(files["bag-info.txt"]).keys() - NAMED == set()


def test_every_member(files: dict[str, bytes]) -> None:
    patterns = [
        re.sub(r"<\w+>", r"[^/]+", re.escape(name).replace(r"\<", "<").replace(r"\>", ">"))
        for name in NAMED
        if "." in name
    ]
    unnamed = [path for path in files if not any(re.fullmatch(pattern, path) for pattern in patterns)]
    assert unnamed == []


def test_kinds_reasons_and_the_version() -> None:
    assert {kind.value for kind in ValueKind} <= NAMED
    assert {why.value for why in Why} <= NAMED
    assert TEXT.startswith(f"# The bundle: format {layout.FORMAT_VERSION}\n")
