"""Imports into a process that forks tasks what each of them would import anew (`AFSCHRIFT_WARM`).

Under LocalExecutor a task is a fork of the scheduler, under CeleryExecutor one of the worker: a library that
these have imported costs the task nothing, and otherwise seconds each time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

from afschrift.wiring.warm_up import warm_up

_OURS = (
    *("airflow_ext.outside.lineage", "airflow_ext.tasks", "airflow_ext.trigger", "sources.options"),
    "values.without_pandas",
)
"""Of ours, what the DAG file and its tasks import beside services and steps. The file itself is read anew in
each task, as settings and inventory say then."""
_OTHERS = (
    *("airflow.dag_processing.bundles.local", "airflow.dag_processing.dagbag", "airflow.version"),
    *("airflow.sdk.definitions.asset.metadata", "airflow.sdk.definitions.decorators"),
    *("airflow.sdk.definitions.retry_policy", "airflow.sdk.execution_time.task_runner"),
    *("airflow.sdk.observability.stats", "encodings.idna", "encodings.utf_16_be", "jinja2.ext"),
    *("holidays", "packaging.requirements", "upath.implementations.local"),
)
"""What Airflow and libraries import at first use, in each task anew; another version may lack one of them."""


def warm(log: Callable[[str], None]) -> None:
    """Import what tasks need, and read once what they read; what fails is said to `log`."""
    warm_up(log, more=[f"afschrift.{name}" for name in _OURS])
    for name in _OTHERS:
        with suppress(ImportError):
            import_module(name)
    # A child's collector writes to every object it looks at, and so copies what it shares with its parent.
    # What is loaded now stays anyway. (Airflow's LocalExecutor does the same at each start of a worker.)
    gc.collect()
    gc.freeze()
