"""What Airflow loads of an installed package in its processes, without a file in a folder of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from testbed.mini import write_database, write_inventory
from testbed.running import installation, store
from tests.support.nightly import nightly_after

from afschrift.airflow_ext.environment import DAGS
from afschrift.airflow_ext.warm import _OURS
from afschrift.entry_points import forks_tasks, must_rest
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
        3,
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
