"""Reads a file back in a process of its own, where a reader that holds the interpreter keeps nobody waiting.

A process is started anew and not forked, since this one has threads. It gets no variable of the environment
that could hold a secret, and the bytes by a pipe; it answers with counts and digests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

import afschrift
from afschrift.domain.errors import RetriableError
from afschrift.domain.file_format import Format
from afschrift.domain.plan import FieldPlan
from afschrift.extraction.byte_queue import ByteQueue
from afschrift.extraction.read_deflated import FileRead, Pieces
from afschrift.formats.check.file_finding import UnreadableFileError

_COMMAND = (sys.executable, "-P", "-m", "afschrift.extraction.reading_process")
_KEPT = {"PATH", "HOME", "TZ", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LD_PRELOAD", "OMP_NUM_THREADS"}
_KEPT_OF = ("PYTHON", "LC_")
# beside the file's own blocks Arrow's usual pool keeps 25 MB for later
_LEAN = {"ARROW_DEFAULT_MEMORY_POOL": "system"}


@dataclass(frozen=True)
class Order:
    """What to read, before the bytes themselves; see `read_deflated`."""

    format: str
    path: str
    fields: tuple[FieldPlan, ...]
    options: dict[str, str]
    forms: bool


@dataclass(frozen=True)
class Answer:
    """What came of it: one of the three.

    Attributes:
        read: the file was read.
        unreadable: code, rule, field and row of the fault.
        failed: the name of another exception; its text may hold a value.
    """

    read: FileRead | None = None
    unreadable: tuple[str, str, str | None, int | None] | None = None
    failed: str = ""


class Held:
    """The first pieces of a file, held until it is known who reads it.

    Args:
        queue: where they come from.
    """

    def __init__(self, queue: ByteQueue) -> None:
        self._queue = queue
        self._pieces: deque[bytes] = deque()

    def more_than(self, limit: int) -> bool:
        """Whether the file has more bytes; waits until that is known."""
        size = 0
        while size <= limit and (piece := self._queue.read()):
            self._pieces.append(piece)
            size += len(piece)
        return size > limit

    def read(self, size: int = -1, /) -> bytes:
        """The next piece, from the first one."""
        return self._pieces.popleft() if self._pieces else self._queue.read(size)


def read_apart(
    source: Pieces,
    format_: Format,
    path: str,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],
    *,
    forms: bool,
) -> FileRead:
    """As `read_deflated`, in a process of its own.

    Raises:
        UnreadableFileError: as there.
        RetriableError: the process did not come to an end.
    """
    order = msgspec.json.encode(Order(format_.name, path, tuple(fields), dict(options), forms))
    with _process() as (process, to, answers):
        with suppress(BrokenPipeError):  # it stopped reading: its answer says why
            write_whole(to, len(order).to_bytes(4, "big") + order)
            while piece := source.read():
                write_whole(to, piece)
            to.close()
        text = answers.read()
        code = process.wait()
    try:
        answer = msgspec.json.decode(text, type=Answer)
    except msgspec.DecodeError:  # it was killed before it came to an answer, or in the middle of it
        answer = Answer(failed=f"exit code {code}")
    if answer.unreadable is not None:
        fault, rule, field, row = answer.unreadable
        raise UnreadableFileError(fault, rule, field=field, row=row)
    if answer.read is None:
        raise RetriableError(
            f"The process that reads {path} back did not come to an end: {answer.failed}.",
            remedy="see that the worker has room in its memory for it; then clear the failed task. If it "
            "comes back, report it.",
        )
    return answer.read


def write_whole(to: IO[bytes], data: bytes) -> None:
    """Write every byte: a pipe without a buffer may take fewer than it is given."""
    left = memoryview(data)
    while left:
        left = left[to.write(left) :]


@contextmanager
def _process() -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    """It, its input and its output; killed where the caller gives up."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_OF)}
    package = str(Path(afschrift.__path__[0]).parent)
    path = os.pathsep.join(filter(None, (package, kept.get("PYTHONPATH"))))
    process = subprocess.Popen(  # noqa: S603
        _COMMAND,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**kept, **_LEAN, "PYTHONPATH": path},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, process.stdin, process.stdout
    finally:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()
        process.wait()
