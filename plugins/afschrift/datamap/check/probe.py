"""Questions about whole tables: bounded in rows and time, read-only, and none of them ends the check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from afschrift.datamap.check.finding import Code, Finding, SampleKind, finding
from afschrift.datamap.reader import NotAnsweredError, NotReachedError, StatementRunner
from afschrift.domain.errors import AfschriftError
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.keys import Key
from afschrift.domain.sources import Catalogue, Dialect, Source, Structure
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.map_entries import of_entries
from afschrift.selection.statements import render
from afschrift.selection.ways import WayFinder

NOBODY = Key("", "nobody")
"""The one row of the session's key table: no key of the inventory has this name, so it owns no row."""


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
        self.limits = limits
        self._began = time.monotonic()

    @property
    def statement(self) -> float:
        """Seconds that a statement may take which begins now; 0: none begins any more."""
        if self.limits.total is None:
            return self.limits.seconds
        left = self.limits.total - (time.monotonic() - self._began)
        return max(0.0, min(self.limits.seconds, left))


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
        relation: SQL expression in a FROM clause.
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
class CheckedSource:
    """A source under check, and how much of each of its tables is looked at.

    Attributes:
        declared: the source as the map has it.
        dialect: of its database.
        tables: its catalogue, by its own names.
        structure: what its database says, by its own names.
        sql: the folder of statements.
    """

    inventory: Inventory
    declared: SourceFile
    probe: Probe
    dialect: Dialect
    tables: Catalogue
    structure: Structure
    limits: ProbeLimits
    sql: Path
    _known: dict[str, LookedAt] = field(default_factory=dict)

    @cached_property
    def finder(self) -> WayFinder:
        """Of the ways of its tables to the person."""
        return WayFinder(self.declared, self.inventory.identity, self.dialect, self.tables)

    @cached_property
    def catalogue(self) -> Catalogue:
        """By the names of the map."""
        return of_entries(self.declared, self.tables, self.dialect)

    @cached_property
    def named(self) -> Structure:
        """What its database says, by the names of the map."""
        return self.declared.structure(self.structure, self.declared.tables)

    def personal(self) -> Iterator[tuple[str, Table]]:
        """The tables with rows of people that the source has."""
        for name, table in self.declared.tables.items():
            if table.personal and name in self.finder.tables:
                yield name, table

    def path(self, *place: str) -> str:
        """Such as `shop.customer.email`."""
        return ".".join((self.declared.source, *place))

    def finding(
        self,
        code: Code,
        place: tuple[str, ...],
        sentence: str,
        remedy: str,
        *,
        sure: bool = True,
        undecided: Iterable[Code] = (),
    ) -> Finding:
        """As `finding.finding`; `place`: a table, or a table and a column."""
        return finding(code, (self.declared.source, *place), sentence, remedy, sure=sure, undecided=undecided)

    def unless_unanswered(
        self, place: tuple[str, ...], words: str, undecided: Iterable[Code], found: Iterator[Finding]
    ) -> Iterator[Finding]:
        """What is found at a place, or that the source did not answer there.

        A column that is not there, or closed, is passed over: it is said where the table is compared.

        Args:
            place: a table, or a table and a column.
            words: what was not looked at then.
            undecided: what may be so all the same.
            found: by statements that may fail.

        Raises:
            NotReachedError: the source is lost, or the time of the check is over.
        """
        try:
            yield from found
        except NotReachedError:
            raise
        except NotAnsweredError as why:
            sentence = f"{words}: {why.args[0]}"
            yield self.finding(Code.NOT_LOOKED_AT, place, sentence, why.remedy, undecided=undecided)
        except AfschriftError:
            return

    def numbers(self, template: str, relation: str, **parts: object) -> tuple[int, ...]:
        """The first row of a statement of counts over a relation; errors as of `Probe.ask`."""
        return self.probe.numbers(render(self.sql, template, relation=relation, **parts))

    def rows(self, table: str) -> LookedAt:
        """All rows of a table where the limit holds them, else a sample; chosen once."""
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
        if table in self.named.views or self.dialect.sampled(relation, 1) is None:
            return None
        try:
            every = f"SELECT 1 AS one\nFROM {relation} AS t\n"
            parts = self.probe.ask(lambda session: session.estimate(every)).readings  # of a partitioned table
            rows = sum(part.rows or 0 for part in parts)
            if not rows:
                return None
            sampled = self.dialect.sampled(relation, min(1, _MORE * most / rows))
            part = self._part(table, str(sampled), most)
            return LookedAt(part, self._count(part, most), SampleKind.SAMPLE)
        except NotAnsweredError:  # such as a foreign table
            return None

    def _part(self, table: str, relation: str, most: int) -> str:
        names = ", ".join(self.finder.readable(table))
        return f"(\nSELECT {names}\nFROM {relation}\nLIMIT {most})"

    def _count(self, relation: str, most: int) -> int:
        return self.numbers("row_count.sql", relation, most=most)[0]
