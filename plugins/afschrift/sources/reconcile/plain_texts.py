"""Turns value forms of times, floats and bytes into texts as databases write them: `values` reversed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc


def same(forms: pa.Array) -> pa.Array:
    """Return the forms unchanged: the database writes the same."""
    return forms


def moments(forms: pa.Array) -> pa.Array:
    """Write `2024-01-01T10:00:00.500000Z` as `2024-01-01 10:00:00.5+00`; other texts are unchanged."""
    spaced = pc.replace_substring_regex(forms, r"^([0-9]{4,}-[0-9]{2}-[0-9]{2})T", r"\1 ")
    return clocks(spaced)


def clocks(forms: pa.Array) -> pa.Array:
    """Write times of day without trailing zeros, `Z` as `+00`, and offsets of whole hours without minutes."""
    short = pc.replace_substring_regex(forms, r"(\.[0-9]*[1-9])0+([^0-9]|$)", r"\1\2")
    zoned = pc.replace_substring_regex(short, r"([0-9])Z$", r"\1+00")
    return pc.replace_substring_regex(zoned, r"(:[0-9.]+[+-][0-9]{2}):00$", r"\1")


def specials(forms: pa.Array) -> pa.Array:
    """Write INF and -INF as most databases do."""
    return pc.replace_substring_regex(forms, "^(-?)INF$", r"\1Infinity")


NAN = "NaN"
"""There are many bit patterns of NaN, and a database's arithmetic gives some: all count as one value."""


def double_bits(forms: pa.Array) -> pa.Array:
    """Write floats of 64 bits as 16 hexadecimal digits, or `NAN`."""
    return _bits(forms, pa.float64(), ">f8")


def single_bits(forms: pa.Array) -> pa.Array:
    """Write floats of 32 bits as eight hexadecimal digits, or `NAN`."""
    return _bits(forms, pa.float32(), ">f4")


def _bits(forms: pa.Array, kind: pa.DataType, order: str) -> pa.Array:
    values = pc.fill_null(pc.replace_substring(forms, "INF", "inf").cast(kind), 0).to_numpy()
    data = values.astype(order).tobytes().hex().encode()
    width = np.dtype(order).itemsize * 2
    offsets = pa.array(np.arange(len(forms) + 1, dtype=np.int32) * width)
    texts = pa.Array.from_buffers(pa.string(), len(forms), [None, offsets.buffers()[1], pa.py_buffer(data)])
    known = pc.if_else(pc.equal(forms, NAN), NAN, texts)
    return pc.if_else(forms.is_valid(), known, pa.scalar(None, pa.string()))


def hexadecimal(forms: pa.Array) -> pa.Array:
    """Write base64 as hexadecimal digits, in lower case.

    Raises:
        ValueError: a form is no base64.
    """
    try:
        return pl.Series(forms).str.decode("base64").bin.encode("hex").to_arrow().cast(pa.string())
    except pl.exceptions.PolarsError:
        raise ValueError("a value is no base64") from None


def each(change: Callable[[str], str]) -> Callable[[pa.Array], pa.Array]:
    """Make a function of columns from a function of single forms."""

    def changed(forms: pa.Array) -> pa.Array:
        return pa.array([None if form is None else change(form) for form in forms.to_pylist()], pa.string())

    return changed


def float_text(form: str, digits: int) -> str:
    """Write a float as C's `%g` writes its shortest digits: with an exponent below -4 and from `digits`."""
    if form in ("NaN", "INF", "-INF"):
        return form.replace("INF", "Infinity")
    minus, shown, point = digits_of(form)
    power = point - 1
    if shown and (power < -4 or power >= digits):
        fraction = f".{shown[1:]}" if shown[1:] else ""
        return f"{minus}{shown[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return plain_number(minus, shown, point)


def digits_of(form: str) -> tuple[str, str, int]:
    """Split a number into sign, digits without zeros around them, and how many are before the point."""
    sign, figures, exponent = Decimal(form).as_tuple()
    digits = "".join(map(str, figures)).lstrip("0")
    return "-" if sign else "", digits.rstrip("0"), len(digits) + int(exponent)


def plain_number(minus: str, digits: str, point: int) -> str:
    """Write a number without an exponent; without digits it is zero."""
    if not digits:
        return f"{minus}0"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return f"{minus}{whole}.{fraction}" if fraction else f"{minus}{whole}"
