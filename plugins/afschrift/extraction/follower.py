"""Reads a file back while it is written: the bytes that staging encrypts, by another library than the writer.

What is found stops the write. `package` refuses a staged file with another digest, so what is packed is what
was read here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, Self

from afschrift.domain.file_format import Format
from afschrift.domain.plan import FieldPlan
from afschrift.extraction.byte_queue import ByteQueue
from afschrift.extraction.read_deflated import FileRead, read_deflated
from afschrift.formats.check.file_finding import UnreadableFileError
from afschrift.formats.check.validate_file import require_valid

LITTLE = 1 << 16
"""Deflated bytes up to which a thread is not worth its start: they are read once all are written."""


class Follower:
    """Reads what is written, in a thread unless it is little. Use as a context manager.

    Args:
        sink: takes what is written as well.
        format_: whose reader reads it.
        path: of the file, for what is found.
        fields: the selected columns of the plan.
        forms: whether each value is held against the form of its kind.
    """

    def __init__(
        self, sink: BinaryIO, format_: Format, path: str, fields: Sequence[FieldPlan], *, forms: bool
    ) -> None:
        self._sink, self._format, self._path = sink, format_, path
        self._fields, self._forms = fields, forms
        self._queue = ByteQueue()
        self._options: Mapping[str, str] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._reading: Future[FileRead] | None = None
        self._taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._queue.abandon()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def begin(self, options: Mapping[str, str]) -> None:
        """Read from now on, by what the file's writer says of it."""
        self._options = options
        self._start()

    def write(self, data: object, /) -> int:
        """Hand deflated bytes to the sink and to the reader, which may be behind by a bounded number.

        Raises:
            ValidationFailedError: what was written before does not read back.
        """
        piece = bytes(memoryview(data))  # type: ignore[arg-type]
        self._sink.write(piece)
        self._queue.write(piece)
        self._taken += len(piece)
        self._start()
        if self._reading is not None and self._reading.done():
            self._result()
        return len(piece)

    def _start(self) -> None:
        if self._reading is None and self._options is not None and self._taken > LITTLE:
            self._reading = self._thread.submit(self._read)

    def end(self) -> None:
        """Everything is written."""
        self._queue.end()

    def read(self) -> FileRead:
        """What was read, once all of it was.

        Raises:
            ValidationFailedError: it does not read back.
        """
        return self._result()

    def _result(self) -> FileRead:
        try:
            return self._read() if self._reading is None else self._reading.result()
        except UnreadableFileError as error:
            require_valid([error.finding(self._path)])
            raise

    def _read(self) -> FileRead:
        assert self._options is not None
        given = (self._format, self._path, self._fields, self._options)
        try:
            return read_deflated(self._queue, *given, forms=self._forms)
        finally:
            self._queue.stop()
