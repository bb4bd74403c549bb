"""Hashes of rows and their sum, whatever their order: what both sides of a reconciliation compute."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.reconciliation import PRIME, Sample

SEPARATOR, NOTHING = "\x1f", "\x1e"
"""Between the texts of a row, and in the place of NULL."""

Hashes = npt.NDArray[np.uint64]


def row_hashes(columns: Sequence[pa.Array]) -> Hashes:
    """The first 15 hexadecimal digits of MD5 over each row's texts as a number, so that any SQL holds it.

    MD5 because every warehouse has it; nobody forges here.

    Args:
        columns: `pa.string`, at least one.
    """
    filled = [pc.fill_null(column, NOTHING) for column in columns]
    rows = pc.binary_join_element_wise(*filled, SEPARATOR).cast(pa.binary()).to_pylist()
    digests = b"".join(hashlib.md5(row, usedforsecurity=False).digest()[:8] for row in rows)
    return np.frombuffer(digests, ">u8").astype(np.uint64) >> np.uint64(4)


def total(hashes: Hashes) -> int:
    """Their sum modulo 2**64."""
    return int(hashes.sum(dtype=np.uint64))


def drawn(numbers: pa.Array, sample: Sample) -> npt.NDArray[np.bool_]:
    """Which rows a sample holds; none without a number.

    Args:
        numbers: value forms of whole numbers of 64 bits.
        sample: which share of them, and the seed.
    """
    try:
        values = pc.fill_null(numbers.cast(pa.int64()), 0).to_numpy()
    except pa.ArrowInvalid:  # without a sign
        values = pc.fill_null(numbers.cast(pa.uint64()), 0).to_numpy()
    mixed = (values % PRIME).astype(np.int64) * sample.factor % PRIME
    known = numbers.is_valid().to_numpy(zero_copy_only=False)
    return np.asarray((mixed < sample.below) & known, np.bool_)
