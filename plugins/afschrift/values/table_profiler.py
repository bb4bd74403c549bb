"""Keeps what the person's page shows of a table while its rows pass: the first rows and an overview.

Memory is bounded. The result depends on the rows alone, never on how they were batched.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.overview import CELL, LISTED, ROW_OVERHEAD, SCALE, Bin, Overview, ProfileChoice

LATEST = 50
_MINUTES = (1, 5, 15, 60, 360, 1440, 7 * 1440, 28 * 1440, 364 * 1440, 3640 * 1440, 36400 * 1440)
WIDTHS = tuple(60 * minutes for minutes in _MINUTES)
"""Each is a multiple of the previous one, so that finer intervals can be merged."""


class TableProfiler:
    """The profiler of one table.

    Args:
        choice: the columns to profile.
    """

    def __init__(self, choice: ProfileChoice) -> None:
        self._choice = choice
        self._first: int | None = None
        self._last: int | None = None
        self._months: dict[int, Bin] = {}
        self._widths = list(WIDTHS)
        self._intervals: dict[int, Bin] = {}
        self._latest: list[tuple[int, int, str]] = []
        self._rows = 0

    def take(self, text: pa.RecordBatch) -> None:
        """Add the next rows, as value forms."""
        if self._choice.moment and text.num_rows:
            moments, known = seconds(text.column(self._choice.moment))
            if known.any():
                self._profile(text, moments, known)
        self._rows += text.num_rows

    def overview(self) -> Overview:
        """The overview of all rows so far."""
        return Overview(
            self._choice,
            self._first,
            self._last,
            {month_name(number): self._months[number] for number in sorted(self._months)},
            self._widths[0] if self._choice.measure else 0,
            {number: self._intervals[number] for number in sorted(self._intervals)},
            tuple((text, moment) for moment, _, text in reversed(self._latest)),
        )

    def _profile(self, text: pa.RecordBatch, moments: Ints, known: Bools) -> None:
        low, high = int(moments[known].min()), int(moments[known].max())
        self._first = low if self._first is None else min(self._first, low)
        self._last = high if self._last is None else max(self._last, high)
        values = np.zeros(len(moments), np.int64)
        if self._choice.listed:
            self._list(text.column(self._choice.listed), moments, known)
        if self._choice.measure:
            values, measured = thousandths(text.column(self._choice.measure))
            known = known & measured
            if not known.any():
                return
        moments, values = moments[known], values[known]
        add_to_bins(self._months, months(moments, self._choice.zone), values)
        if self._choice.measure:
            add_to_bins(self._intervals, moments // self._widths[0], values)
            while len(self._intervals) > self._choice.bins and len(self._widths) > 1:
                factor = self._widths[1] // self._widths.pop(0)
                self._intervals = widen_bins(self._intervals, factor)

    def _list(self, column: pa.Array, moments: Ints, known: Bools) -> None:
        known = known & np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        rows = np.flatnonzero(known)
        newest = rows[np.argsort(moments[rows], kind="stable")[-LATEST:]]
        texts = pc.utf8_slice_codeunits(column.take(pa.array(newest)), 0, LISTED + 1).to_pylist()
        new = [(int(moments[r]), self._rows + int(r), t) for r, t in zip(newest, texts, strict=True)]
        self._latest = sorted([*self._latest, *new], key=lambda entry: entry[:2])[-LATEST:]


def add_to_bins(bins: dict[int, Bin], numbers: Ints, values: Ints) -> None:
    """Add rows to the bins with their numbers."""
    order = np.argsort(numbers, kind="stable")
    numbers, values = numbers[order], values[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
    counts = np.diff(starts, append=len(numbers))
    lows, highs = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    totals = np.add.reduceat(values, starts)
    columns = (numbers[starts].tolist(), counts.tolist(), lows.tolist(), highs.tolist(), totals.tolist())
    for number, *fresh in zip(*columns, strict=True):
        bins[number] = join_bins(bins.get(number), (fresh[0], fresh[1], fresh[2], fresh[3]))


def widen_bins(bins: dict[int, Bin], factor: int) -> dict[int, Bin]:
    """Merge bins into intervals that are `factor` times as wide."""
    wide: dict[int, Bin] = {}
    for number, entry in bins.items():
        wide[number // factor] = join_bins(wide.get(number // factor), entry)
    return wide


def join_bins(first: Bin | None, other: Bin) -> Bin:
    """Merge two bins: count, lowest, highest and sum."""
    if first is None:
        return other
    return first[0] + other[0], min(first[1], other[1]), max(first[2], other[2]), first[3] + other[3]


Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_PLAIN = r"^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z?)?$"
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_EARLIEST, _LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (_FIRST_YEAR, _LAST_YEAR))
_LARGEST = 1e9


def seconds(texts: pa.Array) -> tuple[Ints, Bools]:
    """Seconds since 1970 of dates and times, and which rows have one.

    Years before 1900 or after 2099 mean "unknown" or "for ever" in many systems, so they count as no time.

    Args:
        texts: value forms of dates, datetimes or instants.
    """
    quick = _seconds_by_cast(texts)
    if quick is not None:
        return quick
    plain = pc.if_else(pc.match_substring_regex(texts, _PLAIN), texts, pa.scalar(None, pa.string()))
    short = pc.utf8_slice_codeunits(plain, 0, 19)
    try:
        parsed = pc.cast(short, pa.timestamp("s"))
    except pa.ArrowInvalid:  # a 30th of February in some row
        parsed = pa.array([_parse_time(text) for text in short.to_pylist()], pa.timestamp("s"))
    return _to_numpy(parsed.cast(pa.int64())).astype(np.int64), _is_valid(parsed)


def _seconds_by_cast(texts: pa.Array) -> tuple[Ints, Bools] | None:
    """As `seconds`, in a third of the time, for columns that Arrow can cast as a whole; None for others."""
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us"), pa.timestamp("s")):
        try:
            parsed = pc.cast(texts, kind)
        except pa.ArrowInvalid:
            continue
        moments = _to_numpy(parsed.cast(pa.int64())).astype(np.int64) // (
            1 if kind.unit == "s" else 1_000_000
        )
        return moments, _is_valid(parsed) & (moments >= _EARLIEST) & (moments < _LATEST)
    return None


def thousandths(texts: pa.Array) -> tuple[Ints, Bools]:
    """Numbers times `SCALE`, rounded, and which rows have one that is finite and below 10**9."""
    try:
        parsed = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:  # the spelling INF of value forms
        parsed = pa.array([_parse_float(text) for text in texts.to_pylist()], pa.float64())
    values = _to_numpy(parsed).astype(np.float64)
    known = _is_valid(parsed) & np.isfinite(values) & (np.abs(values) <= _LARGEST)
    return np.rint(np.where(known, values, 0) * SCALE).astype(np.int64), known


def months(moments: Ints, zone: str) -> Ints:
    """Month of each moment in a zone, as `year * 12 + month - 1`."""
    return np.searchsorted(_month_starts(zone), moments, side="right") - 1 + _FIRST_YEAR * 12 - 1


def month_name(number: int) -> str:
    """`YYYY-MM` of a month's number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


@lru_cache(maxsize=16)
def _month_starts(zone: str) -> Ints:
    """First second of each month, from December 1899: at the start of 1900 UTC a zone may still be in it."""
    local_zone = ZoneInfo(zone)
    numbers = range(_FIRST_YEAR * 12 - 1, _LAST_YEAR * 12 + 1)
    first = [datetime(n // 12, n % 12 + 1, 1, tzinfo=local_zone) for n in numbers]
    return np.array([int(moment.timestamp()) for moment in first], np.int64)


def _to_numpy(array: pa.Array) -> npt.NDArray[Any]:
    return np.asarray(pc.fill_null(array, 0).to_numpy(zero_copy_only=False))


def _is_valid(array: pa.Array) -> Bools:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def _parse_time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _parse_float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


Rows = list[dict[str, str | None]]


class FirstRows:
    """The first rows, however they were batched.

    Args:
        limit: bytes of text to keep in all; the first row is kept even if it is larger.

    Attributes:
        rows: column -> value form, None for NULL. A text of more than `CELL` characters is cut one character
            after them, so that a reader of the rows sees that it was cut.
    """

    def __init__(self, limit: int) -> None:
        self.rows: Rows = []
        self._left = limit
        self._full = False

    def take(self, text: pa.RecordBatch) -> None:
        """Keep those of the next rows that still fit."""
        start = 0
        while not self._full and start < text.num_rows:
            piece = text.slice(start, 256)
            short = [pc.utf8_slice_codeunits(column, 0, CELL + 1) for column in piece.columns]
            for row in pa.RecordBatch.from_arrays(short, names=piece.schema.names).to_pylist():
                self._left -= sum(len((value or "").encode()) + ROW_OVERHEAD for value in row.values())
                if self._left < 0 and self.rows:
                    self._full = True
                    return
                self.rows.append(row)
            start += piece.num_rows
