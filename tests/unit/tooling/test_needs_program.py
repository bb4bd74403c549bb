"""The marker `needs_program` lets a laptop go without a program, and CI not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CASES = """
import pytest

@pytest.mark.needs_program("{program}")
def test_case():
    pass
"""


def run(folder: Path, root: Path, program: str, ci: str) -> str:
    shutil.copy(root / "tests" / "conftest.py", folder)
    (folder / "test_case.py").write_text(CASES.format(program=program))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--rootdir", folder, folder]
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    # conftest.py imports tests.support; no plugin is needed, and Airflow's takes seconds to load.
    env |= {"CI": ci, "PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True)
    return done.stdout


@pytest.mark.parametrize(
    ("program", "ci", "outcome"),
    [
        ("sh", "", "1 passed"),
        ("sh", "true", "1 passed"),
        ("no-such-program", "", "1 skipped"),
        ("no-such-program", "true", "1 error"),
    ],
)
def test_absence_skips_locally_and_fails_in_ci(
    tmp_path: Path, project_root: Path, program: str, ci: str, outcome: str
) -> None:
    output = run(tmp_path, project_root, program, ci)

    assert outcome in output
    if program != "sh":
        assert "no-such-program is not installed" in output
