"""Queries over whole tables for the check: read-only, limited in rows and time; a failure does not end it."""

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

NO_PERSON = Key("", "no person")
"""The only row of the session's key table: no key of the inventory has an empty name, so it owns no row."""


class OutOfTimeError(NotReachedError):
    """The time of the whole check is over."""


@dataclass(frozen=True)
class ProbeLimits:
    """How much a check reads.

    Attributes:
        exact: rows up to which a table is counted in full; of a larger one a sample is counted.
        sample: rows of that sample.
        values: rows whose texts are read.
        seconds: that one statement may take.
        total: seconds that the whole check may take; None: no limit.
    """

    exact: int = 200_000
    sample: int = 20_000
    values: int = 2_000
    seconds: int = 60
    total: int | None = None

    @classmethod
    def up_to(cls, rows: int, seconds: int, total: int | None = None) -> ProbeLimits:
        """Return limits with a sample of at most a tenth of the rows that would be counted in full."""
        plain = cls()
        return cls(rows, max(1, min(plain.sample, rows // 10)), plain.values, seconds, total)


class ProbeDeadline:
    """The end of a check, measured from the creation of this object; no statement may run past it."""

    def __init__(self, limits: ProbeLimits) -> None:
        self.limits = limits
        self._began = time.monotonic()

    @property
    def statement(self) -> float:
        """Seconds that a statement may take if it begins now; 0: none may begin."""
        if self.limits.total is None:
            return self.limits.seconds
        left = self.limits.total - (time.monotonic() - self._began)
        return max(0.0, min(self.limits.seconds, left))


class Probe(StatementRunner):
    """A read-only session on a source, with a key table that matches no person's rows.

    A session has the time limit of statements at its opening. If less time is left, a new one is opened.

    Args:
        opens: makes a session that is not opened yet, with the deadline's limit for statements.
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
        session.bind([NO_PERSON], rfc3339(utc_now()))

    def numbers(self, statement: str) -> tuple[int, ...]:
        """Return the first row of a statement of counts; errors as of `ask`."""
        return tuple(int(number or 0) for number in self.rows(statement)[0])


_MORE = 1.5  # random samples of blocks or rows vary in size, so more is requested than is needed


@dataclass(frozen=True)
class LookedAt:
    """The rows of a table that are read.

    Attributes:
        relation: SQL expression for a FROM clause.
        rows: number of them.
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
    """A source under check, and how much of each of its tables is read.

    Attributes:
        declared: the source in the map.
        dialect: of its database.
        tables: its catalogue, by its own names.
        structure: declared by its database, by its own names.
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
        """The ways of its tables to the person."""
        return WayFinder(self.declared, self.inventory.identity, self.dialect, self.tables)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Its catalogue, by the names of the map."""
        return of_entries(self.declared, self.tables, self.dialect)

    @cached_property
    def named(self) -> Structure:
        """The structure that its database declares, by the names of the map."""
        return self.declared.structure(self.structure, self.declared.tables)

    def personal(self) -> Iterator[tuple[str, Table]]:
        """Yield the personal tables that the source has."""
        for name, table in self.declared.tables.items():
            if table.personal and name in self.finder.tables:
                yield name, table

    def path(self, *place: str) -> str:
        """Return a path such as `shop.customer.email`."""
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
        """Yield the findings of a place, or one that the source gave no result there.

        A column that is missing or not readable is skipped: the comparison of the table reports it.

        Args:
            place: a table, or a table and a column.
            words: what was not checked then.
            undecided: codes that may apply nevertheless.
            found: findings by statements that may fail.

        Raises:
            NotReachedError: the connection is lost, or the time of the check is over.
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
        """Return the first row of a statement of counts over a relation; errors as of `Probe.ask`."""
        return self.probe.numbers(render(self.sql, template, relation=relation, **parts))

    def rows(self, table: str) -> LookedAt:
        """Return all rows of a table within the limit, else a sample; chosen once for a table."""
        if table not in self._known:
            relation, most = self.finder.relation(table), self.limits.exact + 1
            rows = self._count(relation, most)
            whole = LookedAt(relation, rows, SampleKind.EXACT)
            self._known[table] = whole if rows < most else self.some(table, self.limits.sample)
        return self._known[table]

    def some(self, table: str, most: int) -> LookedAt:
        """Return a part of a large table: a random sample if its database has one, else the first rows."""
        sample = self._sample(table, most)
        if sample is not None:
            return sample
        relation = self._part(table, self.finder.relation(table), most)
        return LookedAt(relation, self._count(relation, most), SampleKind.FIRST)

    def _sample(self, table: str, most: int) -> LookedAt | None:
        """Return a random sample; None: the database has none, or the number of rows is not known."""
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
