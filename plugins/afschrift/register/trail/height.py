"""How far the trail came, kept beside the keys, where SQL on the register's database cannot write.

It is moved on after each commit and asked at each gate. A register that lacks the event it names was set
back, or another one was put in its place.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, bindparam, func, select

from afschrift.app.private_files import FILE_MODE
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import Header
from afschrift.register.database.trail_tables import event, segment
from afschrift.register.trail.differences import Difference
from afschrift.register.trail.own_events import WITH_CODE, Acts, Keys, acts, last_own, without_code
from afschrift.register.trail.segments import register_id
from afschrift.register.trail.trail import header_of

_AT = WITH_CODE.where(event.c.seq == bindparam("seq"))
_LAST_DROPPED = select(func.max(segment.c.last_seq))
_BYTES = 160
"""Of the file, which is written over in place: one block, so that no reader sees half of it."""


@dataclass(frozen=True, order=True)
class Height:
    """How far a trail came.

    Attributes:
        restorations: how many of them were signed before: each begins a new count.
        seq, head: sequence number and digest of the service's last event.
    """

    restorations: int
    seq: int
    head: str


def lacks(tx: Connection, height: Height, keys: Keys, known: Acts) -> bool:
    """Whether a register does not hold what it held once, and no restoration that was signed says why.

    The event that a height names had its code then, so one that has lost it since was tampered with.
    """
    if height.restorations > len(known.restorations):
        return True
    if height.restorations < len(known.restorations):
        return height.seq > int(known.restorations[height.restorations]["replaced"][0])
    row = known.beside
    if row is None or row.seq != height.seq:
        row = tx.execute(_AT, {"seq": height.seq}).first()
    if row is None:
        return height.seq > (tx.scalar(_LAST_DROPPED) or 0)
    return header_of(row).digest() != height.head or without_code(row, height.head, keys)


def reached(tx: Connection, keys: Keys) -> Height | None:
    """How far a trail came: to the last event with a code that holds; None: it has none."""
    last = last_own(tx, None, keys)
    return Height(len(acts(tx, keys).restorations), last.seq, last.digest()) if last else None


class KeptHeight:
    """The height of one register in a file beside the keys."""

    def __init__(self, keys_file: Path, register: str) -> None:
        """Name the place; nothing is opened.

        Args:
            keys_file: of the installation.
            register: the register's id.
        """
        self.path = keys_file.with_name(f".{keys_file.name}.height-{register[:16]}")

    def read(self) -> Height | None:
        """The height; None: none was kept here yet.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(str(error.strerror)) from None
        try:
            return Height(**json.loads(content)) if content.strip() else None
        except (ValueError, TypeError):
            raise self._unreadable("it has another form") from None

    def keep(self, height: Height) -> bool:
        """Move on to a height, never back; False: nothing can be written here."""
        with suppress(OSError, ConfigurationError), self._locked() as file:
            known = self.read()
            if known is None or known < height:
                file.write(json.dumps(asdict(height)).ljust(_BYTES - 1).encode() + b"\n")
            return True
        return False

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, FILE_MODE), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _unreadable(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"How far the trail came, kept in {self.path}, cannot be read: {why}.",
            remedy="compare with your witness first (`afschrift audit verify`); then remove that file, and "
            "the next event makes it anew.",
        )


class BesideKeys:
    """Finds where the height of a register is kept."""

    def __init__(self, keys_file: Path | None) -> None:
        """`keys_file`: of the installation; None: the keys lie in no file, and nothing beside them."""
        self._keys_file = keys_file
        self._kept: KeptHeight | None = None

    def of(self, tx: Connection) -> KeptHeight | None:
        """The place for the register that a transaction is on; None: there is none, or no event yet."""
        if self._kept is None and self._keys_file and (register := register_id(tx)):
            self._kept = KeptHeight(self._keys_file, register)
        return self._kept

    def seq(self, tx: Connection) -> int:
        """Number of the event that the kept height names; 0: none can be read."""
        kept = self.of(tx)
        with suppress(ConfigurationError):
            if kept is not None and (height := kept.read()):
                return height.seq
        return 0

    def after(self, tx: Connection, last: Header, keys: Keys, known: Acts | None) -> Callable[[], object]:
        """What moves the height on to an event once its transaction is committed.

        Where the register lacks the height that is known, or that cannot be read, it stays as it is.

        `known`: acts of the register; None: they are read.
        """
        kept = self.of(tx)
        if kept is None:
            return nothing
        try:
            before = kept.read()
        except ConfigurationError:
            return nothing
        known = acts(tx, keys, before.seq if before else 0) if known is None else known
        if before is not None and lacks(tx, before, keys, known):
            return nothing
        height = Height(len(known.restorations), last.seq, last.digest())
        return lambda: kept.keep(height)


def nothing() -> None:
    """Nothing is to be done."""


def set_back(tx: Connection, height: Height, keys: Keys, known: Acts | None = None) -> tuple[Difference, ...]:
    """A difference where a register lacks a height."""
    known = acts(tx, keys, height.seq) if known is None else known
    return (Difference("register_set_back", height.seq),) if lacks(tx, height, keys, known) else ()
