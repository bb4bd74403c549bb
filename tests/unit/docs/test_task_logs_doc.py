"""docs/trail.md on task logs: its example has the form of a line, and its codes are those that can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from afschrift.audit.against_logs import WORDS, WRITTEN_BY
from afschrift.audit.sentences import parse


@pytest.fixture(scope="module")
def section(project_root: Path) -> str:
    text = (project_root / "docs" / "trail.md").read_text(encoding="utf-8")
    return text.partition("\n## Task logs\n")[2].partition("\n## ")[0]


def test_the_example_has_the_form_of_lines(section: str) -> None:
    shown = [parse(line) for line in section.splitlines() if line.startswith("trail #")]

    assert [line and line.type for line in shown] == ["plan_frozen", "extracted"]


def test_every_code_is_in_the_table(section: str) -> None:
    assert set(re.findall(r"^\| `(log_\w+)` \|", section, re.MULTILINE)) == WORDS.keys() | {"log_lacks_event"}


def test_the_types_that_a_log_must_have_are_named(section: str) -> None:
    [named] = re.findall(r"what steps of a run alone append \(([^)]+)\)", section)

    assert re.findall(r"`(\w+)`", named) == list(WRITTEN_BY)
