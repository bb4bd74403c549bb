"""Checksum of each column over its value forms, in row order, however the rows were batched."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.core.manifest import FieldPlan
from afschrift.values.buffers import text_bytes


class ColumnChecksums:
    """Streaming checksums: SHA-256 over the texts, and over their lengths with -1 for NULL.

    The lengths tell NULL from empty text and one split of the same bytes from another.
    """

    def __init__(self, fields: Sequence[FieldPlan]) -> None:
        self._names = [field.name for field in fields]
        self._texts = [hashlib.sha256() for _ in fields]
        self._lengths = [hashlib.sha256() for _ in fields]

    def update(self, batch: pa.RecordBatch) -> None:
        """Add a batch of value forms (`pa.string` columns in the order of the fields)."""
        for column, texts, lengths in zip(batch.columns, self._texts, self._lengths, strict=True):
            texts.update(text_bytes(column))
            lengths.update(_lengths(column))

    def digests(self) -> dict[str, str]:
        """Column -> digest, hex."""
        return {
            name: hashlib.sha256(texts.digest() + lengths.digest()).hexdigest()
            for name, texts, lengths in zip(self._names, self._texts, self._lengths, strict=True)
        }


def _lengths(column: pa.Array) -> memoryview:
    lengths = pc.fill_null(pc.binary_length(column), -1).cast(pa.int64())
    data = memoryview(lengths.buffers()[1])
    return data[lengths.offset * 8 : (lengths.offset + len(lengths)) * 8]
