"""Batches in the size that suits: small while their text is built, large while they are checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

_ROWS = 8_192
_SMALL_BYTES = 32 << 20
_LARGE_BYTES = 8 << 20


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The rows of a batch in their order, at most 8,192 and about 32 MiB at a time."""
    rows = batch.num_rows
    fitting = rows * _SMALL_BYTES // max(batch.nbytes, 1)
    step = max(1, min(_ROWS, fitting))
    for start in range(0, rows, step):
        yield batch.slice(start, step)


def joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in the same order, in batches of about 8,192 rows or 8 MiB; memory stays flat."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= _ROWS or size >= _LARGE_BYTES:
            yield from _together(held)
            held = []
            rows = size = 0
    yield from _together(held)


def _together(held: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """One batch; several only where a column would hold more than 2 GiB of text."""
    return held if len(held) < 2 else pa.Table.from_batches(held).combine_chunks().to_batches()
