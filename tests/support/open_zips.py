"""No test leaves an open bundle at a destination, unless it is about one that was left open by decision."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from afschrift.encryption.aes_zip import is_locked

BY_DECISION = "open_destination"
_BUNDLE = re.compile(r"\.?(afschrift-)?req-[0-9a-z]{12}-.*\.zip(\.part)?")
"""Names that files have at destinations, with those of broken tries."""


def open_zips(folder: Path) -> list[Path]:
    """ZIP files under a folder that have the name of a delivered bundle, and that no words open."""
    return [path for path in _bundles(folder) if zipfile.is_zipfile(path) and not _is_locked(path)]


def _bundles(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if _BUNDLE.fullmatch(name))


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        return is_locked(file)


class OpenZips:
    """Looks through the folder of each test, and at the end through those that tests share."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        if folder is not None and item.get_closest_marker(BY_DECISION) is None:
            assert open_zips(folder) == [], "left open at a destination"
