"""The message of a commit is checked by the rules of CONTRIBUTING.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tools.commit_message import faults

BODY = "\n\nDates became local to the controller, and a flag would have lost its decision.\n"


@pytest.mark.parametrize(
    "message",
    [
        "Keep flag decisions when dates become controller-local" + BODY,
        "Embed the font of the page" + BODY + "\n# Please enter the commit message\n",
        "Merge branch 'main' of somewhere",
        'Revert "Add a source"\n\nThis reverts a commit.\n',
    ],
)
def test_accepts_a_plain_message(message: str) -> None:
    assert list(faults(message)) == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("Keep " + "x" * 70 + BODY, "75 characters"),
        ("Keep flag decisions." + BODY, "full stop"),
        ("keep flag decisions" + BODY, "capital"),
        ("Added a source" + BODY, "imperative"),
        ("Adding a source" + BODY, "imperative"),
        ("Keep flag decisions", "body is missing"),
        ("Keep flag decisions\nwithout an empty line", "body is missing"),
        ("Keep flag decisions\n\n# a comment", "body is missing"),
        ("Keep what stands after FROM" + BODY, "'stands'"),
    ],
)
def test_names_what_to_change(message: str, expected: str) -> None:
    assert [fault for fault in faults(message) if expected in fault]


def test_program_prints_each_fault_and_fails(tmp_path: Path, project_root: Path) -> None:
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text("Added a source", encoding="utf-8")
    command = [sys.executable, project_root / "tools" / "commit_message.py", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    assert not done.stderr
