"""Arrow columns of plain types as value forms."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from afschrift.domain.value_kind import ValueKind
from afschrift.values.buffers import text_bytes
from afschrift.values.times import from_dates, from_timestamps, normalise
from afschrift.values.written import ValueFormError

_UNKNOWN = "let the source cast it to text in SQL, or leave the column out in the inventory."


def kind_of(kind: pa.DataType) -> ValueKind:
    """The kind of an Arrow type, for members of lists and structs, of which no catalogue names the kind."""
    for test, found in _KINDS:
        if test(kind):
            return found
    return ValueKind.TEXT


def text(array: pa.Array, kind: ValueKind) -> pa.Array:
    """Write the value forms of a column (`pa.string`), NULL for NULL.

    Args:
        array: a column of any Arrow type that is not nested; strings are exact text of `kind` from the
            warehouse.
        kind: logical kind; decides whether a time gets a `Z`, and what strings mean.

    Raises:
        ValueFormError: the Arrow type is not known, a text is not UTF-8, or a time is outside the years
            1 to 9999.
    """
    found = array.type
    if pt.is_string(found) or pt.is_large_string(found) or pt.is_string_view(found):
        return _from_strings(array.cast(pa.string()), kind)
    if pt.is_integer(found) or pt.is_boolean(found) or pt.is_null(found):
        return array.cast(pa.string())
    if pt.is_floating(found):
        return _from_floats(array)
    if pt.is_timestamp(found):
        return from_timestamps(array, kind)
    if pt.is_date(found):
        return from_dates(array)
    if pt.is_time(found):
        return normalise(array.cast(pa.string()), ValueKind.TIME)
    if pt.is_decimal(found):
        return pa.array([None if v is None else format(v, "f") for v in array.to_pylist()], pa.string())
    if any(test(found) for test in _BINARY):
        encoded = pl.Series(array.cast(pa.large_binary())).bin.encode("base64")
        return encoded.to_arrow().cast(pa.string())
    if pt.is_dictionary(found):
        return text(array.dictionary_decode(), kind)
    raise ValueFormError(f"has the type {found}, which has no value form", remedy=_UNKNOWN)


def _from_strings(texts: pa.Array, kind: ValueKind) -> pa.Array:
    try:
        texts.validate(full=True)  # drivers do not check the bytes, and writers rely on UTF-8
    except pa.ArrowInvalid:
        raise ValueFormError(
            "holds bytes that are not UTF-8",
            remedy="let the source convert the column in SQL, or hand it over as binary.",
            damage="not_utf8",
        ) from None
    if kind is ValueKind.NUMBER:
        return _from_floats(texts.cast(pa.float64()))
    if kind is ValueKind.DECIMAL:
        return _spell_specials(texts)
    return normalise(texts, kind)


def _from_floats(array: pa.Array) -> pa.Array:
    """Shortest text that reads back as the same float of the same width, as Arrow casts it."""
    texts = array.cast(pa.string())
    return texts if pc.all(pc.is_finite(array)).as_py() is not False else _spell_specials(texts)


def _spell_specials(texts: pa.Array) -> pa.Array:
    """Spell NaN, INF and -INF as Data Package v2 does."""
    data = bytes(text_bytes(texts))
    if b"n" not in data and b"N" not in data:  # cheap, and enough for nearly all columns
        return texts
    letters = pc.match_substring_regex(texts, "(?i)^[+-]?(nan|inf)")
    if not pc.any(letters).as_py():
        return texts
    for shape, spelling in (("nan", "NaN"), (r"\+?inf(inity)?", "INF"), ("-inf(inity)?", "-INF")):
        texts = pc.replace_substring_regex(texts, f"(?i)^{shape}$", spelling)
    return texts


_BINARY = (pt.is_binary, pt.is_large_binary, pt.is_fixed_size_binary, pt.is_binary_view)
_KINDS = (
    (pt.is_integer, ValueKind.INTEGER),
    (pt.is_floating, ValueKind.NUMBER),
    (pt.is_boolean, ValueKind.BOOLEAN),
    (pt.is_decimal, ValueKind.DECIMAL),
    (pt.is_date, ValueKind.DATE),
    (pt.is_time, ValueKind.TIME),
    (lambda t: pt.is_timestamp(t) and t.tz is not None, ValueKind.INSTANT),
    (pt.is_timestamp, ValueKind.DATETIME),
    *((test, ValueKind.BINARY) for test in _BINARY),
)
