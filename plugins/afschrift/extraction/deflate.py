"""Raw deflate (RFC 1951) on the way into staging and out of it, with digests of the bytes.

Files are deflated once, when they are written: staging then encrypts a quarter of the bytes, and the bundle
takes the deflated content unchanged.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, cast

from isal import isal_zlib

from afschrift.domain.extracted import FileEntry
from afschrift.domain.files import Format
from afschrift.domain.plan import FieldPlan
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.formats.validate_file import FileContents, read_contents

CHUNK = 1 << 18
"""Bytes that are deflated at once; a constant, since deflate's output can depend on how its input is cut."""

_LEVEL = 1

DeflateError = cast(type[Exception], isal_zlib.error)
"""Raised on reading what is no deflate stream."""


def deflate(content: bytes | bytearray) -> bytes:
    """Deflate a small content.

    With zlib and not ISA-L: for small contents in one piece ISA-L chooses the size of its hash table each
    time, and in about one process of three hundred chooses another size, so that the same content gives other
    bytes. A step that is run again must give the same bytes.
    """
    return zlib.compress(content, level=_LEVEL, wbits=-zlib.MAX_WBITS)


class HashingSink(io.RawIOBase):
    """Passes bytes on, and computes their number and SHA-256."""

    def __init__(self, sink: BinaryIO) -> None:
        super().__init__()
        self._sink = sink
        self._hash = hashlib.sha256()
        self.bytes = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: object, /) -> int:
        """Write all of it."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        self._hash.update(view)
        self._sink.write(view)
        self.bytes += len(view)
        return len(view)

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes so far."""
        return self._hash.hexdigest()


class DeflatingSink(io.RawIOBase):
    """Deflates bytes, and computes number, SHA-256 and CRC-32 of the plain bytes.

    Args:
        sink: takes the deflated bytes.
        hashed: compute the SHA-256 of the plain bytes; False if the reader that follows computes it.

    Attributes:
        deflated: the sink of the deflated bytes, with their number and SHA-256.
    """

    def __init__(self, sink: BinaryIO, *, hashed: bool = True) -> None:
        super().__init__()
        self.deflated = HashingSink(sink)
        self._deflate = isal_zlib.compressobj(level=_LEVEL, wbits=-isal_zlib.MAX_WBITS)
        self._hash = hashlib.sha256() if hashed else None
        self._pending = bytearray()
        self.bytes = 0
        self.crc32 = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: object, /) -> int:
        """Write all of it."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        if self._hash is not None:
            self._hash.update(view)
        self.crc32 = isal_zlib.crc32(view, self.crc32)
        self.bytes += len(view)
        self._pending += view
        whole = len(self._pending) - len(self._pending) % CHUNK
        if whole:
            with memoryview(self._pending) as pending:
                for start in range(0, whole, CHUNK):
                    self.deflated.write(self._deflate.compress(pending[start : start + CHUNK]))
            del self._pending[:whole]
        return len(view)

    def finish(self) -> None:
        """Write the remaining bytes; the sink stays open."""
        if self.bytes == len(self._pending):
            self.deflated.write(deflate(self._pending))
        else:
            self.deflated.write(self._deflate.compress(self._pending) + self._deflate.flush())
        self._pending.clear()

    @property
    def sha256(self) -> str:
        """Hex digest of the plain bytes; "" if not computed."""
        return "" if self._hash is None else self._hash.hexdigest()

    def entry(self, path: str, format_: str, options: dict[str, str] | None = None) -> FileEntry:
        """The entry of the finished file."""
        return FileEntry(
            path=path,
            format=format_,
            bytes=self.bytes,
            sha256=self.sha256,
            options=options or {},
            crc32=self.crc32,
            deflated_bytes=self.deflated.bytes,
            deflated_sha256=self.deflated.sha256,
        )


class InflatingReader(io.RawIOBase):
    """Reads raw deflate as plain bytes, forward only.

    Raises:
        DeflateError: on reading what is no deflate stream.
    """

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self._inflate = isal_zlib.decompressobj(wbits=-isal_zlib.MAX_WBITS)

    def readable(self) -> bool:
        """Always."""
        return True

    @property
    def whole(self) -> bool:
        """Whether the stream was read to its end, and nothing follows it."""
        return bool(self._inflate.eof and not self._inflate.unused_data)

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer; 0 at the end."""
        size = len(buffer)
        while not self._inflate.eof:
            given = self._inflate.unconsumed_tail or self._source.read(CHUNK)
            plain = self._inflate.decompress(given, size)
            if plain:
                buffer[: len(plain)] = plain
                return len(plain)
            if not given:  # the stream is truncated
                break
        return 0


@dataclass(frozen=True)
class FileRead:
    """A file as it was read back.

    Attributes:
        contents: its rows and checksums.
        bytes, sha256, crc32: of the plain content.
        deflated_sha256: of the deflated content.
    """

    contents: FileContents
    bytes: int
    sha256: str
    crc32: int
    deflated_sha256: str


class Pieces(Protocol):
    """A source of bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes; empty at the end."""


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
        format_: the format, with its reader.
        path: path of the file, for findings.
        fields: the selected columns of the plan.
        options: options of the file.
        forms: check whether each value has the form of its kind.

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
    return UnreadableFileError("malformed", "the staged file is one deflate stream, and nothing else")


class _Hashed:
    """Passes pieces on, and computes their digest."""

    def __init__(self, source: Pieces) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        piece = self._source.read(size)
        self.digest.update(piece)
        return piece


class _Plain(io.RawIOBase):
    """Passes the plain content on, and computes its size, SHA-256 and CRC-32."""

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
