"""Queues and pods of tasks: of those that read one source, and of those that follow keys through several."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from afschrift.app.project import has_home, inventory_folder
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.run_in import PATH, QUEUE, WORD, RunIn, UnreadableMapError, declared_sources

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory


@dataclass(frozen=True)
class Places:
    """Where those tasks of an installation run that open sources.

    Attributes:
        by_source: of a task that reads only this source.
        several: of a task that may open them all; it has no pool.
        manual: systems that a person searches.
        unreadable: why the sources are not known.
    """

    by_source: Mapping[str, RunIn]
    several: RunIn
    manual: tuple[str, ...] = ()
    unreadable: ConfigurationError | None = None


class _Kind(NamedTuple):
    setting: str
    says: re.Pattern[str]
    what: str
    unsaid: str


_KINDS = {
    "queue": _Kind("AFSCHRIFT_QUEUE", QUEUE, "the queue of workers that reach every source", "the default"),
    "pod_template_file": _Kind(
        "AFSCHRIFT_POD_TEMPLATE_FILE", PATH, "a template for pods that reach every source", "Airflow's own"
    ),
}


def of_installation(environment: Mapping[str, str] | None = None) -> Places:
    """The places by the inventory's files, of which only these entries are read.

    Raises:
        ConfigurationError: as `places`.
    """
    env = os.environ if environment is None else environment
    try:
        if not (env.get("AFSCHRIFT_INVENTORY") or has_home(env)):
            raise UnreadableMapError(
                "No data map is known where this DAG is read.",
                remedy="set AFSCHRIFT_INVENTORY or AFSCHRIFT_HOME for the DAG processor too.",
            )
        found = declared_sources(inventory_folder(env))
    except UnreadableMapError as error:
        return replace(places({}, env), unreadable=error)
    return replace(places(found.read, env), manual=found.manual)


def places_of(inventory: Inventory) -> Places:
    """The places by an inventory that is loaded.

    Raises:
        ConfigurationError: as `places`.
    """
    return places({name: source.run_in for name, source in inventory.sources.items()})


def places(by_source: Mapping[str, RunIn], environment: Mapping[str, str] | None = None) -> Places:
    """The places by the entry of each source.

    Raises:
        ConfigurationError: sources differ, and no setting names a place that reaches all of them.
    """
    env = os.environ if environment is None else environment
    several = {word: _of_several(word, kind, by_source, env) for word, kind in _KINDS.items()}
    return Places(by_source, RunIn(**several))


def _of_several(word: str, kind: _Kind, by_source: Mapping[str, RunIn], env: Mapping[str, str]) -> str | None:
    if named := env.get(kind.setting):
        if not kind.says.fullmatch(named):
            raise ConfigurationError(
                f"{kind.setting} names no {word.replace('_', ' ')}.", remedy=f"set it to {kind.what}."
            )
        return named
    entries: dict[str, str | None] = {source: getattr(place, word) for source, place in by_source.items()}
    if len(set(entries.values())) <= 1:
        return next(iter(entries.values()), None)
    listed = ", ".join(f"{source}: {named or kind.unsaid}" for source, named in entries.items())
    raise ConfigurationError(
        f"The sources of the inventory differ in the `{word}` of `{WORD}` ({listed}), and tasks that follow "
        "keys from one into another have to reach all of them.",
        remedy=f"set {kind.setting} to {kind.what}.",
    )


def place_lines(found: Places) -> Iterator[str]:
    """A line for each source that names a place, and one for the tasks that open several sources."""
    for source, place in found.by_source.items():
        if words := _words(place):
            yield f"Source {source} is read in {words}."
    if words := _words(found.several):
        yield f"Tasks that open several sources run in {words}."


def _words(place: RunIn) -> str:
    return ", ".join(f"{word} {value}" for word, value in place.model_dump(exclude_none=True).items())
