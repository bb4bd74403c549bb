"""The wheel in a fresh environment beside a stock Airflow: a project, a request to its bundle, DAGs, plugin."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.nightly

UV = str(Path(sys.executable).with_name("uv"))


def without_ours() -> dict[str, str]:
    """The environment of this process, but for what it says of us, Airflow and Python."""
    ours = ("AFSCHRIFT", "AIRFLOW", "PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@dataclass(frozen=True)
class Environment:
    """A Python environment that knows nothing of this checkout, and a folder to work in."""

    python: Path
    folder: Path

    def __call__(self, *command: str, code: int = 0, cwd: Path | None = None, **env: str) -> str:
        done = subprocess.run(
            [str(self.python.parent / command[0]), *command[1:]],
            cwd=cwd or self.folder,
            env=without_ours() | {"HOME": str(self.folder)} | env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if command[0] == "airflow" else done.stdout + done.stderr


def listed(printed: str) -> list[dict[str, str]]:
    """What an Airflow command lists; its last line, below what it logs."""
    return json.loads(printed.splitlines()[-1])


def python_with_wheel(folder: Path, root: Path, *more: str) -> Path:
    """A Python with the wheel without extras, at the versions of the lock, from what `make venv` left in uv's cache."""
    subprocess.run([sys.executable, "tools/wheel.py", str(folder)], cwd=root, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [UV, "pip", "install", "-q", "--offline", "--link-mode", "symlink", "--python", str(python)]
    subprocess.run([*install, "-c", str(root / "constraints.txt"), str(wheel), *more], check=True)
    return python


OPEN = """
import sys
from pathlib import Path
from afschrift.app.project import enter_project
from afschrift.app.settings import Settings
from afschrift.bundle.container.verify import unpack
from afschrift.encryption.aes_zip import opened_zip
from afschrift.register.open import open_keys, open_register
enter_project()
settings = Settings.from_environment()
deliveries = open_register(settings).deliveries
[row] = deliveries.of(sys.argv[1])
with Path(row.uri.removeprefix("file://")).open("rb") as file:
    bundle = opened_zip(file, deliveries.secret(row.id))
    unpack(bundle, Path(sys.argv[2]), open_keys(settings).public_keys())
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Environment:
    folder = tmp_path_factory.mktemp("fresh")
    return Environment(python_with_wheel(folder, project_root), folder)


@pytest.fixture(scope="module")
def project(fresh: Environment) -> Path:
    fresh("afschrift", "init", "ours")
    fresh("afschrift", "key", "new", cwd=fresh.folder / "ours")
    return fresh.folder / "ours"


def test_a_request_of_the_example_comes_to_its_bundles(fresh: Environment, project: Path) -> None:
    checked = fresh("afschrift", "check", cwd=project, code=1)
    assert [line for line in checked.splitlines() if line.startswith("to do")] == [
        line for line in checked.splitlines() if "controller.yml is an example" in line
    ]

    output = fresh("afschrift", "submit", "request.yml", "--start", "here", cwd=project, code=4)

    assert output.count(" is ready after ") == 2
    bundles = [*(project / ".afschrift" / "outbox").glob("*.zip")]
    assert sorted(path.name.split("-")[2] for path in bundles) == ["access", "portability"]
    for bundle in bundles:
        fresh("python", "-c", OPEN, bundle.name[:16], str(fresh.folder / bundle.stem), cwd=project)
        assert (fresh.folder / bundle.stem / "index.html").exists()


def test_airflow_finds_what_the_package_brings(fresh: Environment, project: Path, project_root: Path) -> None:
    airflow = {
        "AIRFLOW_HOME": str(fresh.folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    fresh("airflow", "db", "migrate", **airflow)
    dags = listed(fresh("airflow", "dags", "list", "--local", "-o", "json", **airflow))
    brought = {path.stem for path in (project_root / "dags").glob("[a-z]*.py")}
    assert {dag["dag_id"] for dag in dags} == brought
    plugins = listed(fresh("airflow", "plugins", "-o", "json", **airflow))
    assert [plugin["name"] for plugin in plugins if plugin["source"].startswith("afschrift==")] == [
        "afschrift"
    ]
    assert "afschrift" in fresh("airflow", "providers", "hooks", "-o", "plain", **airflow)


def test_no_state_lies_where_the_package_is_installed(fresh: Environment, project: Path) -> None:
    output = fresh("afschrift", "key", "new", code=1)

    assert "set AFSCHRIFT_HOME" in output
    assert not [*fresh.python.parents[1].rglob("keys.json"), *fresh.python.parents[1].rglob(".afschrift")]
