"""Where an installation keeps its state: never beside the installed package, and never by guessing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from afschrift.app.project import PACKAGE, SHIPPED, checkout, enter_project, home_folder, key_values
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError

COMMANDS = (
    ("key", "new"),
    ("key", "rotate"),
    ("register", "upgrade"),
    ("submit", "request.yml"),
    ("inventory", "check"),
    ("requests",),
    ("sweep",),
    ("up",),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is installed: without a checkout around it."""
    folder = tmp_path_factory.mktemp("site-packages")
    shutil.copytree(PACKAGE, folder / "afschrift", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(site: Path, cwd: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AFSCHRIFT", "AIRFLOW"))
    }
    return subprocess.run(
        [sys.executable, "-c", "from afschrift.cli.main import main; main()", *arguments],
        cwd=cwd,
        env=kept | {"PYTHONPATH": str(site)} | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_installed_package_without_a_home_refuses(
    site: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "request.yml").write_text("message: a\n")
    before = {*site.rglob("*")}

    done = run(site, tmp_path, *command)

    assert done.returncode == 1
    assert "set AFSCHRIFT_HOME" in done.stderr and "afschrift init FOLDER" in done.stderr
    assert {path for path in site.rglob("*") if "__pycache__" not in path.parts} <= before
    assert [path.name for path in tmp_path.iterdir()] == ["request.yml"]


def test_what_needs_no_home_goes_without(site: Path, tmp_path: Path) -> None:
    assert run(site, tmp_path, "--version").stdout.startswith("afschrift ")
    assert "verify" in run(site, tmp_path, "--help").stdout


def test_with_a_home_it_makes_keys_there(site: Path, tmp_path: Path) -> None:
    done = run(site, tmp_path, "key", "new", AFSCHRIFT_HOME=str(tmp_path / "home"))

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "home" / "keys.json").is_file()


def test_a_project_is_found_from_a_folder_within(site: Path, tmp_path: Path) -> None:
    (tmp_path / "afschrift.env").write_text("# settings\nAFSCHRIFT_TRAIL_YEARS=7\n")
    (tmp_path / "within").mkdir()

    done = run(site, tmp_path / "within", "key", "new")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".afschrift" / "keys.json").is_file()


def test_the_settings_of_a_project_yield_to_the_environment(tmp_path: Path) -> None:
    (tmp_path / "afschrift.env").write_text("AFSCHRIFT_TRAIL_YEARS=7\nAFSCHRIFT_DEADLINE_MARKS=3\n")
    env = {"AFSCHRIFT_TRAIL_YEARS": "9"}

    assert enter_project(env, tmp_path) == tmp_path

    settings = Settings.from_environment(env)
    assert (settings.trail_years, settings.deadline_marks) == (9, "3")
    assert (settings.home, settings.inventory) == (tmp_path / ".afschrift", tmp_path / "inventory")


def test_a_home_in_the_environment_leaves_projects_alone(tmp_path: Path) -> None:
    (tmp_path / "afschrift.env").write_text("AFSCHRIFT_TRAIL_YEARS=7\n")
    env = {"AFSCHRIFT_HOME": str(tmp_path / "home")}

    assert enter_project(env, tmp_path) is None
    assert env == {"AFSCHRIFT_HOME": str(tmp_path / "home")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_settings_of_another_account_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "afschrift.env").write_text("AFSCHRIFT_REGISTER=postgresql+psycopg://elsewhere/x\n")
    os.chown(tmp_path / "afschrift.env", 65534, 65534)

    with pytest.raises(ConfigurationError, match="another account"):
        enter_project({}, tmp_path)


def test_a_line_that_is_no_setting_is_named_without_its_text(tmp_path: Path) -> None:
    (tmp_path / "afschrift.env").write_text("A=1\n\nexport secret\n")

    with pytest.raises(ConfigurationError, match=r"Line 3 of .*afschrift.env") as caught:
        key_values(tmp_path / "afschrift.env")
    assert "secret" not in str(caught.value)


def test_an_empty_home_is_none(tmp_path: Path) -> None:
    assert home_folder({"AFSCHRIFT_HOME": ""}) == home_folder({})
    assert checkout() is not None


def test_own_texts_go_before_those_of_the_package_and_the_law_never(tmp_path: Path) -> None:
    (tmp_path / "own" / "letters").mkdir(parents=True)
    (tmp_path / "own" / "law").mkdir()
    env = {"AFSCHRIFT_HOME": str(tmp_path), "AFSCHRIFT_INCLUDE": str(tmp_path / "own")}

    settings = Settings.from_environment(env)

    assert settings.folder("letters") == tmp_path / "own" / "letters"
    assert settings.folder("grounds") == SHIPPED / "grounds"
    assert settings.folder("law") == SHIPPED / "law"
    assert settings.inventory == tmp_path / "inventory"
