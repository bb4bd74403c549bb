"""What all tests share: the project's root, sample databases and Debian programs that may be absent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs_program(name): skipped where the program is absent; in CI its absence is a failure"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs_program"):
        for name in marker.args:
            _require(name)


def _require(program: str) -> None:
    if shutil.which(program):
        return
    reason = f"the program {program} is not installed (.ci/run installs it)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder of this clone."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Sample databases beside the clone. No clone has to have them, so CI skips without them too."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no sample databases in ../shared/data beside this clone")
    return folder
