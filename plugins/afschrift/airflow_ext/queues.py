"""Queue, pool and pod template of tasks that open sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from afschrift.app.task_places import of_installation, places_of
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.inventory.run_in import RunIn

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory

_TASK = "extract_"


def task_of(source: str) -> str:
    """Name of the task that reads a source."""
    return _TASK + source


def several() -> dict[str, Any]:
    """Arguments of a task that may open every source; empty, where none are set.

    Raises:
        ConfigurationError: as `app.task_places.of_installation`.
    """
    return _arguments(of_installation().several)


def by_source() -> dict[str, dict[str, Any]]:
    """Source -> arguments of the task that reads it; empty, where the sources are not known."""
    found = of_installation()
    return {name: _arguments(place) for name, place in found.by_source.items()} | {
        name: {} for name in found.manual
    }


def reaches_all(inventory: Inventory) -> bool:
    """Whether each task may open every source: none has a place of its own."""
    found = places_of(inventory)
    alone = (place.model_copy(update={"pool": None}) for place in found.by_source.values())
    return all(place == found.several for place in alone)


def unknown_sources() -> ConfigurationError:
    """The error about a DAG in which no source has a task."""
    return of_installation().unreadable or ConfigurationError(
        "This DAG was read without the data map, so no source has a task in it.",
        remedy="give the DAG processor the same data map (AFSCHRIFT_INVENTORY) as the workers, wait until it "
        "has read the DAG, and start a new run.",
    )


def following(sources: list[str], tasks: Mapping[str, Any]) -> list[str]:
    """Names of the tasks that read sources.

    Args:
        sources: that a plan reads.
        tasks: of the run, as Airflow knows it.

    Raises:
        RetriableError: a source was described after Airflow had read the DAG.
    """
    missing = [source for source in sources if task_of(source) not in tasks]
    if missing:
        raise RetriableError(
            f"This run has no task for the sources {', '.join(missing)} of its plan: Airflow read the DAG "
            "before the data map had them, or could not read the data map.",
            remedy="see that the DAG processor has the data map of the workers (AFSCHRIFT_INVENTORY), wait "
            "until it has read the DAG, and clear `classify` and what follows.",
        )
    return [task_of(source) for source in sources]


def _arguments(place: RunIn) -> dict[str, Any]:
    arguments = place.model_dump(exclude_none=True)
    template = arguments.pop("pod_template_file", None)
    return arguments | ({"executor_config": {"pod_template_file": template}} if template else {})


def _default_queue() -> str:
    from airflow.sdk.configuration import conf  # heavy, and only needed where a queue is named

    return str(conf.get("operators", "default_queue"))


def must_be_its_queue(ti: Any, inventory: Inventory, source: str | None = None) -> None:
    """Refuse a task from another queue than the inventory of this worker says.

    Args:
        ti: the task instance, as Airflow hands it to a task.
        inventory: of the worker.
        source: that the task reads alone; none: it may open all of them.

    Raises:
        ConfigurationError: it did. A source that cannot be reached from here would seem to be down.
    """
    found = places_of(inventory)
    place = found.several if source is None else found.by_source.get(source, RunIn())
    if "queue" not in ti.model_fields_set or ti.queue == place.queue:
        return  # `dag.test()` names no queue
    elsewhere = {place.queue for place in (found.several, *found.by_source.values())}
    if place.queue is None and (ti.queue not in elsewhere or ti.queue == _default_queue()):
        return  # a source without a queue may be reached from any queue that no source names
    what = "tasks that open several sources run" if source is None else f"source {source} is read"
    where = "Airflow's default queue" if place.queue is None else place.queue
    raise ConfigurationError(
        f"This task came in the queue {ti.queue}, and the inventory and settings of this worker say that "
        f"{what} in {where}.",
        remedy="give the DAG processor the same inventory (AFSCHRIFT_INVENTORY) and AFSCHRIFT_QUEUE, wait "
        "until it has read the DAG, and clear this task.",
    )
