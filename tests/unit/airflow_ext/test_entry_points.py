"""What Airflow loads of an installed package in its processes, without a file in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from testbed.mini import write_database, write_inventory
from testbed.running import installation, store

from afschrift.airflow_ext.environment import DAGS
from afschrift.airflow_ext.warm import _OURS
from afschrift.formats.registry import FORMATS

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


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("command", "executor", "asked", "warm"),
    [
        ("scheduler --num-runs 1", "afschrift.airflow_ext.local_executor.RevokingLocalExecutor", "1", True),
        ("scheduler", "CeleryExecutor", "1", False),
        ("celery worker --queues default", "CeleryExecutor", "1", True),
        ("celery worker --queues default", "CeleryExecutor", "", False),
        ("celery flower", "CeleryExecutor", "1", False),
        ("api-server", "LocalExecutor", "1", False),
    ],
)
def test_what_tasks_are_forks_of_is_warm_where_it_is_asked_for(
    command: str, executor: str, asked: str, warm: bool, tmp_path: Path
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    env |= {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__EXECUTOR": executor}
    env |= {"AFSCHRIFT_STAGING": "memory://staging", "AFSCHRIFT_DESTINATION_OUTBOX": "s4://nothing"}
    env["AFSCHRIFT_WARM"] = asked
    env.pop("PYTHONPATH", None)

    done = subprocess.run(
        [sys.executable, "-c", SHOWN, *command.split()], env=env, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == f"{warm} True []"  # no hook for task instances, of any DAG
    assert ("s4://" in done.stderr) == warm  # a store without a library is a warning


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("command", "executor", "sleep", "warned"),
    [
        ("scheduler", "CeleryExecutor", "0.01", True),
        ("scheduler", "CeleryExecutor", "0.1", False),
        ("triggerer", "CeleryExecutor", "0.01", False),
        ("scheduler", "afschrift.airflow_ext.local_executor.RevokingLocalExecutor", "0.01", False),
    ],
)
def test_a_scheduler_that_would_never_rest_is_named(
    command: str, executor: str, sleep: str, warned: bool, tmp_path: Path
) -> None:
    """`config/airflow.env` was taken over, but for its executor."""
    env = os.environ | {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__EXECUTOR": executor}
    env |= {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": sleep}
    load = f"import sys; sys.argv = ['airflow', '{command}']; import airflow; from airflow import settings; "
    load += "settings.get_policy_plugin_manager()"

    done = subprocess.run([sys.executable, "-c", load], env=env, capture_output=True, text=True, check=True)

    assert ("scheduler_idle_sleep_time is 0.01 s" in done.stderr + done.stdout) == warned
    assert warned == ("Set it to 0.1" in done.stderr + done.stdout)


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
    env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    env |= {"AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}
    env |= {"AIRFLOW__CORE__DAGS_FOLDER": str(DAGS), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    env |= {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(tmp_path / "inventory")}
    env |= {"AFSCHRIFT_TASKS": "one", "AFSCHRIFT_DEMO": "0", "MINI_SHOP": str(database)}
    env["AFSCHRIFT_WARM"] = "1"
    env.pop("PYTHONPATH", None)
    code = TASK.replace("REQUEST", request)

    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1].split() == ["imported:"]
