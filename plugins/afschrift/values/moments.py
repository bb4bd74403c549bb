"""Value forms of times and numbers as arrays to count with. What is no plain time or number is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.profile import SCALE

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_PLAIN = r"^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z?)?$"
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_EARLIEST, _LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (_FIRST_YEAR, _LAST_YEAR))
_LARGEST = 1e9


def seconds(texts: pa.Array) -> tuple[Ints, Bools]:
    """Whole seconds since 1970 of dates and times, and which rows have one.

    Years before 1900 or after 2099 stand for "unknown" or "for ever" in many systems: no moment.

    Args:
        texts: value forms of dates, datetimes or instants.
    """
    quick = _quick(texts)
    if quick is not None:
        return quick
    plain = pc.if_else(pc.match_substring_regex(texts, _PLAIN), texts, pa.scalar(None, pa.string()))
    short = pc.utf8_slice_codeunits(plain, 0, 19)
    try:
        parsed = pc.cast(short, pa.timestamp("s"))
    except pa.ArrowInvalid:  # a 30th of February in some row
        parsed = pa.array([_parsed(text) for text in short.to_pylist()], pa.timestamp("s"))
    return _filled(parsed.cast(pa.int64())).astype(np.int64), _known(parsed)


def _quick(texts: pa.Array) -> tuple[Ints, Bools] | None:
    """The same for columns of nothing but plain times, which nearly all are, at a third of the time."""
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us"), pa.timestamp("s")):
        try:
            parsed = pc.cast(texts, kind)
        except pa.ArrowInvalid:
            continue
        moments = _filled(parsed.cast(pa.int64())).astype(np.int64) // (1 if kind.unit == "s" else 1_000_000)
        return moments, _known(parsed) & (moments >= _EARLIEST) & (moments < _LATEST)
    return None


def thousandths(texts: pa.Array) -> tuple[Ints, Bools]:
    """Numbers times `SCALE`, rounded, and which rows have one that is finite and below 10**9."""
    try:
        parsed = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:  # INF as the value forms spell it
        parsed = pa.array([_float(text) for text in texts.to_pylist()], pa.float64())
    values = _filled(parsed).astype(np.float64)
    known = _known(parsed) & np.isfinite(values) & (np.abs(values) <= _LARGEST)
    return np.rint(np.where(known, values, 0) * SCALE).astype(np.int64), known


def months(moments: Ints, zone: str) -> Ints:
    """Month of each moment in a zone, as `year * 12 + month - 1`."""
    return np.searchsorted(_starts(zone), moments, side="right") - 1 + _FIRST_YEAR * 12 - 1


def month_name(number: int) -> str:
    """`YYYY-MM` of a month's number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


@lru_cache(maxsize=16)
def _starts(zone: str) -> Ints:
    """First second of each month; the first entry is December 1899, which a zone may still be in."""
    local_zone = ZoneInfo(zone)
    numbers = range(_FIRST_YEAR * 12 - 1, _LAST_YEAR * 12 + 1)
    first = [datetime(n // 12, n % 12 + 1, 1, tzinfo=local_zone) for n in numbers]
    return np.array([int(moment.timestamp()) for moment in first], np.int64)


def _filled(array: pa.Array) -> npt.NDArray[Any]:
    return np.asarray(pc.fill_null(array, 0).to_numpy(zero_copy_only=False))


def _known(array: pa.Array) -> Bools:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def _parsed(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
