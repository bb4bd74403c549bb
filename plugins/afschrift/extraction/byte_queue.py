"""Bytes from one thread to another, a bounded number at a time."""

from __future__ import annotations

from collections import deque
from threading import Condition

LIMIT = 1 << 20


class AbandonedError(Exception):
    """Whoever wrote has given up; what was read is nothing."""


class ByteQueue:
    """One thread writes, one reads. Whoever is ahead waits, so memory stays bounded.

    Args:
        limit: as soon as so many bytes wait, the next writer waits too.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._ended = self._abandoned = self._unread = False
        self._changed = Condition()

    def write(self, data: bytes) -> None:
        """Hand over; nobody takes it where the reader has stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._held < self._limit or self._unread)
            if data and not self._unread:  # an empty piece would be the end to whoever reads
                self._pieces.append(data)
                self._held += len(data)
                self._changed.notify_all()

    def end(self) -> None:
        """Nothing comes any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Nothing comes any more, and what came is not whole."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody reads any more, so nobody waits for that."""
        with self._changed:
            self._unread = True
            self._pieces.clear()
            self._changed.notify_all()

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002
        """The next piece as it was written, whatever its size; empty at the end.

        Raises:
            AbandonedError: the writer gave up.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._ended or self._abandoned)
            if self._abandoned:
                raise AbandonedError
            if not self._pieces:
                return b""
            piece = self._pieces.popleft()
            self._held -= len(piece)
            self._changed.notify_all()
            return piece
