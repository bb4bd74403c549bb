"""Turns rows of bytes, as drivers of text protocols return them, into Arrow batches of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from afschrift.domain.errors import DamagedValueError

FETCHED = 4096
"""Rows of one fetch, which the driver keeps as Python objects."""


def text_batch(source: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    """Turn rows of bytes, floats, integers or NULL into columns; a text must be UTF-8.

    Raises:
        DamagedValueError: a text is not UTF-8; it names the column.
    """
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    arrays = [_array(source, name, values) for name, values in zip(names, columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(names))


def _array(source: str, name: str, values: Sequence[Any]) -> pa.Array:
    first = next((value for value in values if value is not None), None)
    if not isinstance(first, bytes | None):
        return pa.array(values)
    try:
        return pa.array(values, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        raise DamagedValueError(
            f"Column {name} of source {source} holds a text that is not UTF-8.",
            remedy="correct the text, or convert the column in a view.",
            damage="not_utf8",
        ) from None
