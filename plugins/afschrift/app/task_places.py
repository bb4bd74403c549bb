"""Where tasks run: those that read one source alone, and those that follow keys from one into another."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from afschrift.app.project import has_home, inventory_folder
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.run_in import PATH, QUEUE, WORD, RunIn, UnreadableMapError, declared

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory


@dataclass(frozen=True)
class Places:
    """Where the tasks of an installation run that open sources.

    Attributes:
        by_source: of a task that reads this source alone.
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
    """What the inventory says, of which nothing else is read.

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
        found = declared(inventory_folder(env))
    except UnreadableMapError as error:
        return replace(places({}, env), unreadable=error)
    return replace(places(found.read, env), manual=found.manual)


def places_of(inventory: Inventory) -> Places:
    """What an inventory says, that is loaded.

    Raises:
        ConfigurationError: as `places`.
    """
    return places({name: source.run_in for name, source in inventory.sources.items()})


def places(by_source: Mapping[str, RunIn], environment: Mapping[str, str] | None = None) -> Places:
    """Where tasks run, by what each source says.

    Raises:
        ConfigurationError: sources differ, and nothing says from where all of them are reached.
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
    said: dict[str, str | None] = {source: getattr(one, word) for source, one in by_source.items()}
    if len(set(said.values())) <= 1:
        return next(iter(said.values()), None)
    listed = ", ".join(f"{source}: {one or kind.unsaid}" for source, one in said.items())
    raise ConfigurationError(
        f"The sources of the inventory differ in the `{word}` of `{WORD}` ({listed}), and tasks that follow "
        "keys from one into another have to reach all of them.",
        remedy=f"set {kind.setting} to {kind.what}.",
    )


def said_of(found: Places) -> Iterator[str]:
    """A line for each source that says where it is read, and one for what opens several."""
    for source, one in found.by_source.items():
        if words := _words(one):
            yield f"Source {source} is read in {words}."
    if words := _words(found.several):
        yield f"Tasks that open several sources run in {words}."


def _words(one: RunIn) -> str:
    return ", ".join(f"{word} {value}" for word, value in one.model_dump(exclude_none=True).items())
