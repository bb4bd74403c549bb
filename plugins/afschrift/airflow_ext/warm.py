"""Import into a process that forks tasks what each of them would otherwise import again (`AFSCHRIFT_WARM`).

Under LocalExecutor a task is a fork of the scheduler, under CeleryExecutor of the worker. A library that the
parent has imported costs the task nothing; otherwise it costs seconds each time.
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
"""Our modules that the DAG file and its tasks import in addition to services and steps. The file itself is
read again in each task, because settings and inventory may have changed."""
_OTHERS = (
    *("airflow.dag_processing.bundles.local", "airflow.dag_processing.dagbag", "airflow.version"),
    *("airflow.sdk.definitions.asset.metadata", "airflow.sdk.definitions.decorators"),
    *("airflow.sdk.definitions.retry_policy", "airflow.sdk.execution_time.task_runner"),
    *("airflow.sdk.observability.stats", "encodings.idna", "encodings.utf_16_be", "jinja2.ext"),
    *("holidays", "packaging.requirements", "upath.implementations.local"),
)
"""Modules that Airflow and libraries import at first use; another version may lack one of them."""


def warm(log: Callable[[str], None]) -> None:
    """Import what tasks need, and read the files that they read once; faults go to `log`."""
    warm_up(log, more=[f"afschrift.{name}" for name in _OURS])
    for name in _OTHERS:
        with suppress(ImportError):
            import_module(name)
    # The collector of a child writes to every object that it visits, which copies the memory shared with its
    # parent. What is loaded now is never freed anyway, so it is frozen. (Airflow's LocalExecutor does so too
    # when a worker starts.)
    gc.collect()
    gc.freeze()
