"""The height: how far the trail came, kept next to the keys, where SQL on the database cannot write.

It is advanced after each commit and compared at each gate. A register that lacks the event that the height
names was set back to an older state, or replaced by another register.
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
"""Fixed size of the file. It is overwritten in place, within one block, so no reader sees half of it."""


@dataclass(frozen=True, order=True)
class Height:
    """How far a trail came.

    Attributes:
        restorations: how many restorations were signed before; each begins a new count of heights.
        seq, head: sequence number and digest of the service's last event.
    """

    restorations: int
    seq: int
    head: str


def lacks(tx: Connection, height: Height, keys: Keys, known: Acts) -> bool:
    """Whether a register lacks an event that it had, and no signed restoration explains it.

    The event that a height names had its code then: without one now, it was tampered with.
    """
    if height.restorations > len(known.restorations):
        return True
    if height.restorations < len(known.restorations):
        return height.seq > int(known.restorations[height.restorations]["replaced"][0])
    row = known.also
    if row is None or row.seq != height.seq:
        row = tx.execute(_AT, {"seq": height.seq}).first()
    if row is None:
        return height.seq > (tx.scalar(_LAST_DROPPED) or 0)
    return header_of(row).digest() != height.head or without_code(row, height.head, keys)


def reached(tx: Connection, keys: Keys) -> Height | None:
    """The height of a trail, by its last event with a valid code; None: there is none."""
    last = last_own(tx, None, keys)
    return Height(len(acts(tx, keys).restorations), last.seq, last.digest()) if last else None


class HeightFile:
    """The file next to the keys that holds the height of a register."""

    def __init__(self, keys_file: Path, register: str) -> None:
        """Compute the path; nothing is opened.

        Args:
            keys_file: of the installation.
            register: the register's id.
        """
        self.path = keys_file.with_name(f".{keys_file.name}.height-{register[:16]}")

    def read(self) -> Height | None:
        """The height; None: there is no file yet.

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
        """Advance to a height, never back; False: the file cannot be written."""
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
            "the next event makes a new one.",
        )


class HeightKeeper:
    """Finds the height file of a register and advances it."""

    def __init__(self, keys_file: Path | None) -> None:
        """`keys_file`: of the installation; None: the keys are in no file, and no height is kept."""
        self._keys_file = keys_file
        self._kept: HeightFile | None = None

    def of(self, tx: Connection) -> HeightFile | None:
        """The height file of the transaction's register; None: there is none, or the trail has no event."""
        if self._kept is None and self._keys_file and (register := register_id(tx)):
            self._kept = HeightFile(self._keys_file, register)
        return self._kept

    def seq(self, tx: Connection) -> int:
        """Number of the event that the kept height names; 0: there is none, or it cannot be read."""
        kept = self.of(tx)
        with suppress(ConfigurationError):
            if kept is not None and (height := kept.read()):
                return height.seq
        return 0

    def after(self, tx: Connection, last: Header, keys: Keys, known: Acts | None) -> Callable[[], object]:
        """A function that advances the height to an event; to be called after the commit.

        If the register lacks the kept height, or that cannot be read, the height stays: advancing it would
        hide that the register was set back.

        `known`: acts of the register; None: they are read.
        """
        kept = self.of(tx)
        if kept is None:
            return do_nothing
        try:
            before = kept.read()
        except ConfigurationError:
            return do_nothing
        known = acts(tx, keys, before.seq if before else 0) if known is None else known
        if before is not None and lacks(tx, before, keys, known):
            return do_nothing
        height = Height(len(known.restorations), last.seq, last.digest())
        return lambda: kept.keep(height)


def do_nothing() -> None:
    """Leave the height as it is."""


def set_back(tx: Connection, height: Height, keys: Keys, known: Acts | None = None) -> tuple[Difference, ...]:
    """A difference if a register lacks a height; else nothing."""
    known = acts(tx, keys, height.seq) if known is None else known
    return (Difference("register_set_back", height.seq),) if lacks(tx, height, keys, known) else ()
