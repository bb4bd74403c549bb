"""What lies under an Arrow column of texts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
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


def text_buffers(column: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Where each text of a `pa.string` column begins and the last one ends, and the bytes that this is about.

    The column has no NULL, and not all its texts are empty.
    """
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    return bounds, np.frombuffer(data, np.uint8)


def has_controls(data: bytes) -> bool:
    """Whether UTF-8 text holds a character below the blank."""
    codes = pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])
    return bool(data) and bool(pc.min(codes).as_py() < 0x20)


def with_bytes(column: pa.Array, change: Callable[[bytes], bytes]) -> pa.Array:
    """A `pa.string` column whose bytes went through a function that keeps their number and their places.

    The column may be no slice: the function sees all bytes, those under a NULL too.
    """
    validity, offsets, data = column.buffers()
    if data is None:
        return column
    changed = pa.py_buffer(change(data.to_pybytes()))
    return pa.Array.from_buffers(pa.string(), len(column), [validity, offsets, changed], column.null_count)
