"""A bundle as a ZIP file of the one form that our writer writes; any other is refused before it is unpacked.

A ZIP file says everything twice, and programs differ in which of the two they believe. So the file is read
once, from its first byte to its last: each local header says where the next one begins, and what must stand
behind the last member, directory and end, follows from them to the byte.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from afschrift.bundle.container.container import RefusedContainerError, UnpackLimits, check_names
from afschrift.bundle.container.report import Flaw, problem
from afschrift.bundle.container.zip_records import Entry, central_header, end_records, read_local_header

_CHUNK = 1 << 16


class ZipContainer:
    """The bag in a ZIP file, member by member, nothing written to disk."""

    def __init__(self, file: BinaryIO, limits: UnpackLimits) -> None:
        self._file = file
        entries = _entries(file, limits)
        try:
            names = [entry.name.decode() for entry in entries]
        except UnicodeDecodeError:
            raise RefusedContainerError(problem(Flaw.UNSAFE_NAME)) from None
        problems = list(check_names(names))
        roots = {name.split("/")[0] for name in names}
        if len(roots) != 1 or not all("/" in name for name in names):
            problems.append(problem(Flaw.NOT_ONE_FOLDER))
        if problems:
            raise RefusedContainerError(*problems)
        self.root: str | None = roots.pop()
        self._entries = dict(zip((name.partition("/")[2] for name in names), entries, strict=True))
        self.members: Mapping[str, int] = {path: entry.size for path, entry in self._entries.items()}

    def read(self, path: str) -> Iterator[bytes]:
        """The content of a member, in chunks; believe it when the last one has come.

        Raises:
            RefusedContainerError: its stream does not end where it must, or gives something else than the
                size and CRC-32 say.
        """
        try:
            yield from _inflated(self._file, self._entries[path])
        except (ValueError, OSError, zlib.error):
            raise RefusedContainerError(problem(Flaw.DAMAGED_ZIP, path)) from None


def _entries(file: BinaryIO, limits: UnpackLimits) -> list[Entry]:
    """All members, once nothing in the file but their content is left to believe."""
    packed = file.seek(0, os.SEEK_END)
    entries: list[Entry] = []
    for entry in _local_headers(file, packed):
        entries.append(entry)
        if len(entries) > limits.files:
            raise RefusedContainerError(problem(Flaw.TOO_MANY_FILES))
    if not entries:
        raise RefusedContainerError(problem(Flaw.NOT_A_BUNDLE))
    total = sum(entry.size for entry in entries)
    if total > limits.total or (total > limits.free and total > packed * limits.ratio):
        raise RefusedContainerError(problem(Flaw.TOO_LARGE))
    _check_directory(file, entries)
    return entries


def _local_headers(file: BinaryIO, packed: int) -> Iterator[Entry]:
    """The members end to end from the first byte on, in the order of their names."""
    offset, last = 0, b""
    try:
        while entry := read_local_header(file, offset):
            offset = entry.end
            if entry.name <= last or offset > packed:
                raise ValueError("a member stands out of order, or ends behind the file")
            last = entry.name
            yield entry
    except ValueError:
        raise RefusedContainerError(problem(Flaw.DAMAGED_ZIP)) from None


def _check_directory(file: BinaryIO, entries: list[Entry]) -> None:
    """Directory and end are those of these members, and nothing stands behind them."""
    start, size = entries[-1].end, 0
    file.seek(start)
    for entry in entries:
        expected = central_header(entry)
        if file.read(len(expected)) != expected:
            raise RefusedContainerError(problem(Flaw.DAMAGED_ZIP, entry.name.decode(errors="replace")))
        size += len(expected)
    end = end_records(len(entries), size, start)
    if file.read(len(end) + 1) != end:
        raise RefusedContainerError(problem(Flaw.DAMAGED_ZIP))


def _inflated(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """The plain content, in flat memory; never more than the size that the member declares."""
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    position, left = entry.content_offset, entry.deflated_size
    size, crc32 = 0, 0
    packed = b""
    while not inflater.eof:
        if not packed:
            file.seek(position)
            packed = file.read(min(left, _CHUNK))
            position, left = position + len(packed), left - len(packed)
        chunk = inflater.decompress(packed, _CHUNK)
        if not packed and not chunk:
            raise ValueError("the deflate stream has no end")
        packed = inflater.unconsumed_tail
        size, crc32 = size + len(chunk), zlib.crc32(chunk, crc32)
        if size > entry.size:
            break
        yield chunk
    if (size, crc32, left, inflater.unused_data) != (entry.size, entry.crc32, 0, b""):
        raise ValueError("the deflate stream is not what the member declares")
