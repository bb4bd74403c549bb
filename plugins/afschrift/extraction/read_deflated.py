"""Reads a file as it goes into staging: deflated. What it holds, and digests of all that passed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, cast

from isal import isal_zlib

from afschrift.domain.file_format import Format
from afschrift.domain.plan import FieldPlan
from afschrift.extraction.deflate import CHUNK, DeflateError, InflatingReader
from afschrift.formats.check.file_finding import UnreadableFileError
from afschrift.formats.check.validate_file import FileContents, read_contents


@dataclass(frozen=True)
class FileRead:
    """A file as it was read.

    Attributes:
        contents: what it holds.
        bytes, sha256, crc32: of the plain content.
        deflated_sha256: of the content as it came.
    """

    contents: FileContents
    bytes: int
    sha256: str
    crc32: int
    deflated_sha256: str


class Pieces(Protocol):
    """Where the bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next ones; empty at the end."""


def read_deflated(
    source: Pieces,
    format_: Format,
    path: str,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],
    *,
    forms: bool,
) -> FileRead:
    """Read a deflated file to its end.

    Args:
        source: raw deflate (RFC 1951), read once from the start.
        format_: whose reader reads it.
        path: of the file, for what is found.
        fields: the selected columns of the plan.
        options: of the file.
        forms: whether each value is held against the form of its kind.

    Raises:
        UnreadableFileError: it is not one deflate stream, or the reader cannot go on.
    """
    deflated = _Hashed(source)
    inflating = InflatingReader(cast(BinaryIO, deflated))
    plain = _Plain(io.BufferedReader(inflating, CHUNK))
    try:
        contents = read_contents(format_, path, cast(BinaryIO, plain), fields, options, forms=forms)
        while plain.read(CHUNK):
            pass
    except DeflateError:
        raise _no_deflate() from None
    if deflated.read() or not inflating.whole:
        raise _no_deflate()
    return FileRead(contents, plain.bytes, plain.digest.hexdigest(), plain.crc32, deflated.digest.hexdigest())


def _no_deflate() -> UnreadableFileError:
    return UnreadableFileError("malformed", "the staged file is one deflate stream, and nothing beside it")


class _Hashed:
    """Passes pieces on and keeps their digest."""

    def __init__(self, source: Pieces) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        piece = self._source.read(size)
        self.digest.update(piece)
        return piece


class _Plain(io.RawIOBase):
    """Passes the plain content on and keeps its size, SHA-256 and CRC-32."""

    def __init__(self, source: Any) -> None:
        super().__init__()
        self._source = source
        self.digest = hashlib.sha256()
        self.bytes = self.crc32 = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        block: bytes = self._source.read(size)
        self.digest.update(block)
        self.crc32 = isal_zlib.crc32(block, self.crc32)
        self.bytes += len(block)
        return block
