"""docs/nl says what the code says: kinds of questions, choices, grounds with their titles, roles and commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from tests.support.ground_forms import GROUNDS
from typer.main import get_command

from afschrift.casework.question_kinds import KINDS
from afschrift.cli.main import app
from afschrift.law.grounds import Outcome
from afschrift.law.roles import Role


@pytest.fixture
def pages(project_root: Path) -> dict[str, str]:
    return {
        file.stem: file.read_text(encoding="utf-8") for file in (project_root / "docs" / "nl").glob("*.md")
    }


def codes(page: str, column: int) -> set[str]:
    """Words in backticks in one column of the page's tables."""
    rows = [line.split("|") for line in page.splitlines() if line.startswith("|")]
    return {code for row in rows for code in re.findall(r"`([a-z_]+)`", row[column])}


def test_questions_and_choices_are_those_of_the_software(pages: dict[str, str]) -> None:
    named = codes(pages["beslissen"], 1)
    choices = set(KINDS["decision"].options)
    assert choices <= named
    assert {"identity", "decision", "review"} <= named - choices <= KINDS.keys()


def test_roles_are_those_of_the_software(pages: dict[str, str]) -> None:
    assert codes(pages["index"], 2) <= {role.value for role in Role}


def test_grounds_have_the_titles_of_the_forms(pages: dict[str, str]) -> None:
    grounds = GROUNDS.grounds.values()
    rows = {line.split("|")[1].strip() for line in pages["weigeren"].splitlines() if line.startswith("|")}
    named = rows - {"Grond", "---"}
    assert named <= {ground.title["nl"] for ground in grounds}
    refusing = {Outcome.REFUSE, Outcome.REFUSE_PART, Outcome.RESTRICT}
    with_letter = [g for g in grounds if any(g.outcomes.get(outcome) for outcome in refusing)]
    assert {ground.title["nl"] for ground in with_letter} <= named


def test_commands_are_there(pages: dict[str, str]) -> None:
    root = get_command(app)
    for page in pages.values():
        for words in re.findall(r"`afschrift ([a-z -]+)", page):
            command = root
            for word in words.split():
                command = command.get_command(None, word)  # type: ignore[attr-defined]
                assert command is not None, words


def test_every_page_has_its_place_in_the_site(pages: dict[str, str], project_root: Path) -> None:
    site = (project_root / "mkdocs.yml").read_text(encoding="utf-8")
    assert [name for name in pages if f"nl/{name}.md" not in site] == []


def test_forms_for_issues_and_the_citation_are_whole(project_root: Path) -> None:
    for file in (project_root / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(file.read_text(encoding="utf-8"))
        if file.name == "config.yml":
            continue
        assert form["name"] and form["description"], file
        fields = [field["id"] for field in form["body"] if field["type"] != "markdown"]
        assert len(fields) == len(set(fields)) > 0
        for field in form["body"]:
            assert field["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    citation = yaml.safe_load((project_root / "CITATION.cff").read_text(encoding="utf-8"))
    project = (project_root / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{citation["version"]}"' in project
    assert f'license = "{citation["license"]}"' in project
