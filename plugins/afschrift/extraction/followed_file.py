"""One file of a table, written, deflated and staged, while a follower reads it back.

Another library than the writer's reads it, from the bytes that staging encrypts. A finding stops the write.
`package` refuses a staged file with another digest, so the packed file is the one that was read here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from threading import Condition
from typing import Any, BinaryIO, Self, cast

import pyarrow as pa

from afschrift.domain.errors import RewriteError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.files import Format, ReadBack
from afschrift.domain.plan import FieldPlan
from afschrift.extraction.deflate import DeflatingSink, FileRead, read_deflated
from afschrift.formats.file_finding import FileFinding, UnreadableFileError
from afschrift.formats.validate_file import differences, require_valid

LIMIT = 1 << 20


class AbandonedError(Exception):
    """The writer gave up, so the bytes read so far are no file."""


class ByteQueue:
    """A queue between a writing and a reading thread. The faster one waits, so memory stays bounded.

    Args:
        limit: number of bytes in the queue from which the writer waits.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._ended = self._abandoned = self._unread = False
        self._changed = Condition()

    def write(self, data: bytes) -> None:
        """Append bytes; they are dropped if the reader has stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._held < self._limit or self._unread)
            if data and not self._unread:  # the reader takes an empty piece for the end
                self._pieces.append(data)
                self._held += len(data)
                self._changed.notify_all()

    def end(self) -> None:
        """Mark the end of the bytes."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Give up: the bytes so far are not a complete file."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop reading, so that the writer does not wait."""
        with self._changed:
            self._unread = True
            self._pieces.clear()
            self._changed.notify_all()

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002
        """Return the next piece as it was written, whatever its size; empty at the end.

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


LITTLE = 1 << 16
"""Up to so many deflated bytes a thread is not worth its start: they are read after all are written."""


class Follower:
    """Reads a file while it is written, in a thread unless it is small. Use as a context manager.

    Args:
        sink: takes the written bytes too.
        format_: the format, with its reader.
        path: path of the file, for findings.
        fields: the selected columns of the plan.
        forms: check whether each value has the form of its kind.
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
        """Allow reading, with the options of the file's writer."""
        self._options = options
        self._start()

    def write(self, data: object, /) -> int:
        """Hand deflated bytes to the sink and to the reader; it may lag behind by a bounded number of bytes.

        Raises:
            ValidationFailedError: the bytes written before do not read back.
        """
        piece = bytes(memoryview(data))  # type: ignore[arg-type]
        self._sink.write(piece)
        self._queue.write(piece)
        self._taken += len(piece)
        self._start()
        if self._reading is not None and self._reading.done():
            self.read()
        return len(piece)

    def _start(self) -> None:
        if self._reading is None and self._options is not None and self._taken > LITTLE:
            self._reading = self._thread.submit(self._read)

    def end(self) -> None:
        """Mark the end of the file."""
        self._queue.end()

    def read(self) -> FileRead:
        """Wait for the reader, and return the file as read.

        Raises:
            ValidationFailedError: it does not read back.
        """
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


Options = Mapping[str, str]


class CollidedError(Exception):
    """A file of the table has to be written again with other options."""

    def __init__(self, format_: str, options: Options) -> None:
        super().__init__(format_)
        self.format = format_
        self.options = options


class FollowedFile:
    """A file that is written and read back. Use as a context manager.

    Args:
        format_: writes and reads it.
        path: path below `data/`.
        raw: the staged file.
        fields: the selected columns of the plan.
        options: options that an earlier attempt asked for.
        forms: check whether each value read back has the form of its kind.
    """

    def __init__(
        self,
        format_: Format,
        path: str,
        raw: BinaryIO,
        fields: Sequence[FieldPlan],
        options: Options,
        *,
        forms: bool,
    ) -> None:
        self._format, self._path = format_, path
        with ExitStack() as stack:
            self._follower = stack.enter_context(Follower(raw, format_, path, fields, forms=forms))
            self._sink = DeflatingSink(cast(BinaryIO, self._follower), hashed=False)
            self._writer = format_.writer(cast(BinaryIO, self._sink), fields, options)
            self._follower.begin(dict(self._writer.options))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.__exit__(*exc)

    def write(self, text: pa.RecordBatch) -> None:
        """Append value forms.

        Raises:
            CollidedError: the table has to be written again.
            ValidationFailedError: the bytes written before do not read back.
        """
        try:
            self._writer.write(text)
        except RewriteError as collision:
            raise CollidedError(self._format.name, collision.options) from None

    def close(self) -> None:
        """Write the file's end; the reader may still lag behind."""
        self._writer.close()
        self._sink.finish()
        self._follower.end()

    def compare(self, rows: int, checksums: Mapping[str, str]) -> tuple[FileEntry, list[FileFinding]]:
        """Return the file's entry, and the differences between the file and what was extracted.

        Args:
            rows: number of rows extracted.
            checksums: checksums of their columns.

        Raises:
            ValidationFailedError: the file cannot be read.
        """
        read = self._follower.read()
        written = self._sink.entry(self._path, self._format.name, dict(self._writer.options))
        back = ReadBack(read.deflated_sha256, self._format.read_by)
        findings = differences(self._path, read.contents, rows, checksums)
        if (read.bytes, read.crc32) != (written.bytes, written.crc32):
            rule = "the file holds the bytes that were written"
            findings.append(FileFinding("crc32", self._path, None, None, rule))
        return replace(written, sha256=read.sha256, read_back=back), findings
