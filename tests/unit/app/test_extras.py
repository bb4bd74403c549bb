"""Where an installation keeps its state and runs its tasks, and what it says without an extra."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from testbed.mini import SHOP, write_inventory
from tests.unit.inventory.test_other_files import controller

from afschrift.app import task_places
from afschrift.app.extras import EXTRAS
from afschrift.app.jurisdiction import hints
from afschrift.app.project import PACKAGE, SHIPPED, checkout, enter_project, home_folder, key_values
from afschrift.app.settings import Settings
from afschrift.app.task_places import of_installation, places
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.run_in import RunIn
from afschrift.wiring.build_services import load_inventory

OF_EXTRAS = {module for modules in EXTRAS.values() for module in modules} | {"adbc_driver_manager"}

ASKED = """
import json, tempfile
from pathlib import Path
import afschrift.cli.main, afschrift.web.app, afschrift.wiring.build_services, afschrift.airflow_ext.tasks
import afschrift.steps.extract, afschrift.steps.validate, afschrift.steps.package, afschrift.steps.deliver
from afschrift.destinations.registry import open_destination
from afschrift.domain.errors import ConfigurationError
from afschrift.formats.registry import FORMATS
from afschrift.register.database.database import Database
from afschrift.sources.file_store import UploadStore
from afschrift.sources.registry import SOURCES, open_source
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.witnesses.registry import open_witness

asked = {kind: lambda kind=kind: open_source("shop", kind, {}) for kind in SOURCES}
asked |= {f"format {name}": lambda format_=format_: format_.writer(tempfile.TemporaryFile(), [], {}) for name, format_ in FORMATS.items()}
asked["parquet that another worker wrote"] = lambda: FORMATS["parquet"].reader(tempfile.TemporaryFile(), [], {})
asked["a bucket"] = lambda: open_destination("outbox", {"kind": "folder", "url": "s3://bucket/outbox"})
asked["a store"] = lambda: UploadStore("shop.files", "s3://bucket/files", {})
asked["staging"] = lambda: EncryptedStaging("s3://bucket/staging", "req-7k3m9x2p4v0q", bytes(32))
asked["a witness"] = lambda: open_witness("dpo", "s3://bucket/checkpoints", {})
asked["a stamp"] = lambda: open_witness("tsa", "tsa+https://tsa.example", {})
asked["a register"] = lambda: Database("postgresql+psycopg://host/register")
said = {}
for what, ask in asked.items():
    try:
        ask()
    except Exception as error:
        said[what] = f"{type(error).__name__}: {error}"
for adapter in SOURCES.values():
    adapter.extra or __import__(adapter.module)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def without_extras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is installed here but what extras bring, for a Python that looks nowhere else."""
    site = tmp_path_factory.mktemp("site")
    for path in Path(pytest.__file__).parents[1].iterdir():
        if path.name.split(".")[0] not in OF_EXTRAS and not path.name.startswith("_duckdb"):
            (site / path.name).symlink_to(path)
    (site / "afschrift").symlink_to(PACKAGE)
    return site


def test_what_needs_an_extra_names_it_and_nothing_else_is_missed(without_extras: Path) -> None:
    command = [sys.executable, "-S", "-c", ASKED]
    env = {"PYTHONPATH": str(without_extras), "PATH": "/usr/bin:/bin", "HOME": str(without_extras)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    errors = json.loads(done.stdout.splitlines()[-1])
    found = {what: re.search(r"afschrift\[(\w+)\]", text) for what, text in errors.items()}
    of_duckdb = ("duckdb", "files", "parquet", "format parquet", "parquet that another worker wrote")
    assert {what: named[1] for what, named in found.items() if named} == {
        **dict.fromkeys(of_duckdb, "duckdb"),
        "delta": "delta",
        "iceberg": "iceberg",
        "mysql": "mysql",
        "postgres": "postgres",
        **dict.fromkeys(("a bucket", "a store", "a witness", "staging"), "s3"),
        "a stamp": "timestamp",
        "a register": "postgres",
    }
    assert all(text.startswith("ConfigurationError: ") for text in errors.values())


def test_each_extra_brings_the_modules_that_are_asked_for(project_root: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    brings = {
        extra: {Requirement(package).name for package in packages}
        for extra, packages in project["optional-dependencies"].items()
    }
    packages = packages_distributions()

    assert brings.keys() == EXTRAS.keys()
    for extra, modules in EXTRAS.items():
        assert {packages[module][0].lower() for module in modules} <= brings[extra]


NOTHING, A, B = RunIn(), RunIn(queue="a", pool="p"), RunIn(queue="b", pool="q")
POD_A, POD_B = RunIn(pod_template_file="/pods/a.yaml"), RunIn(pod_template_file="/pods/b.yaml")


def test_where_all_sources_agree_nothing_has_to_be_set() -> None:
    assert places({"app": A, "shop": A.model_copy(update={"pool": "z"})}, {}).several == RunIn(queue="a")
    assert places({"app": POD_A, "shop": POD_A}, {}).several == POD_A
    assert places({"app": NOTHING, "shop": NOTHING}, {}).several == NOTHING


@pytest.mark.parametrize("others", [B, NOTHING])
def test_where_they_differ_the_setting_is_due(others: RunIn) -> None:
    with pytest.raises(ConfigurationError) as caught:
        places({"app": A, "shop": others}, {})

    message = str(caught.value)
    assert "app: a" in message
    assert f"shop: {others.queue or 'the default'}" in message
    assert "set AFSCHRIFT_QUEUE" in message


def test_the_setting_is_where_they_run() -> None:
    every = {"AFSCHRIFT_QUEUE": "all", "AFSCHRIFT_POD_TEMPLATE_FILE": "/pods/all.yaml"}
    for others in (A, B):
        assert places({"app": A, "shop": others}, {"AFSCHRIFT_QUEUE": "all"}).several == RunIn(queue="all")
    with pytest.raises(ConfigurationError, match="set AFSCHRIFT_POD_TEMPLATE_FILE"):
        places({"app": POD_A, "shop": POD_B}, {})
    assert places({"app": POD_A, "shop": POD_B}, every).several.pod_template_file == "/pods/all.yaml"


@pytest.mark.parametrize(
    ("setting", "value"), [("AFSCHRIFT_QUEUE", "a,b"), ("AFSCHRIFT_POD_TEMPLATE_FILE", "pods/all.yaml")]
)
def test_a_setting_that_names_nothing_is_refused(setting: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        places({"app": A}, {setting: value})


def test_both_readings_of_an_installation_refuse_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = SHOP.replace("zone:", "run_in: {queue: a}\nzone:", 1)
    inventory = write_inventory(tmp_path / "inventory", shop)
    (inventory / "app.yml").write_text("source: app\nkind: sqlite\noptions: {path: /nowhere}\ntables: {}\n")
    env = {"AFSCHRIFT_HOME": str(tmp_path), "AFSCHRIFT_INVENTORY": str(inventory)}
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match="AFSCHRIFT_QUEUE"):
        of_installation(env)
    with pytest.raises(ConfigurationError, match="AFSCHRIFT_QUEUE"):
        load_inventory(Settings.from_environment().inventory)
    monkeypatch.setenv("AFSCHRIFT_QUEUE", "all")
    assert of_installation().several == RunIn(queue="all")
    assert load_inventory().sources["shop"].run_in == RunIn(queue="a")


def test_without_a_known_home_there_is_no_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_places, "has_home", lambda _env: False)
    found = of_installation({})
    assert found.by_source == {}
    assert "set AFSCHRIFT_INVENTORY" in str(found.unreadable)


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
