"""The installed wheel in another team's Airflow: its five processes, beside the same Airflow without it.

Needs Celery (`make .venv/.celery`), which CI installs. It prints what each process took; nothing is asserted of
that, since other work on the machine counts in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.support.foreign_airflow import PARTS, Cost, ForeignAirflow, foreign_airflow

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.nightly,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(
        find_spec("celery") is None and os.environ.get("CI") != "true",
        reason="make .venv/.celery installs Celery",
    ),
]

UV = str(Path(sys.executable).with_name("uv"))
ONE_MODULE = {"afschrift", "afschrift.entry_points"}
"""It, and the package that it lies in."""
RUN = "/api/v2/dags/foreign/dagRuns/scheduled__2026-01-01T00:00:00+00:00"
PAGES = (
    *("/", "/docs", "/openapi.json", "/api/v2/plugins", "/api/v2/connections", "/ui/connections/hook_meta"),
    f"{RUN}/taskInstances/in_a_fork_of_the_worker/links",
)
"""Of Airflow's own, those that ask plugins and providers for something among them."""


@dataclass
class Beside:
    """What an Airflow with the wheel did, or one without it."""

    modules: dict[str, set[str]] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    """Of an environment with the wheel and no extra, at the versions of the lock, and with Celery."""
    folder = tmp_path_factory.mktemp("guest")
    subprocess.run([sys.executable, "tools/wheel.py", str(folder)], cwd=project_root, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    providers = [f"apache-airflow-providers-{name}" for name in ("celery", "openlineage")]
    install = [UV, "pip", "install", "-q", "--offline", "--link-mode", "symlink", "--python", str(python)]
    constraints = ["-c", str(project_root / "constraints.txt")]
    subprocess.run([*install, *constraints, str(wheel), "celery<5.7", *providers], check=True)
    return python


def lived_through(python: Path, folder: Path) -> Beside:
    """An Airflow whose DAG runs on both executors, and whose pages are looked at."""
    with foreign_airflow(python, folder) as airflow:
        airflow.run()
        statuses = {page: airflow.get(page).status_code for page in PAGES}
        costs = airflow.costs()
    return Beside(airflow.modules(), costs, statuses)


@pytest.fixture(scope="module")
def with_the_wheel(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Beside:
    return lived_through(python, tmp_path_factory.mktemp("with"))


@pytest.fixture(scope="class")
def with_a_broken_library(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignAirflow]:
    """An Airflow that is warmed, beside a library of ours that does not fit."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "site").mkdir()
    (folder / "site" / "rfc8785.py").write_text("raise ImportError('made for another Python')\n")
    home = folder / "home"
    home.mkdir()
    with foreign_airflow(python, folder, AFSCHRIFT_WARM="1", AFSCHRIFT_HOME=str(home)) as airflow:
        airflow.run()
        yield airflow


@pytest.fixture
def api_server(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignAirflow]:
    with foreign_airflow(python, tmp_path_factory.mktemp("pages"), parts=["api-server"]) as airflow:
        yield airflow


def test_pages_are_imported_when_one_is_asked_for(api_server: ForeignAirflow) -> None:
    asked = [api_server.get(f"/afschrift{page}", logged_in=False) for page in ("/", "/api/questions")]

    assert [answer.status_code for answer in asked] == [303, 401]
    assert "/auth/login" in asked[0].headers["location"]
    assert "/afschrift" not in str(api_server.get("/openapi.json").json()["paths"])


class TestABrokenLibrary:
    @pytest.mark.parametrize("part", ["scheduler", "worker"])
    def test_a_warm_process_says_so_once(self, with_a_broken_library: ForeignAirflow, part: str) -> None:
        lines = [line for line in with_a_broken_library.log(part).splitlines() if "made for another" in line]

        assert len(lines) == 1, lines
        assert "import" in lines[0]

    def test_pages_that_do_not_import_answer_500_and_the_others_go_on(
        self,
        with_a_broken_library: ForeignAirflow,
    ) -> None:
        page, answer = (with_a_broken_library.get(f"/afschrift{path}") for path in ("/", "/api/questions"))

        assert (page.status_code, answer.status_code) == (500, 500)
        assert "The log of the API server says why" in page.text
        assert answer.json()["detail"].startswith("Afschrift cannot be loaded")
        assert "made for another" not in page.text + answer.text
        assert with_a_broken_library.log("api-server").count("cannot be imported, and answer 500") == 1
        assert {with_a_broken_library.get(path).status_code for path in PAGES} == {200}


def test_each_process_imports_one_module_of_ours(
    with_the_wheel: Beside,
    python: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    subprocess.run([UV, "pip", "uninstall", "-q", "--python", str(python), "afschrift"], check=True)
    without = lived_through(python, tmp_path_factory.mktemp("without"))

    with capsys.disabled():
        print(f"\n{'':14}{'without the wheel':>20}{'with it':>20}")
        for part in PARTS:
            took = [
                f"{cost.seconds:.1f} s {cost.megabytes:.0f} MB"
                for cost in (without.costs[part], with_the_wheel.costs[part])
            ]
            print(f"{part:14}{took[0]:>20}{took[1]:>20}")
    more = {part: with_the_wheel.modules[part] - without.modules[part] for part in PARTS}
    assert more == dict.fromkeys(PARTS, ONE_MODULE)
    assert with_the_wheel.statuses == without.statuses == dict.fromkeys(PAGES, 200)
