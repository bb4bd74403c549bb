"""A sink that knows what went through it."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO


class HashingSink(io.RawIOBase):
    """Passes bytes on and keeps their number and SHA-256."""

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
        """Hex digest of what was written so far."""
        return self._hash.hexdigest()
