"""Cuts a stream into runs of whole records, and checks what stands around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from afschrift.formats.check.file_finding import UnreadableFileError

SEPARATOR = b",\n"
"""Between the records of an array. No line break stands inside a value: JSON strings escape it."""
_BLOCK = 1 << 19  # the objects of a larger one leave the processor's cache


def _cut(pending: bytes, block: bytes, separator: bytes) -> tuple[bytes | None, bytes]:
    """What stands before the last separator, if there is one, and behind it; few bytes are copied twice."""
    end = block.rfind(separator)
    if end >= 0:
        return b"".join((pending, memoryview(block)[:end])), block[end + len(separator) :]
    pending += block
    end = pending.rfind(separator)  # it may begin in one and end in the other
    return (None, pending) if end < 0 else (pending[:end], pending[end + len(separator) :])


def whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Runs of lines, without the last one's break.

    Raises:
        UnreadableFileError: `malformed`.
    """
    pending = b""
    while block := stream.read(max(_BLOCK, len(pending))):
        run, pending = _cut(pending, block, b"\n")
        if run is not None:
            yield run
    if pending:
        raise UnreadableFileError("malformed", "every line is ended, the last one too")


def whole_records(stream: BinaryIO) -> Iterator[bytes]:
    """Runs of `{...},` newline `{...}`; checks the brackets around them.

    Raises:
        UnreadableFileError: `malformed`.
    """
    pending = b""
    opened = False
    while block := stream.read(max(_BLOCK, len(pending))):
        if not opened:
            pending += block
            if len(pending) <= 2 or pending == b"[]\n":  # in either case more may follow
                continue
            if not pending.startswith(b"[\n"):
                raise UnreadableFileError("malformed", "the document is an array with one object a line")
            block, pending = pending[2:], b""
            opened = True
        run, pending = _cut(pending, block, SEPARATOR)
        if run is not None:
            yield run
    if not opened:
        if pending != b"[]\n":
            raise UnreadableFileError("malformed", "the document is an array with one object a line")
        return
    if not pending.endswith(b"\n]\n"):
        raise UnreadableFileError("malformed", "the array is closed at the end of the file")
    yield pending[:-3]
