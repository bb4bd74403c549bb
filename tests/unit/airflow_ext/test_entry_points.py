"""What Airflow loads of an installed package in its processes, without a file in a folder of its own."""

import ast
import asyncio
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import write_database, write_inventory
from testbed.running import installation, store
from tests.support.nightly import nightly_after

from afschrift import entry_points
from afschrift.airflow_ext.environment import DAGS
from afschrift.airflow_ext.warm import _OURS
from afschrift.entry_points import Pages, forks_tasks, must_rest
from afschrift.formats.registry import FORMATS

OURS = "afschrift.airflow_ext.local_executor.RevokingLocalExecutor"

SHOWN = """
import gc, sys
sys.argv = ["airflow", *sys.argv[1:]]
import airflow
from airflow import settings
wanted = ("pyarrow", "afschrift.wiring.build_services", "afschrift.steps.deliver", "fsspec.implementations.memory")
heavy = [name in sys.modules for name in wanted]
assert {*heavy, gc.get_freeze_count() > 0} == {heavy[0]}, (heavy, gc.get_freeze_count())
hooks = settings.get_policy_plugin_manager().hook.task_instance_mutation_hook.get_hookimpls()
print(heavy[0], settings.task_instance_mutation_hook.is_noop, [hook.plugin_name for hook in hooks][1:])
"""


def test_what_is_imported_beforehand_is_there() -> None:
    assert [name for name in _OURS if find_spec(f"afschrift.{name}") is None] == []


@pytest.mark.parametrize(
    ("command", "executor", "forks"),
    [
        ("scheduler --num-runs 1", OURS, True),
        ("scheduler", "LocalExecutor", True),
        ("scheduler", "CeleryExecutor", False),
        ("celery worker --queues default", "CeleryExecutor", True),
        ("celery flower", "CeleryExecutor", False),
        ("api-server", "LocalExecutor", False),
        ("triggerer", "LocalExecutor", False),
    ],
)
def test_processes_that_fork_tasks_are_known(command: str, executor: str, forks: bool) -> None:
    assert forks_tasks(command.split(), executor) == forks


@pytest.mark.parametrize(
    ("executor", "sleep", "warned"),
    [("CeleryExecutor", 0.01, True), ("CeleryExecutor", 0.1, False), (OURS, 0.01, False)],
)
def test_a_scheduler_that_would_never_rest_is_named(
    executor: str, sleep: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    must_rest(executor, sleep)
    assert (
        ("scheduler_idle_sleep_time is 0.01 s" in caplog.text) == ("Set it to 0.1" in caplog.text) == warned
    )


def bare(home: Path, executor: str, **more: str) -> dict[str, str]:
    """An environment for Airflow in a home of its own."""
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHONPATH"))
    }
    return env | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__EXECUTOR": executor} | more


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("command", "executor", "asked", "warm"),
    nightly_after(
        1,
        [
            ("scheduler --num-runs 1", OURS, "1", True),
            ("celery worker --queues default", "CeleryExecutor", "", False),
            ("scheduler", "CeleryExecutor", "1", False),
            ("celery worker --queues default", "CeleryExecutor", "1", True),
            ("celery flower", "CeleryExecutor", "1", False),
            ("api-server", "LocalExecutor", "1", False),
        ],
    ),
)
def test_what_tasks_are_forks_of_is_warm_where_it_is_asked_for(
    command: str, executor: str, asked: str, warm: bool, tmp_path: Path
) -> None:
    env = bare(tmp_path, executor, AFSCHRIFT_WARM=asked, AFSCHRIFT_STAGING="memory://staging")
    env |= {"AFSCHRIFT_DESTINATION_OUTBOX": "s4://nothing"}
    # `config/airflow.env` was taken over, but for its executor
    env |= {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.01"}

    done = subprocess.run(
        [sys.executable, "-c", SHOWN, *command.split()], env=env, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == f"{warm} True []"  # no hook for task instances, of any DAG
    assert ("s4://" in done.stderr) == warm  # a store without a library is a warning
    never_rests = command == "scheduler" and executor == "CeleryExecutor"
    assert ("scheduler_idle_sleep_time is 0.01 s" in done.stderr + done.stdout) == never_rests


TASK = """
import sys
sys.argv = ["airflow", "scheduler"]
import airflow
import airflow.jobs.scheduler_job_runner, airflow.sdk.execution_time.supervisor
from airflow.dag_processing.bundles.manager import DagBundlesManager

known = set(sys.modules)
from airflow.sdk.execution_time import task_runner
from airflow.dag_processing.dagbag import BundleDagBag
bundle = DagBundlesManager().get_bundle(name="dags-folder")
bundle.initialize()
file = f"{bundle.path}/fulfil_request.py"
bag = BundleDagBag(file, safe_mode=False, load_op_links=False, bundle_path=bundle.path, bundle_name=bundle.name)
assert "fulfil" in bag.dags["fulfil_request"].task_dict

from afschrift.airflow_ext import step
from afschrift.steps import assess, classify, close, deliver, extract, package, validate
with step.step() as services:
    request = "REQUEST"
    assess.assess(services, request)
    for source in classify.classify(services, request)["sources"]:
        extract.extract(services, request, source)
    for run_step in (validate.validate, package.package, deliver.deliver, close.close):
        run_step(services, request)
print("imported:", *sorted(name for name in set(sys.modules) - known if not name.startswith("unusual_prefix_")))
"""


@pytest.mark.airflow
def test_a_task_imports_nothing_that_its_parent_has_not(tmp_path: Path) -> None:
    """Each task is a fork: what it imports, it imports anew, and a run of small steps pays it eight times."""
    database = write_database(tmp_path / "shop.duckdb")
    services = installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))
    request = store(services, {"customer_id": "1"}, formats=list(FORMATS))
    env = bare(tmp_path / "airflow", "LocalExecutor", AFSCHRIFT_WARM="1", AFSCHRIFT_TASKS="one")
    env |= {"AIRFLOW__CORE__DAGS_FOLDER": str(DAGS), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    env |= {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(tmp_path / "inventory")}
    env |= {"AFSCHRIFT_DEMO": "0", "MINI_SHOP": str(database)}
    code = TASK.replace("REQUEST", request)

    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1].split() == ["imported:"]


PUBLIC = (
    *("airflow.sdk", "airflow.plugins_manager", "airflow.listeners"),
    *("airflow.providers.standard.operators", "airflow.providers.openlineage.extractors"),
)

"""Modules of its page "Public interface", and of providers what their guides import."""

_MODULE = re.compile(r"airflow(\.\w+)+(?<!\.env)")
_ROW = re.compile(r"^- `(airflow\.[\w.]+)`, in .+: .+$", re.MULTILINE)


def private_names(code: str) -> set[str]:
    """Names that a module imports of Airflow and that no page of Airflow calls public."""
    imported = {name for node in ast.walk(ast.parse(code)) for name in _imported(node)}
    return {name for name in imported if not name.startswith(PUBLIC) or "._" in name}


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "airflow":
        yield from (f"{node.module}.{name.name}" for name in node.names)
    elif isinstance(node, ast.Import):
        yield from (name.name for name in node.names if name.name.partition(".")[0] == "airflow")
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
        yield node.value  # imported by its name


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from airflow.sdk import dag", set()),
        ("from airflow.models.dagrun import DagRun", {"airflow.models.dagrun.DagRun"}),
        ("from airflow.sdk.execution_time._x import y", {"airflow.sdk.execution_time._x.y"}),
        ("import airflow.settings", {"airflow.settings"}),
        ("load('airflow.version')", {"airflow.version"}),
    ],
)
def test_private_names_are_found(code: str, found: set[str]) -> None:
    assert private_names(code) == found


def test_each_private_name_is_in_the_page_with_its_reason(project_root: Path) -> None:
    files = [*(project_root / "plugins" / "afschrift").rglob("*.py"), *(project_root / "dags").glob("*.py")]
    used = {name for file in files for name in private_names(file.read_text(encoding="utf-8"))}
    page = (project_root / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert sorted(_ROW.findall(page)) == sorted(used)


async def _served(pages: Pages, path: str = "/afschrift/") -> tuple[int, str]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await pages({"type": "http", "path": path, "root_path": "/afschrift"}, None, send)
    return sent[0]["status"], sent[1]["body"].decode()


async def _real(scope: object, receive: object, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"real"})


def test_simultaneous_first_requests_import_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []

    def create() -> Any:
        time.sleep(0.3)
        made.append(time.monotonic())
        return _real

    async def at_once() -> tuple[list[tuple[int, str]], float]:
        pages = Pages()
        first = asyncio.gather(*(_served(pages) for _ in range(20)))
        await asyncio.sleep(0.05)  # the event loop is free for it while the import goes on
        free = time.monotonic()
        return await first, free

    monkeypatch.setattr(entry_points, "_create_pages", create)

    answers, free = asyncio.run(at_once())

    assert answers == [(200, "real")] * 20
    assert [free < moment for moment in made] == [True]


def test_what_cannot_be_imported_is_500_and_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[str] = []

    def create() -> Any:
        tried.append("once")
        if len(tried) == 1:
            raise ImportError("no library of this name")
        return _real

    monkeypatch.setattr(entry_points, "_create_pages", create)
    pages = Pages()

    async def ask(path: str = "/afschrift/") -> tuple[int, str]:
        return await _served(pages, path)

    with caplog.at_level(logging.ERROR):
        page, answer = asyncio.run(ask()), asyncio.run(ask("/afschrift/api/questions"))
    assert (page[0], answer[0], len(tried)) == (500, 500, 1)
    assert "<!doctype html>" in page[1]
    assert answer[1].startswith('{"detail": "Afschrift cannot be loaded')
    [record] = caplog.records
    assert "pip check" in record.getMessage()
    assert "no library of this name" in (record.exc_text or "")

    monkeypatch.setattr(entry_points, "_AGAIN", 0)
    assert asyncio.run(ask()) == (200, "real")
