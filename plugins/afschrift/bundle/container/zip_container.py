"""A bundle as a ZIP file. Refused before anything is unpacked if programs could read it differently."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from afschrift.bundle.container.container import RefusedContainerError, UnpackLimits, check_names
from afschrift.bundle.container.report import Code, Problem, problem

READ_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What `zipfile` raises on a damaged or hostile file."""

_LOCAL = struct.Struct("<4s5H3I2H")
_STREAMED, _ENCRYPTED = 0x8, 0x1 | 0x40
# A data descriptor: with or without its signature, with 4-byte or 8-byte sizes.
_DESCRIPTORS = frozenset({12, 16, 20, 24})


class ZipContainer:
    """The bag in a ZIP file, member by member, nothing written to disk."""

    def __init__(self, file: BinaryIO, limits: UnpackLimits) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except READ_ERRORS:
            raise RefusedContainerError(problem(Code.NOT_A_BUNDLE)) from None
        infos = self._zip.infolist()
        packed = file.seek(0, os.SEEK_END)
        _check_sizes(infos, packed, limits)
        problems = [found for info in infos for found in _check_member(info)]
        names = [info.filename for info in infos]
        problems += check_names(names)
        if not problems and not _gapless(file, self._zip, infos, packed):
            problems.append(problem(Code.DAMAGED_ZIP))
        roots = {name.split("/")[0] for name in names}
        if len(roots) != 1 or not all("/" in name for name in names):
            problems.append(problem(Code.NOT_ONE_FOLDER))
        if problems:
            raise RefusedContainerError(*problems)
        self._root = f"{roots.pop()}/"
        self.members: Mapping[str, int] = {
            info.filename.removeprefix(self._root): info.file_size for info in infos
        }

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a member; it never gives more bytes than its declared size."""
        with self._zip.open(self._root + path) as stream:
            yield cast(BinaryIO, stream)


def _check_sizes(infos: list[zipfile.ZipInfo], packed: int, limits: UnpackLimits) -> None:
    total = sum(info.file_size for info in infos)
    if len(infos) > limits.files:
        raise RefusedContainerError(problem(Code.TOO_MANY_FILES))
    if total > limits.total or (total > limits.free and total > packed * limits.ratio):
        raise RefusedContainerError(problem(Code.TOO_LARGE))


def _check_member(info: zipfile.ZipInfo) -> Iterator[Problem]:
    if info.filename != info.orig_filename:
        # zipfile cuts a name at NUL; other programs do not.
        yield problem(Code.UNSAFE_NAME, info.orig_filename)
    if info.flag_bits & _ENCRYPTED:
        yield problem(Code.ENCRYPTED, info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir() or kind not in (0, stat.S_IFREG):
        yield problem(Code.SPECIAL_FILE, info.filename)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield problem(Code.DAMAGED_ZIP, info.filename)


def _gapless(file: IO[bytes], archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], packed: int) -> bool:
    """Whether the members lie end to end from the first byte, and the directory ends the file.

    Overlapping members are the cheapest bomb; bytes between, before or after them can hold a second
    ZIP file that another program reads instead.
    """
    file.seek(max(packed - 22, 0))
    if not file.read(22).startswith(b"PK\x05\x06"):
        return False
    position = 0
    streamed = False
    for info in sorted(infos, key=lambda i: i.header_offset):
        if not _follows(info.header_offset, position, streamed):
            return False
        file.seek(info.header_offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
            return False
        fields = _LOCAL.unpack(header)
        streamed = bool(fields[2] & _STREAMED)
        position = info.header_offset + _LOCAL.size + fields[9] + fields[10] + info.compress_size
    return _follows(archive.start_dir, position, streamed)


def _follows(start: int, position: int, streamed: bool) -> bool:
    return start == position or (streamed and start - position in _DESCRIPTORS)
