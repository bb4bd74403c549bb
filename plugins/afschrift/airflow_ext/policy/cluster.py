"""Airflow's cluster policy of ours: it warms what tasks are forks of, and gives each source its pool.

Under LocalExecutor a task is a fork of the scheduler, under CeleryExecutor one of the worker: a library that
these have imported costs the task nothing, and otherwise seconds each time. The other processes run no
tasks, so they import nothing here.

No file has to be copied into `$AIRFLOW_HOME/config` for it; an `airflow_local_settings` of the installation's
own goes beside it, and has the last word.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from airflow import settings
from airflow.policies import hookimpl

_FORKS_TASKS = (["scheduler"], ["celery", "worker"])
_NEEDED_BY_TASKS = (
    "afschrift.wiring.build_services",  # pyarrow, polars, duckdb, SQLAlchemy, tink
)

# Airflow looks only whether there is an `airflow_local_settings`: without one it would pass our hook over.
settings.task_instance_mutation_hook.is_noop = False  # type: ignore[attr-defined]


@hookimpl
def task_instance_mutation_hook(task_instance: Any, dag_run: Any) -> None:
    """Airflow's cluster policy of this name, for each task instance that is made: see `airflow_ext.pools`."""
    from afschrift.airflow_ext.pools import choose_pool

    choose_pool(task_instance, dag_run)


def warm(arguments: list[str]) -> None:
    """Import what tasks need, in a process that they are forks of.

    Args:
        arguments: the process's command line, without the program.
    """
    if any(arguments[: len(words)] == words for words in _FORKS_TASKS):
        for name in _NEEDED_BY_TASKS:
            importlib.import_module(name)


warm(sys.argv[1:])
