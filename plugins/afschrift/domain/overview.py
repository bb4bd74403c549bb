"""A summary of a table that is made while it is read: months, measured numbers and listed texts."""

from __future__ import annotations

from dataclasses import dataclass, field

SCALE = 1000
"""Measured values are kept as whole thousandths, so that sums are exact whatever the order of adding."""

CELL = 1000
"""Characters of a text that the person's page shows at most."""

LISTED = 200
"""Characters of a listed text."""

ROW_OVERHEAD = 4
"""Bytes that each value costs beside its text: quotes and a comma."""

Bin = tuple[int, int, int, int]
"""Number of rows; lowest, highest and sum of their values, times `SCALE` (0 where nothing is measured)."""


@dataclass(frozen=True)
class ProfileChoice:
    """What to look at while a table is read. An empty name: there is no such column.

    Attributes:
        moment: column with the row's own time.
        zone: time zone that months are counted in; `UTC` for times without a zone.
        measure: column of one measured number.
        listed: column of short texts that are worth a list of their own, such as search words.
        bins: most intervals that a measured number is summed up in.
    """

    moment: str = ""
    zone: str = "UTC"
    measure: str = ""
    listed: str = ""
    bins: int = 0


@dataclass(frozen=True)
class Overview:
    """The outcome for one table. Moments are whole seconds since 1970, in UTC or in the table's own time.

    Attributes:
        first, last: earliest and latest moment; None where no row has one.
        months: `YYYY-MM` in the chosen zone -> its rows.
        width: seconds of an interval; 0 where nothing was measured.
        intervals: number of the interval since 1970 -> its rows, in their order.
        latest: the newest listed texts with their moment, newest first.
    """

    choice: ProfileChoice = field(default_factory=ProfileChoice)
    first: int | None = None
    last: int | None = None
    months: dict[str, Bin] = field(default_factory=dict)
    width: int = 0
    intervals: dict[int, Bin] = field(default_factory=dict)
    latest: tuple[tuple[str, int], ...] = ()
