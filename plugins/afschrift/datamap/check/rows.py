"""How much of a table is looked at: all of a small one, a bounded part of a large one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from afschrift.datamap.check.probe import Probe, ProbeLimits, SampleKind
from afschrift.datamap.scan.reader import NotAnsweredError
from afschrift.inventory.model import SourceFile
from afschrift.selection.person import WayFinder
from afschrift.selection.statements import render

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
