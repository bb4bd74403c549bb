"""Checksums of columns and hashes of rows, computed on two sides and compared.

A column's checksum depends on the order of the rows, and not on how they were batched. Hashes of rows are
summed, so their order does not matter: a reconciliation compares the sum with the one a database computes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_128

from afschrift.domain.plan import FieldPlan
from afschrift.domain.reconciliation import PRIME, Sample
from afschrift.values.buffers import text_bytes


class ColumnChecksums:
    """Streaming checksums: XXH3 (128 bits) over the texts, and over their lengths with -1 for NULL.

    The lengths distinguish NULL from empty text, and one split of the same bytes from another. The checksums
    find what a writer or reader did to a value. They are no guard against forgery: for that the files are
    encrypted, authenticated and have a SHA-256 of their own. Cryptographic hashes of every column on both
    sides took a tenth of a request's time.

    Attributes:
        rows: number of rows so far.
    """

    def __init__(self, fields: Sequence[FieldPlan]) -> None:
        self.rows = 0
        self._names = [field.name for field in fields]
        self._texts = [xxh3_128() for _ in fields]
        self._lengths = [xxh3_128() for _ in fields]

    def update(self, batch: pa.RecordBatch) -> None:
        """Add a batch of value forms: `pa.string` columns in the order of the fields."""
        for column, texts, lengths in zip(batch.columns, self._texts, self._lengths, strict=True):
            texts.update(text_bytes(column))
            lengths.update(_lengths(column))
        self.rows += batch.num_rows

    def digests(self) -> dict[str, str]:
        """Return column -> digest of texts and digest of lengths, in hex."""
        return {
            name: texts.hexdigest() + lengths.hexdigest()
            for name, texts, lengths in zip(self._names, self._texts, self._lengths, strict=True)
        }


def _lengths(column: pa.Array) -> memoryview:
    """Lengths in bytes, as 32-bit integers in native byte order."""
    lengths = pc.binary_length(column)
    if lengths.null_count:
        lengths = pc.fill_null(lengths, -1)
    data = memoryview(lengths.buffers()[1])
    return data[lengths.offset * 4 : (lengths.offset + len(lengths)) * 4]


SEPARATOR, NOTHING = "\x1f", "\x1e"
"""The sign between the texts of a row, and the sign for NULL."""

Hashes = npt.NDArray[np.uint64]


def row_hashes(columns: Sequence[pa.Array]) -> Hashes:
    """Hash each row: the first 15 hexadecimal digits of the MD5 of its texts, as a number.

    15 digits are 60 bits, which every SQL dialect holds in a signed 64-bit integer. MD5 because every
    warehouse has it; this is no guard against forgery.

    Args:
        columns: `pa.string`, at least one.
    """
    filled = [pc.fill_null(column, NOTHING) for column in columns]
    rows = pc.binary_join_element_wise(*filled, SEPARATOR).cast(pa.binary()).to_pylist()
    digests = b"".join(hashlib.md5(row, usedforsecurity=False).digest()[:8] for row in rows)
    return np.frombuffer(digests, ">u8").astype(np.uint64) >> np.uint64(4)


def total(hashes: Hashes) -> int:
    """Sum of hashes modulo 2**64."""
    return int(hashes.sum(dtype=np.uint64))


def sampled_rows(numbers: pa.Array, sample: Sample) -> npt.NDArray[np.bool_]:
    """Which rows are in a sample; a row whose number is NULL never is.

    Args:
        numbers: value forms of integers of 64 bits.
        sample: the share of rows, and the seed.
    """
    try:
        values = pc.fill_null(numbers.cast(pa.int64()), 0).to_numpy()
    except pa.ArrowInvalid:  # above the signed range: the column is unsigned
        values = pc.fill_null(numbers.cast(pa.uint64()), 0).to_numpy()
    mixed = (values % PRIME).astype(np.int64) * sample.factor % PRIME
    known = numbers.is_valid().to_numpy(zero_copy_only=False)
    return np.asarray((mixed < sample.below) & known, np.bool_)
