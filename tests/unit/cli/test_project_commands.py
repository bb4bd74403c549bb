"""`afschrift init` and `check`: a project from nothing to sound, and what is said on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.command_line import CommandResult, in_this_process

from afschrift.cli.project import draft_project
from afschrift.domain.errors import ConfigurationError

NOW = "2026-06-01T10:00:00Z"


def afschrift(*words: str, code: int = 0) -> CommandResult:
    result = in_this_process(words, "")
    assert result.code == code, result
    return result


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A drafted project, with the settings that commands take from it."""
    for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "ours"
    draft_project(folder, NOW)
    for name, value in {"HOME": folder / ".afschrift", "INVENTORY": folder / "inventory", "DEMO": 1}.items():
        monkeypatch.setenv(f"AFSCHRIFT_{name}", str(value))
    return folder


def test_init_makes_a_project_and_says_what_next(tmp_path: Path) -> None:
    result = afschrift("init", str(tmp_path / "ours"))

    made = {
        str(path.relative_to(tmp_path / "ours")) for path in (tmp_path / "ours").rglob("*") if path.is_file()
    }
    assert {"afschrift.env", "dags/afschrift_dags.py", ".gitignore", ".github/workflows/check.yml"} <= made
    assert {f"inventory/{name}.yml" for name in ("controller", "identity", "policy", "example")} <= made
    assert set(result.text.split()) == made - {".afschrift/example.db"}
    assert "afschrift key new" in result.errors and "afschrift check" in result.errors
    assert "VERSION" not in (tmp_path / "ours" / "requirements.txt").read_text()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")

    with pytest.raises(ConfigurationError, match=r"no empty folder.*name an empty folder"):
        draft_project(tmp_path, NOW)
    with pytest.raises(ConfigurationError, match="no empty folder"):
        draft_project(tmp_path / "note.txt", NOW)

    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_check_says_what_is_to_do_until_it_is_done(project: Path) -> None:
    before = afschrift("check", code=1).text
    assert "to do  There is no key file" in before and "afschrift key new" in before
    afschrift("key", "new")
    assert "to do  controller.yml is an example" in afschrift("check", code=1).text

    controller = project / "inventory" / "controller.yml"
    controller.write_text(controller.read_text().replace("example: true", "example: false"))

    assert "to do" not in afschrift("check").text


def test_check_names_faults_of_the_inventory_and_goes_on(project: Path) -> None:
    file = project / "inventory" / "example.yml"
    file.write_text(file.read_text().replace("basis: A6-1-b", "basis: contract"))

    result = afschrift("check", code=1).text

    assert "example.yml" in result and "choose one of A6-1-a" in result
    assert "to do  There is no key file" in result


def test_a_column_without_an_origin_is_to_do(project: Path) -> None:
    file = project / "inventory" / "example.yml"
    file.write_text(file.read_text().replace("name: {origin: provided, ", "name: {"))

    assert "to do  1 column not classified" in afschrift("check", code=1).text


def test_the_test_of_the_project_passes(project: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AFSCHRIFT", "AIRFLOW"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
