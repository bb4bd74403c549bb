"""The texts of an Arrow column as bytes, and batches in a size that suits building text."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

_ROWS, _BYTES = 8_192, 32 << 20


def text_bytes(column: pa.Array) -> memoryview:
    """All texts of a `pa.string` column, concatenated, in UTF-8; NULL adds nothing."""
    if column.null_count:
        column = pc.fill_null(column, "")  # the bytes under a NULL are undefined
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return memoryview(b"")
    bounds = memoryview(offsets).cast("i")
    return memoryview(data)[bounds[column.offset] : bounds[column.offset + len(column)]]


def has_controls(data: bytes) -> bool:
    """Whether UTF-8 text holds a control character (below U+0020)."""
    codes = pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])
    return bool(data) and bool(pc.min(codes).as_py() < 0x20)


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch into slices of at most 8,192 rows and about 32 MiB, in order."""
    rows = batch.num_rows
    fitting = rows * _BYTES // max(batch.nbytes, 1)
    step = max(1, min(_ROWS, fitting))
    for start in range(0, rows, step):
        yield batch.slice(start, step)
