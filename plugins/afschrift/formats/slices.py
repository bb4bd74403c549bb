"""Slices of a batch that stay small while their text is built."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

_ROWS = 8_192
_BYTES = 32 << 20


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The rows of a batch in their order, at most 8,192 and about 32 MiB at a time."""
    rows = batch.num_rows
    fitting = rows * _BYTES // max(batch.nbytes, 1)
    step = max(1, min(_ROWS, fitting))
    for start in range(0, rows, step):
        yield batch.slice(start, step)
