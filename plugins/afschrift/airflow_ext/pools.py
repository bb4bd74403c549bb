"""A pool for each source: how many tasks read it at once, over all runs.

A task that is mapped over sources has one pool in the DAG, so the scheduler chooses by the source when it
makes the instances. Whoever wants to spare a database creates a pool of its name in Airflow; where there is
none, `default_pool` counts.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import object_session

from afschrift.airflow_ext.environment import DAG_ID

_READS, _NAMES_SOURCES = "extract", "classify"


def pool_of(source: str) -> str:
    """Name of a source's pool."""
    return f"afschrift_{source}"


def choose_pool(task_instance: Any, dag_run: Any = None) -> None:
    """Give a task instance the pool of the source that it reads, where there is one."""
    index = task_instance.map_index
    if task_instance.dag_id != DAG_ID or task_instance.task_id != _READS or index < 0:
        return
    session = object_session(task_instance) or (dag_run and object_session(dag_run))
    if session is None:
        return
    from airflow.models.pool import Pool
    from airflow.models.xcom import XComModel

    handed = XComModel.get_many(
        run_id=task_instance.run_id, key="return_value", task_ids=_NAMES_SOURCES, dag_ids=DAG_ID
    )
    with session.no_autoflush:
        row = session.scalars(handed).first()
        sources = XComModel.deserialize_value(row) if row else []
        if not isinstance(sources, list) or index >= len(sources):
            return
        name = pool_of(str(sources[index]))
        if session.scalar(select(Pool.pool).where(Pool.pool == name)):
            task_instance.pool = name
