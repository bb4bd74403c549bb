"""A bundle as a ZIP file or as an unpacked folder, read without trusting a single name or size in it."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from afschrift.bundle.container import layout
from afschrift.bundle.container.report import BundleProblem, Flaw, problem
from afschrift.bundle.container.zip_records import Entry, central_header, end_records, read_local_header

_CHUNK = 1 << 16


@dataclass(frozen=True)
class UnpackLimits:
    """Limits on what a verification unpacks.

    Attributes:
        files: number of files.
        total: bytes of all files.
        ratio: unpacked to packed bytes, for more than `free` bytes; text by our own packer stays below 200.
        free: bytes up to which any ratio is harmless.
        document: bytes of a file that is read into memory.
    """

    files: int = 100_000
    total: int = 200 * 10**9
    ratio: int = 400
    free: int = 256 * 1024**2
    document: int = 64 * 1024**2


class RefusedContainerError(Exception):
    """The container is not read any further; the problems say why."""

    def __init__(self, *problems: BundleProblem) -> None:
        super().__init__("the container was refused")
        self.problems = problems


class Container(Protocol):
    """The files of one bag.

    Attributes:
        root: name of the only folder in a ZIP file; None for a folder, which its owner may rename.
        members: path below the root -> declared size.
    """

    root: str | None
    members: Mapping[str, int]

    def read(self, path: str) -> Iterator[bytes]:
        """Read a member in chunks, never more than its declared size.

        Raises:
            RefusedContainerError: at its end at the latest, if it is not what the container declares.
        """


class FolderContainer:
    """An unpacked bag. Links are never followed."""

    root: str | None = None

    def __init__(self, folder: Path, limits: UnpackLimits) -> None:
        self._folder = folder
        members: dict[str, int] = {}
        problems = list(self._list(members, limits))
        problems += check_names(members)
        self.members: Mapping[str, int] = members
        if problems:
            raise RefusedContainerError(*problems)

    def _list(self, members: dict[str, int], limits: UnpackLimits) -> Iterator[BundleProblem]:
        for parent, folders, files in os.walk(self._folder):
            for name in sorted([*folders, *files]):
                path = Path(parent, name)
                relative = path.relative_to(self._folder).as_posix()
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    members[relative] = found.st_size
                elif not stat.S_ISDIR(found.st_mode):
                    yield problem(Flaw.SPECIAL_FILE, relative)
            if len(members) > limits.files:
                raise RefusedContainerError(problem(Flaw.TOO_MANY_FILES))
        if sum(members.values()) > limits.total:
            yield problem(Flaw.TOO_LARGE)

    def read(self, path: str) -> Iterator[bytes]:
        """Read a file in chunks.

        Raises:
            RefusedContainerError: it cannot be read, or its size changed since the folder was listed.
        """
        left = self.members[path]
        try:
            descriptor = os.open(self._folder / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(descriptor, "rb") as stream:
                while chunk := stream.read(min(left, _CHUNK) or 1):
                    left -= len(chunk)
                    if left < 0:
                        break
                    yield chunk
        except OSError:
            raise RefusedContainerError(problem(Flaw.UNREADABLE, path)) from None
        if left:
            raise RefusedContainerError(problem(Flaw.CHANGED, path))


def check_names(paths: Collection[str]) -> Iterator[BundleProblem]:
    """Find names that lead out of the folder, or that some system takes for another name."""
    for path in paths:
        if not layout.is_safe(path):
            yield problem(Flaw.UNSAFE_NAME, path)
    for path in layout.collisions(paths):
        yield problem(Flaw.COLLIDING_NAME, path)


class ZipContainer:
    """The bag in a ZIP file, exactly as our writer writes it; any other ZIP file is refused unopened.

    A ZIP file has each property of a member twice, and programs differ in which one they use. So the file is
    read once, from its first byte to its last: each local header gives the start of the next one, and the
    bytes of the directory and the end records are computed from the headers and compared.
    """

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
        """Read a member in chunks; only when all have come is the content checked.

        Raises:
            RefusedContainerError: its stream ends in the wrong place, or size or CRC-32 differ.
        """
        try:
            yield from _inflate(self._file, self._entries[path])
        except (ValueError, OSError, zlib.error):
            raise RefusedContainerError(problem(Flaw.DAMAGED_ZIP, path)) from None


def _entries(file: BinaryIO, limits: UnpackLimits) -> list[Entry]:
    """All members, after everything in the file but their content was checked."""
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
    """The members, which follow each other from the first byte on, in the order of their names."""
    offset, last = 0, b""
    try:
        while entry := read_local_header(file, offset):
            offset = entry.end
            if entry.name <= last or offset > packed:
                raise ValueError("a member is out of order, or ends after the file")
            last = entry.name
            yield entry
    except ValueError:
        raise RefusedContainerError(problem(Flaw.DAMAGED_ZIP)) from None


def _check_directory(file: BinaryIO, entries: list[Entry]) -> None:
    """Check that directory and end records are those of these members, and that nothing follows."""
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


def _inflate(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """Inflate a member in flat memory; never more than the size that it declares."""
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
