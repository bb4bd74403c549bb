"""Chunks of a file on its way, counted once for all who ask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from afschrift.domain.files import Receipt


class CountedChunks:
    """Chunks on their way, with the size and SHA-256 of those that were taken."""

    def __init__(self, chunks: Iterator[bytes], sha256: Any = None) -> None:
        self.bytes, self.sha256 = 0, sha256 or hashlib.sha256()
        self._chunks = chunks

    @classmethod
    def of(cls, chunks: Iterator[bytes]) -> CountedChunks:
        """Count chunks, unless they are counted already: a digest costs as much as a cipher."""
        return chunks if isinstance(chunks, cls) else cls(chunks)

    def receipt(self, uri: str) -> Receipt:
        """Of what was taken."""
        return Receipt(uri, self.bytes, self.sha256.hexdigest())

    def __iter__(self) -> CountedChunks:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.sha256.update(chunk)
        self.bytes += len(chunk)
        return chunk
