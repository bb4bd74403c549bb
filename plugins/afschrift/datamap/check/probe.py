"""Questions about whole tables: bounded in rows and time, read-only, and none of them ends the check."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from afschrift.datamap.scan.reader import NotAnsweredError, NotReachedError, StatementRunner
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.inventory.model import SourceFile
from afschrift.selection.person import WayFinder
from afschrift.selection.statements import render

NOBODY = Key("", "nobody")
"""What stands in the session's key table: no key of the inventory has this name, so no row is anybody's."""


class OutOfTimeError(NotReachedError):
    """The time of the whole check is over, so nothing more is asked."""


@dataclass(frozen=True)
class ProbeLimits:
    """How much is looked at.

    Attributes:
        exact: rows up to which a table is counted whole; of a larger one a sample is.
        sample: rows of that sample.
        values: rows of which the texts are looked at.
        seconds: that one statement may take.
        total: seconds that the whole check may take; None: as long as it takes.
    """

    exact: int = 200_000
    sample: int = 20_000
    values: int = 2_000
    seconds: int = 60
    total: int | None = None

    @classmethod
    def up_to(cls, rows: int, seconds: int, total: int | None = None) -> ProbeLimits:
        """With a sample of at most a tenth of the rows that would be counted whole."""
        plain = cls()
        return cls(rows, max(1, min(plain.sample, rows // 10)), plain.values, seconds, total)


class ProbeDeadline:
    """When a check ends, from when this was made; what is begun before may not take longer than that."""

    def __init__(self, limits: ProbeLimits) -> None:
        self._limits = limits
        self._began = time.monotonic()

    @property
    def statement(self) -> float:
        """Seconds that a statement may take which begins now; 0: none begins any more."""
        if self._limits.total is None:
            return self._limits.seconds
        left = self._limits.total - (time.monotonic() - self._began)
        return max(0.0, min(self._limits.seconds, left))


class SampleKind(StrEnum):
    """How rows were chosen."""

    EXACT = "exact"
    SAMPLE = "sample"
    FIRST = "first"

    def words(self, rows: int) -> str:
        """Such as `of a sample of 20,000 rows`."""
        return {
            SampleKind.EXACT: f"of {rows:,} rows",
            SampleKind.SAMPLE: f"of a sample of {rows:,} rows",
            SampleKind.FIRST: f"of the first {rows:,} rows",
        }[self]


class Probe(StatementRunner):
    """A read-only session on a source, with a key table of which no row is anybody's.

    A session whose statements might take longer than is left of the check is followed by another.

    Args:
        opens: makes a session that is not opened yet; its statements take no longer than the deadline says.
        deadline: of the whole check.
    """

    def __init__(self, opens: Callable[[], Source], deadline: ProbeDeadline | None = None) -> None:
        super().__init__(opens)
        self._deadline = deadline or ProbeDeadline(ProbeLimits())
        self._may_take = 0.0

    def __enter__(self) -> Self:
        return self

    @property
    def session(self) -> Source:
        """An open session.

        Raises:
            NotReachedError: it cannot be opened.
            OutOfTimeError: the time of the check is over.
        """
        left = self._deadline.statement
        if left <= 0:
            raise OutOfTimeError("the time of the check is over.", remedy="give it more time.")
        if self._session is not None and self._may_take >= left + 1:
            self.close()
        if self._session is None:
            self._may_take = left
        return super().session

    def prepare(self, session: Source) -> None:
        """Fill the key table."""
        session.bind([NOBODY], rfc3339(utc_now()))

    def numbers(self, statement: str) -> tuple[int, ...]:
        """The first row of a statement of counts; errors as of `ask`."""
        return tuple(int(number or 0) for number in self.rows(statement)[0])


_MORE = 1.5  # of blocks or rows drawn at random some samples come out smaller


@dataclass(frozen=True)
class LookedAt:
    """The rows of a table that are looked at.

    Attributes:
        relation: what stands after FROM.
        rows: how many of them there are.
    """

    relation: str
    rows: int
    counted: SampleKind

    @property
    def whole(self) -> bool:
        """Whether these are all."""
        return self.counted is SampleKind.EXACT

    @property
    def words(self) -> str:
        """Such as `of a sample of 20,000 rows`."""
        return self.counted.words(self.rows)


@dataclass(frozen=True)
class Rows:
    """Chooses the rows of each table, once."""

    declared: SourceFile
    probe: Probe
    finder: WayFinder
    limits: ProbeLimits
    sql: Path
    views: frozenset[str] = frozenset()
    _known: dict[str, LookedAt] = field(default_factory=dict)

    def of(self, table: str) -> LookedAt:
        """All rows where the limit holds them, else a sample."""
        if table not in self._known:
            relation, most = self.finder.relation(table), self.limits.exact + 1
            rows = self._count(relation, most)
            whole = LookedAt(relation, rows, SampleKind.EXACT)
            self._known[table] = whole if rows < most else self.some(table, self.limits.sample)
        return self._known[table]

    def some(self, table: str, most: int) -> LookedAt:
        """A part of a large table: drawn at random where its database can, else the first rows."""
        drawn = self._drawn(table, most)
        if drawn is not None:
            return drawn
        relation = self._part(table, self.finder.relation(table), most)
        return LookedAt(relation, self._count(relation, most), SampleKind.FIRST)

    def _drawn(self, table: str, most: int) -> LookedAt | None:
        """None: it cannot be drawn from, or how many rows there are is not known."""
        relation = self.finder.relation(table)
        if table in self.views or self.finder.dialect.sampled(relation, 1) is None:
            return None
        try:
            one = f"SELECT 1 AS one\nFROM {relation} AS t\n"
            readings = self.probe.ask(lambda session: session.estimate(one)).readings
            rows = sum(one.rows or 0 for one in readings)  # of a partitioned table, those of its parts
            if not rows:
                return None
            sampled = self.finder.dialect.sampled(relation, min(1, _MORE * most / rows))
            part = self._part(table, str(sampled), most)
            return LookedAt(part, self._count(part, most), SampleKind.SAMPLE)
        except NotAnsweredError:  # such as a foreign table
            return None

    def _part(self, table: str, relation: str, most: int) -> str:
        names = ", ".join(self.finder.readable(table))
        return f"(\nSELECT {names}\nFROM {relation}\nLIMIT {most})"

    def _count(self, relation: str, most: int) -> int:
        return self.probe.numbers(render(self.sql, "row_count.sql", relation=relation, most=most))[0]
