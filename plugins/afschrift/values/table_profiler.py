"""Looks at every row of a table as it passes, and keeps what its overview needs, in bounded memory.

The outcome depends on the rows alone, never on how they came in batches.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.profile import LISTED, Bin, Overview, ProfileChoice
from afschrift.values.moments import Bools, Ints, month_name, months, seconds, thousandths

LATEST = 50
_MINUTES = (1, 5, 15, 60, 360, 1440, 7 * 1440, 28 * 1440, 364 * 1440, 3640 * 1440, 36400 * 1440)
WIDTHS = tuple(60 * minutes for minutes in _MINUTES)
"""Each is a multiple of the one before, so that finer intervals can be put together."""


class TableProfiler:
    """The profiler of one table.

    Args:
        choice: what to look at.
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
        """Look at the next rows, as value forms."""
        if self._choice.moment and text.num_rows:
            moments, known = seconds(text.column(self._choice.moment))
            if known.any():
                self._profile(text, moments, known)
        self._rows += text.num_rows

    def overview(self) -> Overview:
        """What was seen."""
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
        add(self._months, months(moments, self._choice.zone), values)
        if self._choice.measure:
            add(self._intervals, moments // self._widths[0], values)
            while len(self._intervals) > self._choice.bins and len(self._widths) > 1:
                factor = self._widths[1] // self._widths.pop(0)
                self._intervals = coarser(self._intervals, factor)

    def _list(self, column: pa.Array, moments: Ints, known: Bools) -> None:
        known = known & np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        rows = np.flatnonzero(known)
        newest = rows[np.argsort(moments[rows], kind="stable")[-LATEST:]]
        texts = pc.utf8_slice_codeunits(column.take(pa.array(newest)), 0, LISTED + 1).to_pylist()
        new = [(int(moments[r]), self._rows + int(r), t) for r, t in zip(newest, texts, strict=True)]
        self._latest = sorted([*self._latest, *new], key=lambda entry: entry[:2])[-LATEST:]


def add(bins: dict[int, Bin], numbers: Ints, values: Ints) -> None:
    """Add rows to the bins that their numbers name."""
    order = np.argsort(numbers, kind="stable")
    numbers, values = numbers[order], values[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
    counts = np.diff(starts, append=len(numbers))
    lows, highs = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    totals = np.add.reduceat(values, starts)
    columns = (numbers[starts].tolist(), counts.tolist(), lows.tolist(), highs.tolist(), totals.tolist())
    for number, *fresh in zip(*columns, strict=True):
        bins[number] = joined(bins.get(number), (fresh[0], fresh[1], fresh[2], fresh[3]))


def coarser(bins: dict[int, Bin], factor: int) -> dict[int, Bin]:
    """The same rows in intervals that are `factor` times as wide."""
    wide: dict[int, Bin] = {}
    for number, entry in bins.items():
        wide[number // factor] = joined(wide.get(number // factor), entry)
    return wide


def joined(one: Bin | None, other: Bin) -> Bin:
    """Two bins as one."""
    if one is None:
        return other
    return one[0] + other[0], min(one[1], other[1]), max(one[2], other[2]), one[3] + other[3]
