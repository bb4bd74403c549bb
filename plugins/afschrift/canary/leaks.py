"""Looks for planted values where none may stand in clear, in every form that gives them away."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from sqlalchemy import select

from afschrift.audit.sentences import sentence
from afschrift.domain.event import Header
from afschrift.inventory.run_in import CANARY
from afschrift.register.database.database import Database
from afschrift.register.database.tables import metadata
from afschrift.register.database.written import listening

LEAST = 8
"""Characters of a value that is looked for: a shorter one stands somewhere by chance."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d:\d\d(:\d\d.*)?")


def telling(value: str) -> bool:
    """Whether a value can be nothing but the one planted: long enough, and no day or time."""
    return len(value) >= LEAST and _MOMENT.fullmatch(value) is None


def forms(value: str) -> dict[str, bytes]:
    """The bytes that give a value away: what every text around it leaves unchanged."""
    plain = value.encode()
    found = {
        "utf-8": plain,
        "lower case": value.lower().encode(),
        "upper case": value.upper().encode(),
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "url": "".join(f"%{byte:02X}" for byte in plain).encode(),
        "utf-16 in JSON": "\\u0000".join(value).encode(),
        "utf-16 in a repr": "\\x00".join(value).encode(),
        "url, lower case": "".join(f"%{byte:02x}" for byte in plain).encode(),
    }
    for before in range(3):
        # Of the characters at both ends, some bits belong to the neighbours.
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        padded = b"\0" * before + plain
        found[f"base64, {before} before"] = base64.b64encode(padded)[first:last]
        found[f"base64 for URLs, {before} before"] = base64.urlsafe_b64encode(padded)[first:last]
    return found


def _texts_in(value: str) -> Iterator[str]:
    """A value; of a JSON document the texts in it, which a log may write with other signs around them."""
    if not value.startswith(("{", "[")):
        yield value
        return
    try:
        left: list[Any] = [json.loads(value)]
    except ValueError:
        yield value
        return
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str):
            yield one


class Needles:
    """The values of a canary that are looked for, in every form that gives them away."""

    def __init__(self, values: Iterable[str], known: Collection[bytes] = ()) -> None:
        """Choose among values.

        Args:
            values: that were planted.
            known: texts that everybody may see, such as the files of the data map: what stands there is no
                needle, a code for example.
        """
        parts = dict.fromkeys(part for value in values for part in _texts_in(value))
        told = [one for one in parts if telling(one)]
        self._values = [one for one in told if not any(one.encode() in text for text in known)]
        self._forms = [tuple(dict.fromkeys(forms(one).values())) for one in self._values]

    def __contains__(self, value: object) -> bool:
        return value in self._values

    def __len__(self) -> int:
        return len(self._values)

    def in_(self, *contents: bytes) -> int:
        """How many of the values stand in some contents, in whatever form."""
        return sum(any(form in one for form in of for one in contents) for of in self._forms)


START = "canary #"
"""How the lines of a check begin in a log: they tell of its own register, and are no lines of the trail."""


@dataclass
class Said:
    """What a check said and handed on, to be searched afterwards."""

    log: StringIO = field(default_factory=StringIO, repr=False)
    handed_on: list[str] = field(default_factory=list, repr=False)

    def also(self, log: Callable[[str], None]) -> Callable[[str], None]:
        """A log that keeps each line too."""

        def both(line: str) -> None:
            print(line, file=self.log)
            log(line)

        return both


@contextmanager
def heard(said: Said, log: Callable[[str], None]) -> Iterator[None]:
    """Keep all that is logged meanwhile; the events of the check are lines too, as of any run."""

    def line(header: Header, payload: dict[str, Any]) -> None:
        log(f"{START}{header.seq} {header.type}: {sentence(header, payload)}")

    handler = logging.StreamHandler(said.log)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        with listening(line):
            yield
    finally:
        root.removeHandler(handler)


def places(said: Said, database: Database, folder: Path) -> dict[str, list[bytes]]:
    """Name of a place -> what stands there.

    Args:
        said: by the run.
        database: of its register.
        folder: with all that was made for it: the register's files, and `staging`.
    """
    return {
        "log": as_bytes([said.log.getvalue()]),
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
