"""Without an extra: everything else works, and what needs it says which one, before anything is read."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from testbed.mini import SHOP, write_inventory

from afschrift.app import task_places
from afschrift.app.extras import EXTRAS
from afschrift.app.project import PACKAGE
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
    of_duckdb = ("duckdb", "parquet", "format parquet", "parquet that another worker wrote")
    assert {what: named[1] for what, named in found.items() if named} == {
        **dict.fromkeys(of_duckdb, "duckdb"),
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
