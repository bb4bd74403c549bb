"""Imports, once and in the scheduler, what every task needs, and gives each source its pool.

Airflow imports this module in each of its processes, by its name, from `$AIRFLOW_HOME/config` or the
Python path. Under LocalExecutor a task is a fork of the scheduler: a library that the scheduler has
imported costs the task nothing, and otherwise more than a second each time. The other processes run no
tasks, so they import nothing here.
"""

from __future__ import annotations

import sys

__all__: list[str] = []

if sys.argv[1:2] == ["scheduler"]:
    import afschrift.wiring.build_services  # noqa: F401  (pyarrow, polars, SQLAlchemy, tink)
    from afschrift.airflow_ext.pools import task_instance_mutation_hook
    from afschrift.sources.registry import load_installed

    load_installed()  # DuckDB, ADBC, PyMySQL

    # `airflow pools set afschrift_SOURCE 4 "..."`: at most four tasks read that source at a time
    __all__ = ["task_instance_mutation_hook"]
