"""What one thread writes is read by another, so that the parts of a delivery go at once.

Ciphers, digests and disks leave Python's lock while they work.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Any, BinaryIO, cast

_CHUNK = 1 << 18
_AHEAD = 4
"""Chunks that wait to be read; more would only take memory."""


class _Pipe(io.RawIOBase):
    """What is written waits in a queue; once no one reads any more, writing fails."""

    def __init__(self) -> None:
        self.waiting: Queue[bytes | BaseException | None] = Queue(_AHEAD)
        self.is_left = False

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any) -> int:
        if self.is_left:
            raise BrokenPipeError
        self.waiting.put(bytes(chunk))
        return len(chunk)


def written_by(write: Callable[[BinaryIO], None]) -> Generator[bytes]:
    """Yield what a function writes, in chunks, while it runs in a thread of its own.

    Its error is raised here. Where the reader stops early, the function is ended at its next write.
    """
    pipe = _Pipe()

    def run() -> None:
        error = None
        try:
            sink = io.BufferedWriter(pipe, _CHUNK)
            write(cast(BinaryIO, sink))
            sink.flush()
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


class Chunks(io.RawIOBase):
    """A file over chunks, which are not joined; to be read under a buffer of their size."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
