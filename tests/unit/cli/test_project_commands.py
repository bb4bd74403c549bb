"""`afschrift init` and `check`: a project from nothing to sound, and what is said on the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.command_line import in_this_process, run_command, without_settings

from afschrift.cli.project import draft_project
from afschrift.domain.errors import ConfigurationError

NOW = "2026-06-01T10:00:00Z"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A drafted project, with the settings that commands take from it."""
    without_settings(monkeypatch)
    folder = tmp_path / "ours"
    draft_project(folder, NOW)
    for name, value in {"HOME": folder / ".afschrift", "INVENTORY": folder / "inventory", "DEMO": 1}.items():
        monkeypatch.setenv(f"AFSCHRIFT_{name}", str(value))
    return folder


def test_init_makes_a_project_and_says_what_next(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    result = in_this_process(("init", str(ours)))

    assert result.code == 0, result
    made = {str(path.relative_to(ours)) for path in ours.rglob("*") if path.is_file()}
    assert {"afschrift.env", "dags/afschrift_dags.py", ".gitignore", ".github/workflows/check.yml"} <= made
    assert {f"inventory/{name}.yml" for name in ("controller", "identity", "policy", "example")} <= made
    assert set(result.text.split()) == made - {".afschrift/example.db"}
    assert "afschrift key new" in result.errors and "afschrift check" in result.errors
    assert "VERSION" not in (ours / "requirements.txt").read_text()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")

    with pytest.raises(ConfigurationError, match=r"no empty folder.*name an empty folder"):
        draft_project(tmp_path, NOW)
    with pytest.raises(ConfigurationError, match="no empty folder"):
        draft_project(tmp_path / "note.txt", NOW)

    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_check_says_what_is_to_do_until_it_is_done(project: Path) -> None:
    before = run_command("check", code=1)
    assert "to do  There is no key file" in before and "afschrift key new" in before
    run_command("key", "new")
    assert "to do  controller.yml is an example" in run_command("check", code=1)

    controller = project / "inventory" / "controller.yml"
    controller.write_text(controller.read_text().replace("example: true", "example: false"))

    assert "to do" not in run_command("check")


def test_check_names_faults_of_the_inventory_and_goes_on(project: Path) -> None:
    file = project / "inventory" / "example.yml"
    text = file.read_text()
    file.write_text(text.replace("name: {origin: provided, ", "name: {"))
    assert "to do  1 column not classified" in run_command("check", code=1)
    file.write_text(text.replace("basis: A6-1-b", "basis: contract"))

    result = run_command("check", code=1)

    assert "example.yml" in result and "choose one of A6-1-a" in result
    assert "to do  There is no key file" in result


def test_the_test_of_the_project_passes(project: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AFSCHRIFT", "AIRFLOW"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
