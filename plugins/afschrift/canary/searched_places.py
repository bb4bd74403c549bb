"""The places in which a value of the canary may not stand in clear, as they are after it asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from afschrift.audit.sentences import sentence
from afschrift.domain.event import Header
from afschrift.inventory.run_in import CANARY
from afschrift.register.database.columns import metadata
from afschrift.register.database.database import Database
from afschrift.register.database.followed import followed

START = "canary #"
"""How the lines of a check begin in a log: they tell of its own register, and are no lines of the trail."""


@dataclass
class Said:
    """What a check said and handed on, to be searched afterwards."""

    lines: list[str] = field(default_factory=list, repr=False)
    handed_on: list[str] = field(default_factory=list, repr=False)

    def also(self, log: Callable[[str], None]) -> Callable[[str], None]:
        """A log that keeps each line too."""

        def both(line: str) -> None:
            self.lines.append(line)
            log(line)

        return both


@contextmanager
def heard(said: Said, log: Callable[[str], None]) -> Iterator[None]:
    """Keep all that is logged meanwhile; the events of the check are lines too, as of any run."""

    def line(header: Header, payload: dict[str, Any]) -> None:
        log(f"{START}{header.seq} {header.type}: {sentence(header, payload)}")

    handler = _Keeping(said.lines)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        with followed(line):
            yield
    finally:
        root.removeHandler(handler)


class _Keeping(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


def places(said: Said, database: Database, folder: Path) -> dict[str, list[bytes]]:
    """Name of a place -> what stands there.

    Args:
        said: by the run.
        database: of its register.
        folder: with all that was made for it: the register's files, and `staging`.
    """
    return {
        "log": as_bytes(said.lines),
        "handed on": as_bytes(said.handed_on),
        "register": [*in_clear(database), *_raw(folder, "register*")],
        "staged files": list(_raw(folder, "staging/**/*")),
        "names of files": as_bytes(str(path.relative_to(folder)) for path in folder.rglob("*")),
    }


def in_clear(database: Database) -> Iterator[bytes]:
    """Every value of every table as it stands there, a table at a time."""
    with database.read() as connection:
        for table in metadata.sorted_tables:
            values = [value for row in connection.execute(select(table)) for value in row]
            yield b"\n".join(one if isinstance(one, bytes) else str(one).encode() for one in values)


def _raw(folder: Path, pattern: str) -> Iterator[bytes]:
    return (path.read_bytes() for path in folder.glob(pattern) if path.is_file())


def as_bytes(texts: Iterable[str]) -> list[bytes]:
    """Texts as one content, a line each."""
    return ["\n".join(texts).encode("utf-8", "surrogatepass")]


def known_texts(inventory: Path) -> list[bytes]:
    """The files of a data map, whose words are no secret."""
    return [path.read_bytes() for path in inventory.glob("*.y*ml") if path.name != CANARY]
