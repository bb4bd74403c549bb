"""What Airflow loads of an installed package in its processes, without a file in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOWN = """
import gc, sys
sys.argv = ["airflow", *sys.argv[1:]]
import airflow
from airflow import settings
wanted = ("pyarrow", "afschrift.wiring.build_services", "afschrift.steps.deliver", "fsspec.implementations.memory")
heavy = [name in sys.modules for name in wanted]
assert {*heavy, gc.get_freeze_count() > 0} == {heavy[0]}, (heavy, gc.get_freeze_count())
hooks = settings.get_policy_plugin_manager().hook.task_instance_mutation_hook.get_hookimpls()
print(heavy[0], settings.task_instance_mutation_hook.is_noop, [hook.plugin_name for hook in hooks][-1])
"""


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("command", "executor", "warm"),
    [
        ("scheduler --num-runs 1", "afschrift.airflow_ext.local_executor.RevokingLocalExecutor", True),
        ("scheduler", "CeleryExecutor", False),
        ("celery worker --queues default", "CeleryExecutor", True),
        ("celery flower", "CeleryExecutor", False),
        ("api-server", "LocalExecutor", False),
    ],
)
def test_what_tasks_are_forks_of_is_warm_and_nothing_else(
    command: str, executor: str, warm: bool, tmp_path: Path
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    env |= {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__EXECUTOR": executor}
    env |= {"AFSCHRIFT_STAGING": "memory://staging", "AFSCHRIFT_DESTINATION_OUTBOX": "s4://nothing"}
    env.pop("PYTHONPATH", None)

    done = subprocess.run(
        [sys.executable, "-c", SHOWN, *command.split()], env=env, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == f"{warm} False afschrift"
