"""What one thread writes is read by another, so that the parts of a delivery go at once.

Ciphers, digests and disks leave Python's lock while they work.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import BinaryIO, cast

_CHUNK = 1 << 18
_AHEAD = 4
"""Chunks that wait to be read; more would only take memory."""


class _Pipe:
    """What is written waits in a queue, and large chunks are not copied; without a reader, writing fails."""

    def __init__(self) -> None:
        self.waiting: Queue[bytes | BaseException | None] = Queue(_AHEAD)
        self.is_left = False
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, chunk: bytes) -> int:
        self._parts.append(chunk)
        self._size += len(chunk)
        if self._size >= _CHUNK:
            self.flush()
        return len(chunk)

    def flush(self) -> None:
        if self.is_left:
            raise BrokenPipeError
        self.waiting.put(b"".join(self._parts))
        self._parts, self._size = [], 0


def written_by(write: Callable[[BinaryIO], None]) -> Generator[bytes]:
    """Yield what a function writes, in chunks, while it runs in a thread of its own.

    Its error is raised here. Where the reader stops early, the function is ended at its next write.
    """
    pipe = _Pipe()

    def run() -> None:
        error = None
        try:
            write(cast(BinaryIO, pipe))
            pipe.flush()
        except BaseException as raised:
            error = raised
        pipe.waiting.put(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        while isinstance(chunk := pipe.waiting.get(), bytes):
            yield chunk
        if chunk is not None:
            raise chunk
    finally:
        pipe.is_left = True
        while thread.is_alive():
            with suppress(Empty):
                pipe.waiting.get(timeout=0.01)


class Chunks:
    """A file over chunks, which is read up to the end of a chunk at most: one of that size is not copied."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._chunk, self._at = chunks, b"", 0

    def read(self, size: int) -> bytes:
        if self._at >= len(self._chunk):
            self._chunk, self._at = next(self._chunks, b""), 0
        start, self._at = self._at, self._at + size
        return self._chunk[start : self._at]
