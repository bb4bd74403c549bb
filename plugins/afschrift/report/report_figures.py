"""The figures of a period, from a frame of its requests. docs/report.md has the SQL of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

import pandas as pd

from afschrift.domain.right import Right
from afschrift.report.measure import MeasuredRequest

FEW = 5
"""Below this number a figure is not given outside the house."""
PER_CENT = 95


@dataclass(frozen=True)
class Figure:
    """A figure.

    Attributes:
        code: what is counted within its group; empty: all of the group.
        value: None: there is nothing to take a median of.
        requests: that it counts, where a reader looks at them one by one.
    """

    code: str
    value: int | float | None
    requests: tuple[str, ...] = ()


@dataclass(frozen=True)
class FigureGroup:
    """Figures on one of `SUBJECTS`."""

    id: str
    figures: tuple[Figure, ...]

    @property
    def counts_days(self) -> bool:
        """Whether they are days and not requests."""
        return "days" in self.id


SUBJECTS = {
    "received": "Received",
    "right": "By right",
    "channel": "By channel",
    "outcome": "What became of them",
    "time": "In time and late",
    "notice": "Refusals announced after the first month",
    "extension": "Extended",
    "suspended": "Suspended, by ground",
    "suspended_days": "Days of suspension, by ground",
    "refuse": "Refused, by ground",
    "refuse_part": "Refused in part, by ground",
    "charge": "Charged, by ground",
    "restrict": "Restricted, by ground",
    "doubt": "More asked about the identity, by doubt",
    "checked": "Identity confirmed, by how it was checked",
    "other": "Further figures",
    "complaint": "Complaints, by whom",
    "complaint_ended": "Complaints, by outcome",
    "redacted": "Parts made unreadable, by ground",
    "days_acknowledged": "Days to the acknowledgement",
    "days_first_answer": "Days to the first answer",
    "days_closed": "Days to the end",
    "waiting": "What waits now, and for what",
}
"""FigureGroup -> its title in English."""
_PLAIN = ("right", "channel", "outcome", "checked")
"""Groups that add up to what was received, and of which no request is named."""


def groups(measured: Sequence[MeasuredRequest], open_now: Sequence[MeasuredRequest]) -> Iterator[FigureGroup]:
    """All figures, by subject.

    Args:
        measured: requests that were received in the period.
        open_now: all open requests, whenever they were received.
    """
    frame = frame_of(measured)
    yield FigureGroup("received", (Figure("", len(frame)),))
    yield _by("right", frame, "right", [right.value for right in Right])
    yield _by("channel", frame, "channel")
    yield _by("outcome", frame, "outcome")
    yield from _in_time(frame)
    yield _by("extension", frame, "extension", ("valid", "void", "not_sent"))
    suspended = _pairs(measured, "suspended", ("ground", "days"))
    yield _by("suspended", suspended, "ground")
    days = suspended.groupby("ground")["days"].sum()
    yield FigureGroup(
        "suspended_days", tuple(Figure(str(ground), int(value)) for ground, value in days.items())
    )
    decided = _pairs(measured, "decided", ("decision", "ground"))
    for outcome in ("refuse", "refuse_part", "charge", "restrict"):
        yield _by(outcome, decided[decided["decision"] == outcome], "ground")
    yield _by("doubt", frame, "doubt")
    yield _by("checked", frame, "checked")
    yield FigureGroup("other", tuple(_other(frame)))
    complaints = _pairs(measured, "complaints", ("from", "ending"))
    yield _by("complaint", complaints, "from")
    yield _by("complaint_ended", complaints.fillna({"ending": "open"}), "ending")
    yield _by("redacted", _pairs(measured, "redacted", ("ground",)), "ground")
    yield from _days(frame)
    waiting = frame_of(open_now)
    waiting["why"] = waiting["waits_what"].fillna(waiting["waits"])
    yield _by("waiting", waiting, "why")


def frame_of(measured: Iterable[MeasuredRequest]) -> pd.DataFrame:
    """A row for each request."""
    names = list(MeasuredRequest.__dataclass_fields__)
    frame = pd.DataFrame(map(attrgetter(*names), measured), columns=names)
    for name in ("days", "days_left", "acknowledged", "first_answer", "parts", "supplements"):
        frame[name] = frame[name].astype("Int64")
    frame["in_time"] = frame["in_time"].astype("boolean")
    return frame


def _pairs(measured: Sequence[MeasuredRequest], name: str, columns: Sequence[str]) -> pd.DataFrame:
    """A row for each entry of a column with several, with its request."""
    rows = []
    for row in measured:
        held = getattr(row, name)
        entries = held.items() if isinstance(held, dict) else held
        rows += [(row.request, *((entry,) if isinstance(entry, str) else entry)) for entry in entries]
    return pd.DataFrame(rows, columns=["request", *columns])


def _by(id_: str, frame: pd.DataFrame, column: str, order: Sequence[str] = ()) -> FigureGroup:
    """Counts of a column's codes: those of `order` first and always, then the most frequent."""
    found = frame.dropna(subset=[column])
    counts = found[column].value_counts()
    codes = dict.fromkeys((*order, *sorted(counts.index, key=lambda code: (-counts[code], code))))
    if id_ in _PLAIN:
        return FigureGroup(id_, tuple(Figure(code, int(counts.get(code, 0))) for code in codes))
    of = {code: _ids(found[found[column] == code]) for code in codes}
    figures = (Figure(code, int(counts.get(code, 0)), ids) for code, ids in of.items())
    return FigureGroup(id_, (Figure("", int(found["request"].nunique()), _ids(found)), *figures))


def _in_time(frame: pd.DataFrame) -> Iterator[FigureGroup]:
    answered = frame.dropna(subset=["in_time"])
    late = answered[~answered["in_time"].astype(bool)]
    still = frame[frame["outcome"] == "open"]
    over = still[still["days_left"].fillna(0) < 0]
    figures = (
        Figure("in_time", len(answered) - len(late)),
        Figure("late", len(late), _ids(late)),
        Figure("open_in_time", len(still) - len(over)),
        Figure("open_late", len(over), _ids(over)),
        Figure("ended_otherwise", len(frame) - len(answered) - len(still)),
    )
    yield FigureGroup("time", figures)
    refused = frame[frame["refused_late"].astype(bool)]
    after = Figure("refused_late", len(refused), _ids(refused))
    yield FigureGroup("notice", (after,))


def _other(frame: pd.DataFrame) -> Iterator[Figure]:
    which = {
        "identity_asked": frame["identity_asked"].astype(bool),
        "in_parts": frame["parts"] > 0,
        "supplements": frame["supplements"] > 0,
        "misdelivered": frame["misdelivered"].astype(bool),
        **{name: frame[name].astype(bool) for name in ("looked_up", "not_searched", "lies")},
    }
    for code, mask in which.items():
        found = frame[mask.fillna(False)]
        yield Figure(code, len(found), _ids(found))


def _days(frame: pd.DataFrame) -> Iterator[FigureGroup]:
    """Median and 95th percentile (nearest rank) of days from the receipt."""
    informed = frame[frame["in_time"].notna()]
    of = {name: frame[name] for name in ("acknowledged", "first_answer")} | {"closed": informed["days"]}
    for id_, column in of.items():
        yield FigureGroup(f"days_{id_}", tuple(_percentiles(column)))


def _percentiles(column: pd.Series) -> Iterator[Figure]:
    known = column.dropna().astype(int).sort_values().tolist()
    yield Figure("number", len(known))
    yield Figure("median", float(pd.Series(known).median()) if known else None)
    yield Figure("percentile", known[-(-PER_CENT * len(known) // 100) - 1] if known else None)


def _ids(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(dict.fromkeys(frame["request"]))


LEFT = ((-(10**6), -1, "over"), (0, 3, "0-3"), (4, 7, "4-7"), (8, 14, "8-14"), (15, 31, "15-31"))


def days_left(open_now: Sequence[MeasuredRequest]) -> list[tuple[str, int]]:
    """How many open requests have how many days left."""
    left = [row.days_left for row in open_now if row.days_left is not None]
    bins = [(label, sum(low <= days <= high for days in left)) for low, high, label in LEFT]
    more = sum(days > LEFT[-1][1] for days in left)
    return [*bins, ("more", more), ("suspended", len(open_now) - len(left))]


def days_taken(
    measured: Sequence[MeasuredRequest], until: date
) -> list[tuple[str, float, float | None, int, int]]:
    """By month of the end, twelve months: medians of days taken and allowed, number, and how many late.

    None are allowed where each was refused while it was suspended: no last day was known.
    """
    frame = frame_of(row for row in measured if row.in_time is not None)
    frame["month"] = [str(day)[:7] for day in frame["closed"]]
    frame["allowed"] = (pd.to_datetime(frame["due"]) - pd.to_datetime(frame["received"])).dt.days
    frame["late"] = ~frame["in_time"].astype(bool)
    found = frame.groupby("month").agg(
        taken=("days", "median"), allowed=("allowed", "median"), number=("late", "size"), late=("late", "sum")
    )
    found, months = found.astype(object).where(found.notna(), None), _months(until)
    return [(month, *row) for month, *row in found.itertuples() if month in months]


def _months(until: date) -> list[str]:
    last = until.year * 12 + until.month - 1
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(last - 11, last + 1)]
