"""Cuts a stream into runs of whole records, and checks what stands around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from afschrift.formats.check.file_finding import UnreadableFileError

SEPARATOR = b",\n"
"""Between the records of an array. No line break stands inside a value: JSON strings escape it."""
_BLOCK = 1 << 19  # the objects of a larger one leave the processor's cache


def whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Runs of lines, without the last one's break.

    Raises:
        UnreadableFileError: `malformed`.
    """
    pending = b""
    while block := stream.read(max(_BLOCK, len(pending))):
        pending += block
        end = pending.rfind(b"\n")
        if end >= 0:
            yield pending[:end]
            pending = pending[end + 1 :]
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
        pending += block
        if not opened and len(pending) > 2:
            if pending.startswith(b"[]\n"):
                break
            if not pending.startswith(b"[\n"):
                raise UnreadableFileError("malformed", "the document is an array with one object a line")
            pending = pending[2:]
            opened = True
        end = pending.rfind(SEPARATOR)
        if opened and end >= 0:
            yield pending[:end]
            pending = pending[end + len(SEPARATOR) :]
    if not opened:
        if pending != b"[]\n":
            raise UnreadableFileError("malformed", "the document is an array with one object a line")
        return
    if not pending.endswith(b"\n]\n"):
        raise UnreadableFileError("malformed", "the array is closed at the end of the file")
    yield pending[:-3]
