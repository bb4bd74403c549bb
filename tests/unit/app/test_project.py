"""Where an installation keeps its state: never beside the installed package, and never by guessing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.inventory.test_other_files import controller

from afschrift.app.jurisdiction import hints
from afschrift.app.project import PACKAGE, SHIPPED, checkout, enter_project, home_folder, key_values
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError

COMMANDS = ("key new", "key rotate", "register upgrade", "submit request.yml", "inventory check", "requests")
MAIN = "from afschrift.cli.main import main; main()"

EACH = """
import os, sys
from typer.testing import CliRunner
from afschrift.cli.main import app
from afschrift.domain.errors import ConfigurationError
for words in sys.argv[1:]:
    error = CliRunner().invoke(app, words.split()).exception
    assert type(error) is ConfigurationError, (words, error)
    assert "set AFSCHRIFT_HOME" in str(error) and "afschrift init FOLDER" in str(error), words
assert os.listdir() == ["request.yml"], os.listdir()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is installed: without a checkout around it."""
    folder = tmp_path_factory.mktemp("site-packages")
    shutil.copytree(PACKAGE, folder / "afschrift", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(
    site: Path, cwd: Path, *arguments: str, code: str = MAIN, **env: str
) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AFSCHRIFT", "AIRFLOW"))
    }
    env = kept | {"PYTHONPATH": str(site)} | env
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_an_installed_package_without_a_home_refuses(site: Path, tmp_path: Path) -> None:
    (tmp_path / "request.yml").write_text("message: a\n")
    before = {*site.rglob("*")}

    refused = run(site, tmp_path, "up")
    each = run(site, tmp_path, *COMMANDS, "sweep", code=EACH)

    assert refused.returncode == 1
    assert "set AFSCHRIFT_HOME" in refused.stderr and "afschrift init FOLDER" in refused.stderr
    assert each.returncode == 0, each.stderr
    assert {path for path in site.rglob("*") if "__pycache__" not in path.parts} <= before


def test_what_needs_no_home_goes_without(site: Path, tmp_path: Path) -> None:
    assert run(site, tmp_path, "--version").stdout.startswith("afschrift ")


@pytest.mark.parametrize(
    ("folder", "env", "keys"),
    [(".", {"AFSCHRIFT_HOME": "home"}, "home/keys.json"), ("within", {}, ".afschrift/keys.json")],
    ids=["home", "project"],
)
def test_keys_are_made_in_the_home_or_in_the_project_around(
    site: Path, tmp_path: Path, folder: str, env: dict[str, str], keys: str
) -> None:
    (tmp_path / "afschrift.env").write_text("# settings\nAFSCHRIFT_TRAIL_YEARS=7\n")
    (tmp_path / "within").mkdir()

    done = run(site, tmp_path / folder, "key", "new", **env)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / keys).is_file()


def test_the_settings_of_a_project_yield_to_the_environment(tmp_path: Path) -> None:
    (tmp_path / "afschrift.env").write_text("AFSCHRIFT_TRAIL_YEARS=7\nAFSCHRIFT_DEADLINE_MARKS=3\n")
    env = {"AFSCHRIFT_TRAIL_YEARS": "9"}

    assert enter_project(env, tmp_path) == tmp_path

    settings = Settings.from_environment(env)
    assert (settings.trail_years, settings.deadline_marks) == (9, "3")
    assert (settings.home, settings.inventory) == (tmp_path / ".afschrift", tmp_path / "inventory")
    home = {"AFSCHRIFT_HOME": str(tmp_path / "home")}  # leaves projects alone
    assert enter_project(home, tmp_path) is None
    assert home == {"AFSCHRIFT_HOME": str(tmp_path / "home")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_settings_of_another_account_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "afschrift.env").write_text("AFSCHRIFT_REGISTER=postgresql+psycopg://elsewhere/x\n")
    os.chown(tmp_path / "afschrift.env", 65534, 65534)

    with pytest.raises(ConfigurationError, match="another account"):
        enter_project({}, tmp_path)


def test_a_line_that_is_no_setting_is_named_without_its_text(tmp_path: Path) -> None:
    file = tmp_path / "afschrift.env"
    file.write_text("# why\n\nA=1\nB=a=b\n")
    assert key_values(file) == {"A": "1", "B": "a=b"}
    file.write_text("A=1\n\nexport secret\n")

    with pytest.raises(ConfigurationError, match=r"Line 3 of .*afschrift.env") as caught:
        key_values(file)
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


def test_a_hint_where_the_zone_is_not_that_of_the_place() -> None:
    (hint,) = [hint for hint in hints(controller(country="FR-GP", zone="Europe/Paris")) if "`zone`" in hint]
    assert hint == (
        "controller.yml: `zone` is Europe/Paris, and the usual one of FR-GP is America/Guadeloupe. The day of "
        "receipt goes by `zone`: leave it out to follow the place."
    )
    assert hints(controller(country="NL")) == []  # a settled place


@pytest.mark.parametrize(
    ("country", "zone", "count"),
    [
        ("AT", "Europe/Vienna", 1),
        ("CH", "Europe/Zurich", 2),
        ("US-NY", "America/New_York", 2),
        ("BQ", "America/Kralendijk", 2),
    ],
)
def test_a_hint_about_an_unsettled_place(country: str, zone: str, count: int) -> None:
    found = hints(controller(country=country, zone=zone))
    assert len(found) == count
    assert found[0].startswith(f"controller.yml: `country`: The calendar of {country} was not reviewed")
