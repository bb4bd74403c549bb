"""Times as RFC 3339 text: `T`, `Z` for instants, and no fraction or one of six to nine digits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.value_kind import ValueKind
from afschrift.values.shapes import first_offence
from afschrift.values.written import ValueFormError

_MOMENT = (
    r"^(?P<day>[0-9]{4,}-[0-9]{2}-[0-9]{2})[ T](?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?(?P<zone>Z|[+-][0-9]{2}(?::[0-9]{2})?)?$"
)
# What Arrow's parser accepts. The length excludes texts without seconds, which it accepts too.
_PLAIN = {
    ValueKind.DATETIME: (pa.timestamp("us"), "", len("2024-01-01 10:00:00")),
    ValueKind.INSTANT: (pa.timestamp("us", "UTC"), "+00", len("2024-01-01 10:00:00+00")),
}
_CLOCK = (
    r"^(?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?P<zone>Z|[+-][0-9]{2}(?::[0-9]{2}){0,2})?$"
)
_UTC = ("", "Z", "+00", "+00:00")
_FIRST_DAY, _LAST_DAY = -719162, 2932896  # 0001-01-01 and 9999-12-31, in days since 1970
_SECOND = 1_000_000
_DASH, _ZERO, _C, _BRACKET = b"-0C("
_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def normalise(texts: pa.Array, kind: ValueKind) -> pa.Array:
    """Turn texts of a warehouse (`2024-01-01 10:00:00.5+00`) into value forms.

    Infinite dates, dates before Christ and other texts that are no time are returned unchanged.

    Args:
        texts: strings; read in a session whose time zone is UTC.
        kind: DATETIME, INSTANT or TIME; texts of other kinds are returned unchanged.

    Raises:
        ValueFormError: an instant has an offset other than UTC, or a local time has one at all.
    """
    if kind not in (ValueKind.DATETIME, ValueKind.INSTANT, ValueKind.TIME):
        return texts
    if kind in _PLAIN and (moments := _parse_usual(texts, kind)) is not None:
        return _from_moments(moments, kind)
    if first_offence(texts, kind) is None:
        return texts
    parts = pc.extract_regex(texts, _CLOCK if kind is ValueKind.TIME else _MOMENT)
    clock, fraction, zone = (pc.struct_field(parts, name) for name in ("clock", "fraction", "zone"))
    if kind is ValueKind.TIME:
        written = pc.binary_join_element_wise(clock, _fraction(fraction), _offset(zone), "")
    else:
        known = pc.is_in(zone, pa.array(_UTC)) if kind is ValueKind.INSTANT else pc.equal(zone, "")
        if pc.all(pc.or_kleene(known, pc.is_null(clock))).as_py() is False:
            raise ValueFormError(
                "holds times with an offset from UTC",
                remedy="set the time zone of the source's session to UTC, or cast the column in a view.",
            )
        suffix = "Z" if kind is ValueKind.INSTANT else ""
        day = pc.struct_field(parts, "day")
        written = pc.binary_join_element_wise(day, "T", clock, _fraction(fraction), suffix, "")
    return pc.coalesce(written, texts)


def plain(column: pa.Array) -> bool:
    """Whether the dates or times of a column, as the source gives them, lie in the years 1 to 9999.

    Args:
        column: texts of a warehouse. Arrow's own dates and times always pass: others have no value form.
    """
    if not pa.types.is_string(column.type) or column.null_count == len(column):
        return True
    texts = pc.drop_null(column)
    if pc.min(pc.binary_length(texts)).as_py() < len("2024-01-01"):
        return False
    _, bounds, buffer = texts.buffers()
    offsets = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(buffer, np.uint8)
    first, end = offsets[:-1], offsets[1:]
    if not (data[first + 4] == _DASH).all() or (data[end - 1] == _C).any():  # `10000-01-01`, `... BC`
        return False
    if (data[np.minimum(first + 11, end - 1)] == _BRACKET).any():  # `0044-03-15 (BC) 10:00:00`
        return False
    early = first[data[first] == _ZERO]
    return not np.logical_and.reduce([data[early + at] == _ZERO for at in range(1, 4)]).any()


def _parse_usual(texts: pa.Array, kind: ValueKind) -> pa.Array | None:
    """Parse what most warehouses give: `2024-01-01 10:00:00`, with up to six digits of a fraction.

    Returns:
        Microseconds since 1970, or None if a text has another form.
    """
    as_type, ending, least = _PLAIN[kind]
    shortest = pc.min(pc.binary_length(texts)).as_py()
    if shortest is None or shortest < least:
        return None
    if ending and not pc.all(pc.ends_with(texts, ending)).as_py():
        return None
    try:
        return texts.cast(as_type).cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def _from_moments(micros: pa.Array, kind: ValueKind) -> pa.Array:
    """Write microseconds since 1970 as text; the fraction has six digits, and is left out if it is zero."""
    whole = pc.equal(pc.multiply(pc.divide(micros, _SECOND), _SECOND), micros)
    extremes = pc.min_max(whole).as_py()
    in_seconds = extremes["min"] is not False  # also if all are NULL
    if in_seconds:
        micros = pc.divide(micros, _SECOND)
    texts = micros.cast(pa.timestamp("s" if in_seconds else "us")).cast(pa.string())
    if extremes["max"] and not in_seconds:
        texts = pc.replace_substring(texts, ".000000", "")
    if kind is ValueKind.INSTANT:  # Arrow's cast of a type with a zone takes ten times as long
        texts = pc.binary_join_element_wise(texts, "Z", "")
    validity, offsets, data = texts.buffers()
    if data is None:
        return texts
    # The cast made this column, so it is no slice. The bytes under a NULL change too, which is harmless.
    data = pa.py_buffer(data.to_pybytes().replace(b" ", b"T"))
    return pa.Array.from_buffers(pa.string(), len(texts), [validity, offsets, data], texts.null_count)


def _fraction(digits: pa.Array) -> pa.Array:
    """Write no fraction for zero, else at least six digits."""
    digits = pc.ascii_rtrim(digits, characters="0")
    written = pc.binary_join_element_wise(".", pc.ascii_rpad(digits, 6, "0"), "")
    return pc.if_else(pc.equal(digits, ""), "", written)


def _offset(zone: pa.Array) -> pa.Array:
    """Write `+02` as `+02:00`, and UTC as `Z`."""
    minutes = pc.replace_substring_regex(zone, r"^([+-][0-9]{2})$", r"\1:00")
    return pc.replace_substring_regex(minutes, r"^\+00:00$", "Z")


def from_timestamps(array: pa.Array, kind: ValueKind) -> pa.Array:
    """Write Arrow timestamps as text. Those with a zone count from UTC, whatever the zone's name."""
    unit = array.type.unit
    naive = array.cast(pa.int64())
    _check_range(naive, _FIRST_DAY * _A_DAY[unit], (_LAST_DAY + 1) * _A_DAY[unit] - 1)
    if unit == "ns":
        return normalise(naive.cast(pa.timestamp(unit)).cast(pa.string()), kind)
    return _from_moments(naive.cast(pa.timestamp(unit)).cast(pa.timestamp("us")).cast(pa.int64()), kind)


def from_dates(array: pa.Array) -> pa.Array:
    """Write Arrow dates as ISO 8601 text."""
    days = array.cast(pa.date32()).cast(pa.int32())
    _check_range(days, _FIRST_DAY, _LAST_DAY)
    return days.cast(pa.date32()).cast(pa.string())


def _check_range(numbers: pa.Array, first: int, last: int) -> None:
    """Refuse times outside the years 1 to 9999: Arrow writes a remark in their place, and raises nothing."""
    extremes = pc.min_max(numbers).as_py()
    if extremes["min"] is not None and (extremes["min"] < first or extremes["max"] > last):
        raise ValueFormError(
            "holds a time before the year 1, after 9999 or infinite",
            remedy="write `kind: text` at the column in the inventory: it gives the database's own text.",
            damage="out_of_range",
        )
