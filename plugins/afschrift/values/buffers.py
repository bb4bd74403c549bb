"""What lies under an Arrow column of texts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def text_bytes(column: pa.Array) -> memoryview:
    """All texts of a `pa.string` column one after the other, in UTF-8; NULL is nothing."""
    if column.null_count:
        column = pc.fill_null(column, "")  # the bytes under a NULL are undefined
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return memoryview(b"")
    bounds = memoryview(offsets).cast("i")
    return memoryview(data)[bounds[column.offset] : bounds[column.offset + len(column)]]
