"""The Arrow and pandas type of a field, and its values from their value forms (docs/datamap/formats.md)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import time
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Field = dict[str, Any]

TEXT = pa.string()
UNMEASURED = pa.null()
"""A decimal whose digits were not counted yet: Arrow casts a text of too many without an error."""
UNFIT = (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError)
_DECIMAL = r"^-?\d+(\.\d+)?$"
_LADDERS: dict[str, tuple[pa.DataType, ...]] = {
    "integer": (pa.int64(), UNMEASURED),
    "decimal": (UNMEASURED,),
    "number": (pa.float64(),),
    "boolean": (pa.bool_(),),
    "date": (pa.date32(),),
    "time": (pa.time64("us"),),
    "datetime": (pa.timestamp("us"), pa.timestamp("ns")),
    "instant": (pa.timestamp("us", "UTC"), pa.timestamp("ns", "UTC")),
    "binary": (pa.binary(),),
}
_IN_TEXT = {"binary", "duration", "json", "text", "uuid"}
_PANDAS = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype(), TEXT: pd.StringDtype()}


def candidates(field: Field) -> list[pa.DataType]:
    """Types of a field, the narrowest first; text takes every value."""
    kind = field.get("afschrift:kind", field["type"])
    if kind not in _LADDERS and kind not in _IN_TEXT:
        kind = field["type"]
    changed = any(f"afschrift:{key}" in field for key in ("masked", "redacted", "asStored"))
    if changed or (field["type"] == "string" and kind not in _IN_TEXT):
        return [TEXT]
    return [*_LADDERS.get(kind, ()), TEXT]


class Digits:
    """The most digits before and after the point, over all batches of a column."""

    def __init__(self) -> None:
        self._whole = self._scale = 0
        self._fits = True

    def count(self, values: pa.Array) -> None:
        texts = pc.cast(values, TEXT)
        self._fits = self._fits and pc.all(pc.match_substring_regex(texts, _DECIMAL)).as_py() is not False
        texts = pc.utf8_ltrim(texts, "-")
        lengths, points = pc.binary_length(texts), pc.find_substring(texts, ".")
        found = pc.greater_equal(points, 0)
        scales = pc.if_else(found, pc.subtract(pc.subtract(lengths, points), 1), 0)
        self._scale = max(self._scale, pc.max(scales).as_py() or 0)
        self._whole = max(self._whole, pc.max(pc.if_else(found, points, lengths)).as_py() or 0)

    def type(self) -> pa.DataType:
        """Text if one of them is `NaN`, infinite, or beyond 76 digits."""
        if not self._fits or self._whole + self._scale > 76:
            return TEXT
        digits = max(1, self._whole + self._scale)  # no more, as products of 38 digits overflow
        return (pa.decimal128 if digits <= 38 else pa.decimal256)(digits, self._scale)


def converted(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Values in a type, from their texts or from the type of a file.

    Raises:
        ValueError: (of Python or Arrow) some value does not fit.
    """
    if values.type == wanted:
        return values
    if pa.types.is_string(values.type) and (read := _READ.get(wanted)):
        return pa.array([None if text is None else read(text) for text in values.to_pylist()], wanted)
    found = pc.cast(values, wanted)
    if wanted == TEXT and pa.types.is_timestamp(values.type):  # its value form, as in the part that is text
        found = pc.replace_substring(pc.replace_substring(found, " ", "T"), ".000000", "")
    return found


def _time(text: str) -> time:
    found = time.fromisoformat(text)
    if found.tzinfo or len(text) > len("10:00:00.123456"):
        raise ValueError("an offset, or more digits than microseconds")
    return found


_bytes = partial(base64.b64decode, validate=True)
_READ: dict[pa.DataType, Callable[[str], Any]] = {pa.binary(): _bytes, pa.time64("us"): _time}


def to_frame(table: pa.Table, fields: list[Field], *, labels: bool) -> pd.DataFrame:
    """A frame: dates as `datetime64[s]`, codes as categories, missing values as `pd.NA` or `NaT`."""
    for at, column in enumerate(table.schema):
        if pa.types.is_date(column.type):
            table = table.set_column(at, column.name, pc.cast(table.column(at), pa.timestamp("s")))
    frame = table.to_pandas(types_mapper=_pandas_type)
    for field in fields:
        if codes := field.get("categories"):
            frame[field["name"]] = _categories(frame[field["name"]], codes, labels=labels)
    return frame


def _pandas_type(of: pa.DataType) -> Any:
    return None if pa.types.is_timestamp(of) else _PANDAS.get(of, pd.ArrowDtype(of))


def _categories(column: pd.Series, codes: list[Any], *, labels: bool) -> pd.Series:
    pairs = [(c["value"], c.get("label", c["value"])) if isinstance(c, dict) else (c, c) for c in codes]
    values = pd.array([value for value, _ in pairs], dtype=column.dtype)
    found = column.astype(pd.CategoricalDtype(values))
    names = [label for _, label in pairs]
    if labels and len(set(names)) == len(names):
        found = found.cat.rename_categories(names)
    return found
