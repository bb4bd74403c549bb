"""Airflow's own plugin managers execute one file of ours, not the package (plugins/.airflowignore)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
ours = [plugin.name for plugin in plugins if "PLUGINS_FOLDER" in str(plugin.source)]
print(json.dumps({"executed": executed, "plugins": ours, "errors": errors}))
"""


def load(manager: str, folder: Path, home: Path) -> dict[str, object]:
    """What a fresh process of Airflow makes of a plugins folder."""
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE, manager], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("manager", MANAGERS)
def test_one_file_is_executed(manager: str, project_root: Path, tmp_path: Path) -> None:
    found = load(manager, project_root / "plugins", tmp_path)

    assert found == {"executed": ["afschrift_plugin.py"], "plugins": ["afschrift"], "errors": {}}


def test_without_the_ignore_file_the_package_would_run_too(project_root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    shutil.copytree(
        project_root / "plugins", folder, ignore=shutil.ignore_patterns(".airflowignore", "__pycache__")
    )

    executed = load(MANAGERS[0], folder, tmp_path)["executed"]

    assert isinstance(executed, list)
    assert len([path for path in executed if str(path).startswith("afschrift/")]) > 100
