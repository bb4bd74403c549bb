"""Airflow's own plugin managers load one plugin of ours, by entry point or from its folder, and only once.

From a folder they execute one file, not the package (plugins/.airflowignore).
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.nightly import nightly_after

pytestmark = pytest.mark.airflow

# The scheduler, the API server and the DAG processor use the first, tasks the second.
MANAGERS = ["airflow.plugins_manager", "airflow.sdk.plugins_manager"]

# A file run by the plugin manager becomes a top-level module named by its stem;
# one that was imported as part of the package has a dot in its name or is the package itself.
PROBE = """
import importlib, json, os, pathlib, sys
folder = pathlib.Path(os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"])
manager = importlib.import_module(sys.argv[1])
plugins, errors = manager._get_plugins()
executed = [
    str(pathlib.Path(module.__file__).relative_to(folder))
    for name, module in sorted(sys.modules.items())
    if "." not in name
    and getattr(module, "__file__", None)
    and not hasattr(module, "__path__")
    and pathlib.Path(module.__file__).is_relative_to(folder)
]
ours = [str(plugin.source).split(":")[0] for plugin in plugins if plugin.name == "afschrift"]
print(json.dumps({"executed": executed, "plugins": ours, "errors": errors}))
"""


def without_us(into: Path) -> Path:
    """All that is installed here but the package itself, for a Python that looks nowhere else."""
    into.mkdir()
    for path in Path(pytest.__file__).parents[1].iterdir():
        if "afschrift" not in path.name:
            (into / path.name).symlink_to(path)
    return into


def load(manager: str, folder: Path, home: Path, site: Path | None = None) -> dict[str, object]:
    """What a fresh process of Airflow makes of a plugins folder."""
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    if site is not None:
        environment["PYTHONPATH"] = str(site)
    command = [sys.executable, *(["-S"] if site else []), "-c", PROBE, manager]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("manager", MANAGERS)
def test_one_file_is_executed(manager: str, project_root: Path, tmp_path: Path) -> None:
    found = load(manager, project_root / "plugins", tmp_path, without_us(tmp_path / "site"))

    plugins = ["$PLUGINS_FOLDER/afschrift_plugin.py"]
    assert found == {"executed": ["afschrift_plugin.py"], "plugins": plugins, "errors": {}}


@pytest.mark.parametrize(
    ("manager", "folder"),
    nightly_after(1, [(manager, name) for name in ("plugins", "none") for manager in MANAGERS]),
)
def test_folder_adds_no_second_plugin_to_the_package(
    manager: str, folder: str, project_root: Path, tmp_path: Path
) -> None:
    found = load(manager, project_root / folder, tmp_path)

    assert (found["plugins"], found["errors"]) == (["afschrift==0.1.0"], {})


@pytest.mark.nightly
def test_package_is_executed_without_the_ignore_file(project_root: Path, tmp_path: Path) -> None:
    """What the others prevent."""
    folder, ignored = tmp_path / "plugins", shutil.ignore_patterns(".airflowignore", "__pycache__")
    shutil.copytree(project_root / "plugins", folder, ignore=ignored)

    executed = load(MANAGERS[0], folder, tmp_path)["executed"]

    assert isinstance(executed, list)
    assert len([path for path in executed if str(path).startswith("afschrift/")]) > 100
