"""Value forms of times, floats and bytes as databases themselves write them: the way back from `values`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc


def same(forms: pa.Array) -> pa.Array:
    """The form is the database's own text."""
    return forms


def moments(forms: pa.Array) -> pa.Array:
    """`2024-01-01T10:00:00.500000Z` as `2024-01-01 10:00:00.5+00`; what is no such time passes as it is."""
    spaced = pc.replace_substring_regex(forms, r"^([0-9]{4,}-[0-9]{2}-[0-9]{2})T", r"\1 ")
    return clocks(spaced)


def clocks(forms: pa.Array) -> pa.Array:
    """Times of day: no zero ends a fraction, `Z` is `+00`, and an offset of whole hours has no minutes."""
    short = pc.replace_substring_regex(forms, r"(\.[0-9]*[1-9])0+([^0-9]|$)", r"\1\2")
    zoned = pc.replace_substring_regex(short, r"([0-9])Z$", r"\1+00")
    return pc.replace_substring_regex(zoned, r"(:[0-9.]+[+-][0-9]{2}):00$", r"\1")


def specials(forms: pa.Array) -> pa.Array:
    """INF and -INF as most databases spell them."""
    return pc.replace_substring_regex(forms, "^(-?)INF$", r"\1Infinity")


NAN = "NaN"
"""A database keeps many, and its arithmetic gives some with a sign: they are one value."""


def double_bits(forms: pa.Array) -> pa.Array:
    """Floats of 64 bits as 16 hexadecimal digits, or `NAN`."""
    return _bits(forms, pa.float64(), ">f8")


def single_bits(forms: pa.Array) -> pa.Array:
    """Floats of 32 bits as eight hexadecimal digits, or `NAN`."""
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
    """Base64 as hexadecimal digits, in small letters.

    Raises:
        ValueError: a form is no base64.
    """
    try:
        return pl.Series(forms).str.decode("base64").bin.encode("hex").to_arrow().cast(pa.string())
    except pl.exceptions.PolarsError:
        raise ValueError("a value is no base64") from None


def each(change: Callable[[str], str]) -> Callable[[pa.Array], pa.Array]:
    """A change of one form as a change of a column."""

    def changed(forms: pa.Array) -> pa.Array:
        return pa.array([None if form is None else change(form) for form in forms.to_pylist()], pa.string())

    return changed


def float_text(form: str, digits: int) -> str:
    """A float as C's `%g` writes its shortest digits: an exponent below -4, and from `digits` on."""
    if form in ("NaN", "INF", "-INF"):
        return form.replace("INF", "Infinity")
    minus, shown, point = digits_of(form)
    power = point - 1
    if shown and (power < -4 or power >= digits):
        fraction = f".{shown[1:]}" if shown[1:] else ""
        return f"{minus}{shown[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return plain_number(minus, shown, point)


def digits_of(form: str) -> tuple[str, str, int]:
    """A number as its sign, its digits without zeros around them, and how many are before its point."""
    sign, figures, exponent = Decimal(form).as_tuple()
    digits = "".join(map(str, figures)).lstrip("0")
    return "-" if sign else "", digits.rstrip("0"), len(digits) + int(exponent)


def plain_number(minus: str, digits: str, point: int) -> str:
    """A number without an exponent; zero where it has no digits."""
    if not digits:
        return f"{minus}0"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return f"{minus}{whole}.{fraction}" if fraction else f"{minus}{whole}"
