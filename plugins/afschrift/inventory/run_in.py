"""Where the tasks of a source run (`run_in` of its file); no plan depends on it.

The block `run_in` has its own lines, so that DAGs can route tasks without parsing the tables, and the
inventory's digest can leave it out. `load` checks that both ways of reading agree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import StringConstraints, ValidationError

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.base import Part, is_layer
from afschrift.law.manual_search import KIND as MANUAL
from afschrift.outside.limits import UnreadableError, read_file
from afschrift.outside.read_yaml import read_yaml

IDENTITY, CONTROLLER, POLICY = "identity.yml", "controller.yml", "policy.yml"
CANARY = "canary.yml"  # read by the canary alone
NO_SOURCES = (IDENTITY, CONTROLLER, POLICY, CANARY)
"""Files of an inventory that describe no source."""
SOURCE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
"""The name of a source is also part of the names of tasks, files and folders."""
WORD = "run_in"
QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
PATH = re.compile(r"/.+")
_BLOCK = re.compile(rb"^run_in[ \t]*:.*\n?(?:(?:[ \t]*(?:#.*)?\r?\n)*[ \t]+[^\s#].*\n?)*", re.MULTILINE)
_HEAD = re.compile(rb"^(?:source|kind)[ \t]*:.*$", re.MULTILINE)


class RunIn(Part):
    """Where the tasks run that read only this source.

    Attributes:
        queue: of workers that reach it; none: Airflow's default queue.
        pool: of Airflow, which limits how many tasks read it at once; none: Airflow's default pool.
        pod_template_file: of KubernetesExecutor: an absolute path on the scheduler.
    """

    queue: Annotated[str, StringConstraints(pattern=f"^{QUEUE.pattern}$")] | None = None
    pool: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    pod_template_file: Annotated[str, StringConstraints(pattern=f"^{PATH.pattern}$")] | None = None


class UnreadableMapError(ConfigurationError):
    """The sources of a data map are unknown, as one of its files cannot be read."""


def describes_source(path: Path) -> bool:
    """Whether a file of an inventory is the hand-written file of a source."""
    return path.name not in NO_SOURCES and not is_layer(path)


@dataclass(frozen=True)
class DeclaredSources:
    """The sources of an inventory.

    Attributes:
        read: source that is read by tasks -> where they run.
        manual: systems that a person searches.
    """

    read: Mapping[str, RunIn]
    manual: tuple[str, ...]


def without_block(read: bytes) -> bytes:
    """Return a file of the inventory without the block `run_in`."""
    return _BLOCK.sub(b"", read)


def has_block(read: bytes) -> bool:
    """Whether a file has the block `run_in`."""
    return _BLOCK.search(read) is not None


def is_separate(read: bytes, data: dict[str, Any]) -> bool:
    """Whether head and rest of a file, each parsed by itself, have the same words as the whole file.

    Args:
        read: the file of a source.
        data: content of the whole file.
    """
    try:
        rest, head = read_yaml(without_block(read)), _head(read)
    except UnreadableError:
        return False
    return bool(
        rest == {word: value for word, value in data.items() if word != WORD}
        and head == {word: data[word] for word in ("source", "kind", WORD) if word in data}
    )


def declared_sources(folder: Path) -> DeclaredSources:
    """Read the sources of an inventory without their tables, as DAGs need them to route tasks.

    Raises:
        UnreadableMapError: a file of a source cannot be read, or there is none.
    """
    read: dict[str, RunIn] = {}
    manual: list[str] = []
    for path in sorted(folder.glob("*.y*ml")):
        if not describes_source(path):
            continue
        try:
            head = _head_of(read_file(path))
            name = SOURCE_NAME.fullmatch(head["source"])[0]  # type: ignore[index]
            if head.get("kind") == MANUAL:
                manual.append(name)
            else:
                read[name] = RunIn.model_validate(head.get(WORD, {}))
        except (KeyError, OSError, TypeError, UnreadableError, ValidationError):
            raise UnreadableMapError(
                f"The head of {path.name} in the data map cannot be read: `source`, `kind` and `{WORD}`.",
                remedy="`afschrift inventory check` shows what is wrong there.",
            ) from None
    if not (read or manual):
        raise UnreadableMapError(
            f"No source is described in {folder}.",
            remedy="set AFSCHRIFT_INVENTORY to the folder of the data map, for the DAG processor too.",
        )
    return DeclaredSources(read, tuple(manual))


def _head_of(read: bytes) -> dict[str, Any]:
    """Return the head of a file: from its lines, or from the whole file if it is written otherwise."""
    with suppress(UnreadableError):
        head = _head(read)
        if isinstance(head, dict) and isinstance(head.get("source"), str):
            return head
    whole: dict[str, Any] = read_yaml(read)
    return whole


def _head(read: bytes) -> Any:
    """Parse only the lines `source`, `kind` and `run_in` of a file."""
    return read_yaml(b"\n".join([*_HEAD.findall(read), *_BLOCK.findall(read)]))
