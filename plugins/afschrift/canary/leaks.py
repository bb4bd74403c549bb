"""Search for planted values in places that may hold none in clear, in every encoding that reveals them."""

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
"""Shortest value that is searched for, in characters: a shorter one occurs by chance."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d:\d\d(:\d\d.*)?")


def is_distinctive(value: str) -> bool:
    """Whether a value can only be the planted one: long enough, and no date or time."""
    return len(value) >= LEAST and _MOMENT.fullmatch(value) is None


def forms(value: str) -> dict[str, bytes]:
    """Return the encodings of a value, as bytes that do not depend on the text around it."""
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
        # In Base64 the characters at both ends share bits with the neighbouring bytes: they are cut off. The
        # three offsets are the positions of the value in a group of three bytes.
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        padded = b"\0" * before + plain
        found[f"base64, {before} before"] = base64.b64encode(padded)[first:last]
        found[f"base64 for URLs, {before} before"] = base64.urlsafe_b64encode(padded)[first:last]
    return found


def _texts_in(value: str) -> Iterator[str]:
    """Yield a value; for a JSON document its texts, since a log may write the document differently."""
    if not value.startswith(("{", "[")):
        yield value
        return
    try:
        left: list[Any] = [json.loads(value)]
    except ValueError:
        yield value
        return
    while left:
        node = left.pop()
        if isinstance(node, dict):
            left += node.values()
        elif isinstance(node, list):
            left += node
        elif isinstance(node, str):
            yield node


class Needles:
    """The values of a canary to search for, in every encoding that would reveal them."""

    def __init__(self, values: Iterable[str], known: Collection[bytes] = ()) -> None:
        """Select the distinctive values.

        Args:
            values: the planted values.
            known: public texts, such as the files of the data map: a value in them, such as a code, proves no
                leak and is left out.
        """
        parts = dict.fromkeys(part for value in values for part in _texts_in(value))
        distinctive = [part for part in parts if is_distinctive(part)]
        self._values = [part for part in distinctive if not any(part.encode() in text for text in known)]
        self._forms = [tuple(dict.fromkeys(forms(value).values())) for value in self._values]

    def __contains__(self, value: object) -> bool:
        return value in self._values

    def __len__(self) -> int:
        return len(self._values)

    def in_(self, *contents: bytes) -> int:
        """Return how many of the values occur in the contents, in any encoding."""
        return sum(any(form in text for form in of for text in contents) for of in self._forms)


START = "canary #"
"""Start of a check's lines in a log: they are events of the check's own register, not of the trail."""


@dataclass
class CheckOutput:
    """Log and step results of a check, to be searched afterwards."""

    log: StringIO = field(default_factory=StringIO, repr=False)
    results: list[str] = field(default_factory=list, repr=False)

    def tee(self, log: Callable[[str], None]) -> Callable[[str], None]:
        """Return a log function that keeps each line too."""

        def both(line: str) -> None:
            print(line, file=self.log)
            log(line)

        return both


@contextmanager
def captured_logs(output: CheckOutput, log: Callable[[str], None]) -> Iterator[None]:
    """Keep everything that is logged in the block; events of the check are logged as those of any run."""

    def line(header: Header, payload: dict[str, Any]) -> None:
        log(f"{START}{header.seq} {header.type}: {sentence(header, payload)}")

    handler = logging.StreamHandler(output.log)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        with listening(line):
            yield
    finally:
        root.removeHandler(handler)


def places(output: CheckOutput, database: Database, folder: Path) -> dict[str, list[bytes]]:
    """Return the contents of each place that a check wrote to, by the name of the place.

    Args:
        output: of the check.
        database: of its register.
        folder: of the check: the register's files, and `staging`.
    """
    return {
        "log": as_bytes([output.log.getvalue()]),
        "handed on": as_bytes(output.results),
        "register": [*table_contents(database), *_raw(folder, "register*")],
        "staged files": list(_raw(folder, "staging/**/*")),
        "names of files": as_bytes(str(path.relative_to(folder)) for path in folder.rglob("*")),
    }


def table_contents(database: Database) -> Iterator[bytes]:
    """Yield all stored values of each table."""
    with database.read() as connection:
        for table in metadata.sorted_tables:
            values = [value for row in connection.execute(select(table)) for value in row]
            yield b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


def _raw(folder: Path, pattern: str) -> Iterator[bytes]:
    return (path.read_bytes() for path in folder.glob(pattern) if path.is_file())


def as_bytes(texts: Iterable[str]) -> list[bytes]:
    """Return texts as one content, a line each."""
    return ["\n".join(texts).encode("utf-8", "surrogatepass")]


def public_texts(inventory: Path) -> list[bytes]:
    """Return the files of a data map, whose words are no secret."""
    return [path.read_bytes() for path in inventory.glob("*.y*ml") if path.name != CANARY]
