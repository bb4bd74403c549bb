"""Installations with officers or reviewers that the tests of casework share."""

from pathlib import Path

import pytest
from tests.support.deciding import Bureau
from tests.support.kept import Kept
from tests.support.restricted import open_bureau
from tests.support.reviewing import Reviewers


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept) -> Bureau:
    """An installation with officers, in which no bundle is reviewed."""
    return open_bureau(tmp_path, monkeypatch, evasive=["shop"], kept=kept)


@pytest.fixture
def reviewers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept) -> Reviewers:
    return Reviewers.set_up(tmp_path, monkeypatch, kept=kept)
