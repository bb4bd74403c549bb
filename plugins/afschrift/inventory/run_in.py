"""Where the tasks of a source run, as its file says it; no plan rests on that.

The block `run_in` stands on lines of its own, so that those who only route tasks find it without reading
the tables, and so that the inventory's digest can leave it out: `load` shows that both read the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import StringConstraints, ValidationError

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.base import Part
from afschrift.law.manual_search import KIND as MANUAL
from afschrift.outside.limits import UnreadableError, read_file
from afschrift.outside.read_yaml import read_yaml

WORD = "run_in"
QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
PATH = re.compile(r"/.+")
_BLOCK = re.compile(rb"^run_in[ \t]*:.*\n?(?:(?:[ \t]*(?:#.*)?\r?\n)*[ \t]+[^\s#].*\n?)*", re.MULTILINE)
_HEAD = re.compile(rb"^(?:source|kind)[ \t]*:.*$", re.MULTILINE)


class RunIn(Part):
    """Where tasks run that read a source alone.

    Attributes:
        queue: of workers that reach it; none: Airflow's default queue.
        pool: of Airflow, and how many read it at once; none: `afschrift_<source>`, where there is one.
        pod_template_file: of KubernetesExecutor: an absolute path, as the scheduler sees it.
    """

    queue: Annotated[str, StringConstraints(pattern=f"^{QUEUE.pattern}$")] | None = None
    pool: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    pod_template_file: Annotated[str, StringConstraints(pattern=f"^{PATH.pattern}$")] | None = None


def without(read: bytes) -> bytes:
    """A file of the inventory without the block: what a plan rests on."""
    return _BLOCK.sub(b"", read)


def says(read: bytes) -> bool:
    """Whether a file has the block."""
    return _BLOCK.search(read) is not None


def stands_apart(read: bytes, data: dict[str, Any]) -> bool:
    """Whether the quick reading of a file says what all of it says, and the rest says the same without it.

    Args:
        read: the file of a source.
        data: what all of it says.
    """
    try:
        rest, alone = read_yaml(without(read)), _head(read)
    except UnreadableError:
        return False
    return bool(
        rest == {word: value for word, value in data.items() if word != WORD}
        and alone == {word: data[word] for word in ("source", "kind", WORD) if word in data}
    )


def declared(folder: Path) -> dict[str, RunIn]:
    """What each source of an inventory says; its tables are not read. Empty: no source says anything.

    Raises:
        ConfigurationError: a file that says it cannot be read.
    """
    files = {path: read_file(path) for path in sorted(folder.glob("*.y*ml"))}
    if not any(map(says, files.values())):
        return {}
    heads = {path: _readable(path, read) for path, read in files.items() if _HEAD.search(read)}
    return {
        head["source"]: _parsed(path, head.get(WORD, {}))
        for path, head in heads.items()
        if head.get("kind") != MANUAL and isinstance(head.get("source"), str)
    }


def _head(read: bytes) -> Any:
    """The lines `source`, `kind` and `run_in` of a file, parsed by themselves."""
    return read_yaml(b"\n".join([*_HEAD.findall(read), *_BLOCK.findall(read)]))


def _readable(path: Path, read: bytes) -> dict[str, Any]:
    try:
        head = _head(read)
    except UnreadableError:
        raise _unreadable(path) from None
    if not isinstance(head, dict):  # `source:shop`, without the space that makes it a mapping
        raise _unreadable(path)
    return head


def _parsed(path: Path, said: Any) -> RunIn:
    try:
        return RunIn.model_validate(said)
    except ValidationError:
        raise _unreadable(path) from None


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"Where the tasks of the source in {path.name} run (`run_in`) cannot be read.",
        remedy="`afschrift inventory check` says what is wrong there.",
    )
