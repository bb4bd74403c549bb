"""The installation with reviewers that the tests of reviews share."""

from pathlib import Path

import pytest
from tests.support.kept import Kept
from tests.support.reviewing import Reviewers


@pytest.fixture
def reviewers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept) -> Reviewers:
    return Reviewers.set_up(tmp_path, monkeypatch, kept=kept)
