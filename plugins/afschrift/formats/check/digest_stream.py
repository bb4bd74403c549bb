"""Size and SHA-256 of a file, taken while it is read."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

from afschrift.domain.extracted import FileEntry
from afschrift.formats.check.finding import Finding

_BLOCK = 1 << 20


class DigestStream(io.RawIOBase):
    """Passes a stream on and keeps its size and digest."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._digest = hashlib.sha256()
        self._bytes = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        block = self._stream.read(size)
        self._digest.update(block)
        self._bytes += len(block)
        return block

    def findings(self, entry: FileEntry) -> list[Finding]:
        """Read what is left and hold size and digest against the file's entry."""
        while self.read(_BLOCK):
            pass
        found = []
        if self._bytes != entry.bytes:
            found.append(Finding("size", entry.path, None, None, "the file has the size that was written"))
        if self._digest.hexdigest() != entry.sha256:
            found.append(
                Finding("sha256", entry.path, None, None, "the file has the digest that was written")
            )
        return found
