"""How many rows of each table are nobody's, one person's, or several persons'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

from afschrift.datamap.check.finding import Code, Finding, Severity, finding
from afschrift.datamap.check.probe import Probe
from afschrift.datamap.check.routes import Route, RouteFinder
from afschrift.datamap.check.rows import LookedAt, Rows
from afschrift.datamap.scan.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError
from afschrift.domain.origin import Origin
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.person import WayFinder
from afschrift.selection.statements import render

_FEWER = 40
_ROUTES = 16
"""Of more routes a statement would be longer than its answer is worth."""


@dataclass(frozen=True)
class TableReach:
    """The rows of a table by how many persons they lead to.

    Attributes:
        table: as the inventory calls it.
        rows: that were looked at.
        counted: `exact`: all rows; `sample`: drawn at random; `first`: the first that came.
        nobody: no way leads from them to a key.
        one, several: persons.
        unknown: they bear a key of which another source knows whose it is.
    """

    source: str
    table: str
    rows: int
    counted: str
    nobody: int
    one: int
    several: int
    unknown: int


@dataclass
class ReachCheck:
    """Counts table by table.

    Attributes:
        declared: the source.
        reached: what was counted.
    """

    declared: SourceFile
    identity: IdentityFile
    probe: Probe
    finder: WayFinder
    rows: Rows
    sql: Path
    reached: list[TableReach] = field(default_factory=list)

    def findings(self) -> Iterator[Finding]:
        """A finding for each table with rows that nobody or more than one person is given."""
        routes = RouteFinder(self.declared, self.identity, self.finder)
        for name, table in self.declared.tables.items():
            if not table.personal or name not in self.finder.tables:
                continue
            try:
                yield from self._table(name, routes.of(name))
            except NotReachedError:
                raise
            except NotAnsweredError as why:
                looks_for = (Code.TABLE_NOT_REACHED, Code.ROWS_OF_SEVERAL)
                yield self._not_counted(name, str(why.args[0]), why.remedy, looks_for)
            except AfschriftError:  # a column that is not there, or closed: said where the table is compared
                continue

    def _table(self, name: str, routes: list[Route]) -> Iterator[Finding]:
        if not routes or len(routes) > _ROUTES:
            if routes:
                words = f"{len(routes)} routes lead to a person, more than are counted ({_ROUTES})"
                yield self._not_counted(name, words, "nothing, where that is meant")
            return
        looked, numbers = self._numbers(name, routes)
        rows, nobody, several, unknown, *spread = numbers
        looked = replace(looked, rows=rows)  # a sample may be drawn anew
        one = rows - nobody - several - unknown
        source = self.declared.source
        self.reached.append(
            TableReach(source, name, rows, looked.counted.value, nobody, one, several, unknown)
        )
        yield from self._of_nobody(name, looked, rows, nobody)
        told = any(
            one.origin is not Origin.NOT_PERSONAL for one in self.declared.tables[name].columns.values()
        )
        if several and told:  # of a look-up that holds nobody's data, no row is given
            yield from self._of_several(name, looked, routes, several, spread)

    def _numbers(self, name: str, routes: list[Route]) -> tuple[LookedAt, tuple[int, ...]]:
        """Of the rows that the limit allows; where that took too long, of a small part of a sample."""
        looked = self.rows.of(name)
        try:
            return looked, self.probe.numbers(self._statement(looked, routes))
        except NotAnsweredError as why:
            if why.failed:
                raise
            fewer = self.rows.some(name, max(1, self.rows.limits.sample // _FEWER))
            return fewer, self.probe.numbers(self._statement(fewer, routes))

    def _statement(self, looked: LookedAt, routes: list[Route]) -> str:
        known = [n for n, route in enumerate(routes, start=1) if route.known]
        unsure = [n for n, route in enumerate(routes, start=1) if not route.known]
        spread = [f"low_{n} <> high_{n}" for n in known]
        differ = [
            f"low_{a} <> high_{b} OR low_{b} <> high_{a}"
            for a, b in combinations(known, 2)
            if routes[a - 1].space == routes[b - 1].space
        ]
        nowhere = " AND ".join(f"low_{n} IS NULL" for n in known) or "1 = 1"
        nobody = " AND ".join([nowhere, *(f"low_{n} IS NULL" for n in unsure)])
        somewhere = " OR ".join(f"low_{n} IS NOT NULL" for n in unsure)
        return render(
            self.sql,
            "reach.sql",
            relation=looked.relation,
            ends=[route.ends() for route in routes],
            nobody=nobody,
            several=" OR ".join([*spread, *differ]) or "1 = 0",
            unknown=f"{nowhere} AND ({somewhere})" if unsure else "1 = 0",
            spread=spread,
        )

    def _of_nobody(self, name: str, looked: LookedAt, rows: int, nobody: int) -> Iterator[Finding]:
        place, path = (self.declared.source, name), f"{self.declared.source}.{name}"
        if rows and nobody == rows:
            yield finding(
                Code.TABLE_NOT_REACHED,
                place,
                f"{path}: no way leads from any row to a person, {looked.words}",
                "correct `subject` or `join`; or say `personal: false`, where the table holds nobody's data",
                sure=looked.whole,
            )
        elif nobody:
            yield finding(
                Code.ROWS_NOT_REACHED,
                place,
                f"{path}: {nobody:,} {looked.words} lead to nobody, so nobody is given these",
                "nothing, where these rows are of nobody who is known; else give the table a further way",
            )

    def _of_several(
        self, name: str, looked: LookedAt, routes: list[Route], several: int, spread: list[int]
    ) -> Iterator[Finding]:
        place, path = (self.declared.source, name), f"{self.declared.source}.{name}"
        known = [route for route in routes if route.known]
        said = False
        for route, rows in zip(known, spread, strict=True):
            said = said or bool(rows)
            if not rows or (route.decided and not route.shared):
                continue
            found = finding(
                Code.ROWS_OF_SHARED_KEY if route.shared else Code.ROWS_OF_SEVERAL,
                place,
                f"{path}: {rows:,} {looked.words} lead to several persons by {route.words}",
                "nothing, where that is so: a request asks whether the key is the person's alone"
                if route.shared
                else "mend the join, where each row is of one person; else say `shared_rows`",
            )
            # no request stops at a look-up
            looked_up = route.look_up and not route.shared
            yield replace(found, severity=Severity.WARNING) if looked_up else found
        if not said:
            yield finding(
                Code.ROWS_BY_SEVERAL_WAYS,
                place,
                f"{path}: {several:,} {looked.words} lead to one person by one way, and to another person by "
                "another way",
                "nothing, where that is meant, as of a sender and a recipient; else take a way out",
            )

    def _not_counted(self, name: str, why: str, remedy: str, undecided: Iterable[Code] = ()) -> Finding:
        words = f"{self.declared.source}.{name}: its rows were not counted by persons: {why}"
        place = (self.declared.source, name)
        return finding(Code.NOT_LOOKED_AT, place, words, remedy, undecided=undecided)
