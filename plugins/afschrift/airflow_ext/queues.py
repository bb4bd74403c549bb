"""Where a task runs that opens sources: its queue, its pool, and the template of its pod.

What opens several sources has its place from the DAG. A task that is mapped over sources has one place in
the DAG for all of them, so the scheduler chooses by the source when it makes the instances: the map travels
in the task's `executor_config`, and neither scheduler nor API server reads the inventory.

Where a source names no pool, one of the name `afschrift_<source>` counts, for whoever wants to spare a
database; where there is none, `default_pool`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from afschrift.app.task_places import of_installation, places_of
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.run_in import RunIn

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory

log = logging.getLogger(__name__)

_READS = "extract"
_BY_SOURCE = "afschrift_sources"
_POD = "pod_template_file"


def pool_of(source: str) -> str:
    """Name of a source's pool, where it names none."""
    return f"afschrift_{source}"


def several() -> dict[str, Any]:
    """Arguments of a task that may open every source; none, where nothing is said.

    Raises:
        ConfigurationError: as `app.task_places.of_installation`.
    """
    found = of_installation().several
    pod = {"executor_config": {_POD: found.pod_template_file}} if found.pod_template_file else {}
    return pod | ({"queue": found.queue} if found.queue else {})


def by_source() -> dict[str, Any]:
    """Arguments of the task that is mapped over sources; none, where nothing is said."""
    found = of_installation().by_source
    said = {name: one for name, place in found.items() if (one := place.model_dump(exclude_none=True))}
    return {"executor_config": {_BY_SOURCE: said}} if said else {}


def choose_place(task_instance: Any, dag_run: Any = None) -> None:
    """Give a task instance the queue, pool and pod of the source that it reads."""
    # heavy: never when Airflow parses the DAG file
    from afschrift.airflow_ext.environment import BATCH_DAG_ID, DAG_ID

    names_sources = {DAG_ID: "classify", BATCH_DAG_ID: "prepare"}.get(task_instance.dag_id)
    if names_sources is None or task_instance.task_id != _READS or task_instance.map_index < 0:
        return
    from sqlalchemy.orm import object_session

    session = object_session(task_instance) or (dag_run and object_session(dag_run))
    if session is None:
        return
    with session.no_autoflush:
        source = _source_of(task_instance, names_sources, session)
        if source is None:
            return
        config = task_instance.executor_config or {}
        said = config.get(_BY_SOURCE, {}).get(source, {})
        if "queue" in said:
            task_instance.queue = said["queue"]
        if _POD in said:
            task_instance.executor_config = {**config, _POD: said[_POD]}
        _choose_pool(task_instance, session, said.get("pool"), source)


def _source_of(task_instance: Any, names_sources: str, session: Any) -> str | None:
    """The source that a mapped task reads, from what an earlier task of its run handed on."""
    from airflow.models.xcom import XComModel

    handed = XComModel.get_many(
        run_id=task_instance.run_id,
        key="return_value",
        task_ids=names_sources,
        dag_ids=task_instance.dag_id,
    )
    row = session.scalars(handed).first()
    sources = XComModel.deserialize_value(row) if row else []
    if not isinstance(sources, list) or task_instance.map_index >= len(sources):
        return None
    named = sources[task_instance.map_index]
    return str(named["source"] if isinstance(named, dict) else named)


def _choose_pool(task_instance: Any, session: Any, named: str | None, source: str) -> None:
    from airflow.models.pool import Pool
    from sqlalchemy import select

    name = named or pool_of(source)
    if session.scalar(select(Pool.pool).where(Pool.pool == name)):
        task_instance.pool = name
    elif named:
        log.warning(
            "Airflow has no pool %s, which source %s names: nothing limits how many tasks read it. What to "
            "do: create the pool.",
            named,
            source,
        )


def _default_queue() -> str:
    from airflow.sdk.configuration import conf  # heavy: not where no queue is named

    return str(conf.get("operators", "default_queue"))


def must_be_its_queue(ti: Any, inventory: Inventory, source: str | None = None) -> None:
    """Turn a task down that came in another queue than the inventory of this worker says.

    Args:
        ti: the task instance, as Airflow hands it to a task.
        inventory: of the worker.
        source: that the task reads alone; none: it may open all of them.

    Raises:
        ConfigurationError: it did; a source that cannot be reached from here would look as if it were down.
    """
    found = places_of(inventory)
    said = found.several if source is None else found.by_source.get(source, RunIn())
    if "queue" not in ti.model_fields_set or ti.queue == said.queue:
        return  # `dag.test()` names no queue
    elsewhere = {place.queue for place in (found.several, *found.by_source.values())}
    if said.queue is None and (ti.queue not in elsewhere or ti.queue == _default_queue()):
        return  # which queues reach what names none is not known, but for those of others
    what = "tasks that open several sources run" if source is None else f"source {source} is read"
    where = "Airflow's default queue" if said.queue is None else said.queue
    raise ConfigurationError(
        f"This task came in the queue {ti.queue}, and the inventory and settings of this worker say that "
        f"{what} in {where}.",
        remedy="give the DAG processor the same inventory (AFSCHRIFT_INVENTORY) and AFSCHRIFT_QUEUE, wait "
        "until it has read the DAG, and clear this task.",
    )
