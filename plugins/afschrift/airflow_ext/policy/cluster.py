"""Airflow's cluster policy of ours: it warms what tasks are forks of, and says where a source is read.

Under LocalExecutor a task is a fork of the scheduler, under CeleryExecutor one of the worker: a library that
these have imported costs the task nothing, and otherwise seconds each time. The other processes run no
tasks, so they import nothing here.

No file has to be copied into `$AIRFLOW_HOME/config` for it; an `airflow_local_settings` of the installation's
own goes beside it, and has the last word.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import pkgutil
import sys
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from airflow import settings
from airflow.configuration import conf
from airflow.policies import hookimpl
from fsspec import get_filesystem_class

_LOG = logging.getLogger(__name__)
_PLACES = ("AFSCHRIFT_STAGING", "AFSCHRIFT_DESTINATION_")
_REST = 0.05
"""Seconds between two looks of an idle scheduler; with fewer it is busy with looking."""
_OURS = (
    *("airflow_ext.airflow_connections", "airflow_ext.clicked", "airflow_ext.outside.lineage"),
    *("airflow_ext.tasks", "values.without_pandas"),
)
"""Of ours, what the DAG file and its tasks import beside services and steps. The file itself is read anew in
each task, as settings and inventory say then."""
_OTHERS = (
    *("airflow.dag_processing.bundles.local", "airflow.dag_processing.dagbag", "airflow.version"),
    *("airflow.sdk.definitions.asset.metadata", "airflow.sdk.definitions.decorators"),
    *("airflow.sdk.definitions.retry_policy", "airflow.sdk.execution_time.task_runner"),
    *("airflow.sdk.observability.stats", "encodings.idna", "encodings.utf_16_be", "jinja2.ext"),
    *("packaging.requirements", "upath.implementations.local"),
)
"""What Airflow and libraries import at first use, in each task anew; another version may lack one of them."""


# Airflow looks only whether there is an `airflow_local_settings`: without one it would pass our hook over.
settings.task_instance_mutation_hook.is_noop = False  # type: ignore[attr-defined]


@hookimpl
def task_instance_mutation_hook(task_instance: Any, dag_run: Any) -> None:
    """Airflow's policy of this name, for each task instance that is made; see `airflow_ext.queues`."""
    from afschrift.airflow_ext.queues import choose_place

    choose_place(task_instance, dag_run)


def forks_tasks(arguments: list[str], executor: str) -> bool:
    """Whether tasks are forks of a process.

    Args:
        arguments: its command line, without the program.
        executor: what `[core] executor` says.
    """
    return arguments[:2] == ["celery", "worker"] or (
        arguments[:1] == ["scheduler"] and "LocalExecutor" in executor
    )


def must_rest(executor: str) -> None:
    """Warn a scheduler that would look for work without a rest."""
    sleep = conf.getfloat("scheduler", "scheduler_idle_sleep_time")
    if "RevokingLocalExecutor" not in executor and sleep < _REST:
        _LOG.warning(
            "[scheduler] scheduler_idle_sleep_time is %g s, and %s does not wait in its stead: the scheduler "
            "keeps a processor busy. Set it to 0.1, or take the executor of config/airflow.env.",
            sleep,
            executor,
        )


def warm() -> None:
    """Import what tasks need: services, steps, sources, formats, and the library of the store that is set.

    And read inventory, grounds and texts once, where they can be read.
    """
    import afschrift.wiring.build_services  # noqa: F401  (pyarrow, polars, SQLAlchemy, tink)
    from afschrift import formats, steps
    from afschrift.sources.registry import load_installed
    from afschrift.wiring.warm_up import warm_up

    load_installed()  # DuckDB, ADBC, PyMySQL
    for package in (steps, formats):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in _OURS:
        importlib.import_module(f"afschrift.{name}")
    for name in _OTHERS:
        with suppress(ImportError):
            importlib.import_module(name)
    for protocol in {urlsplit(text).scheme for name, text in os.environ.items() if name.startswith(_PLACES)}:
        with suppress(ImportError, ValueError):  # of a place that cannot be used the first step says so
            get_filesystem_class(protocol or "file")
    warm_up(_LOG.warning)
    # A child's collector writes to every object it looks at, and so copies what it shares with its parent.
    # What is loaded now stays anyway. (Airflow's LocalExecutor does the same at each start of a worker.)
    gc.collect()
    gc.freeze()


_EXECUTOR = conf.get("core", "executor")
if sys.argv[1:2] == ["scheduler"]:
    must_rest(_EXECUTOR)
if forks_tasks(sys.argv[1:], _EXECUTOR):
    warm()
