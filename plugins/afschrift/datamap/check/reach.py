"""Count the rows of each table that lead to no person, to one, or to several.

A request follows its routes from the person to the rows; the check follows them from all rows to the persons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from afschrift.datamap.check.finding import Code, Finding, MapReport, Severity, TableReach
from afschrift.datamap.check.probe import CheckedSource, LookedAt
from afschrift.datamap.reader import NotAnsweredError
from afschrift.domain.keys import Unique, loosest
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.joins import hops, is_look_up

_FEWER = 40
_ROUTES = 16
"""Most routes in a statement: with more it would be too long for the value of its result."""


def reach(of: CheckedSource, report: MapReport) -> Iterator[Finding]:
    """Yield the tables with rows of no person or of several persons; `report` gets the counts of all."""
    routes, reached = RouteFinder(of), list[TableReach]()
    for name, _ in of.personal():
        words, undecided = _not_counted(of, name), {Code.TABLE_NOT_REACHED, Code.ROWS_OF_SEVERAL}
        found = _table(of, name, routes, reached)
        yield from of.unless_unanswered((name,), words, undecided, found)
    report.reach += reached


def _table(of: CheckedSource, name: str, finder: RouteFinder, reached: list[TableReach]) -> Iterator[Finding]:
    routes = finder.of(name)
    if len(routes) > _ROUTES:
        why = f"{len(routes)} routes lead to a person, more than are counted ({_ROUTES})"
        words = f"{_not_counted(of, name)}: {why}"
        yield of.finding(Code.NOT_LOOKED_AT, (name,), words, "nothing, if that is meant")
        return
    if not routes:
        return
    looked, numbers = _numbers(of, name, routes)
    rows, of_none, several, unknown, *spread = numbers
    looked = replace(looked, rows=rows)  # each statement may get another sample
    of_one = rows - of_none - several - unknown
    counted = looked.counted.value
    reached.append(TableReach(of.declared.source, name, rows, counted, of_none, of_one, several, unknown))
    yield from _of_none(of, name, looked, of_none)
    columns = of.declared.tables[name].columns.items()
    given = {column for column, words in columns if words.origin is not Origin.NOT_PERSONAL}
    if several and given:  # a look-up without personal data gives no rows
        is_list = given <= _naming(of, name)
        yield from _of_several(of, name, looked, routes, several, spread, is_list=is_list)


def _naming(of: CheckedSource, name: str) -> frozenset[str]:
    """Return the columns that only say which row it is: key, label, and what points on or is pointed at."""
    table, joined = (
        of.declared.tables[name],
        [column for join in of.declared.tables[name].join for column in join],
    )
    pointed = of.declared.pointed_at.get(name, frozenset())
    return pointed.union(table.key, table.label, table.references, joined)


def _not_counted(of: CheckedSource, name: str) -> str:
    return f"{of.path(name)}: its rows were not counted by persons"


def _numbers(of: CheckedSource, name: str, routes: list[Route]) -> tuple[LookedAt, tuple[int, ...]]:
    """Count the rows within the limit; if that takes too long, a small part of a sample."""
    looked = of.rows(name)
    try:
        return looked, _counts(of, looked, routes)
    except NotAnsweredError as why:
        if why.failed:
            raise
        fewer = of.some(name, max(1, of.limits.sample // _FEWER))
        return fewer, _counts(of, fewer, routes)


def _counts(of: CheckedSource, looked: LookedAt, routes: list[Route]) -> tuple[int, ...]:
    known = [n for n, route in enumerate(routes, start=1) if route.known]
    unsure = [n for n, route in enumerate(routes, start=1) if not route.known]
    spread = [f"low_{n} <> high_{n}" for n in known]
    differ = [
        f"low_{a} <> high_{b} OR low_{b} <> high_{a}"
        for a, b in combinations(known, 2)
        if routes[a - 1].space == routes[b - 1].space
    ]
    nowhere = " AND ".join(f"low_{n} IS NULL" for n in known) or "1 = 1"
    somewhere = " OR ".join(f"low_{n} IS NOT NULL" for n in unsure)
    return of.numbers(
        "reach.sql",
        looked.relation,
        ends=[route.ends() for route in routes],
        nobody=" AND ".join([nowhere, *(f"low_{n} IS NULL" for n in unsure)]),
        several=" OR ".join([*spread, *differ]) or "1 = 0",
        unknown=f"{nowhere} AND ({somewhere})" if unsure else "1 = 0",
        spread=spread,
    )


def _of_none(of: CheckedSource, name: str, looked: LookedAt, of_none: int) -> Iterator[Finding]:
    if looked.rows and of_none == looked.rows:
        yield of.finding(
            Code.TABLE_NOT_REACHED,
            (name,),
            f"{of.path(name)}: no way leads from any row to a person, {looked.words}",
            "correct `subject` or `join`; or set `personal: false`, if the table holds no personal data",
            sure=looked.whole,
        )
    elif of_none:
        yield of.finding(
            Code.ROWS_NOT_REACHED,
            (name,),
            f"{of.path(name)}: {of_none:,} {looked.words} lead to no person, so no person is given these",
            "nothing, if these rows are of no known person; else give the table a further way",
        )


def _of_several(
    of: CheckedSource,
    name: str,
    looked: LookedAt,
    routes: list[Route],
    several: int,
    spread: list[int],
    *,
    is_list: bool,
) -> Iterator[Finding]:
    for route, rows in zip((route for route in routes if route.known), spread, strict=True):
        if not rows or (route.decided and not route.shared):
            continue
        if route.look_up and not route.shared and is_list:
            continue  # a city is of all who live there, and the map gives its name alone
        found = of.finding(
            Code.ROWS_OF_SHARED_KEY if route.shared else Code.ROWS_OF_SEVERAL,
            (name,),
            f"{of.path(name)}: {rows:,} {looked.words} lead to several persons by {route.words}",
            "nothing, if that is right: a request asks whether the key is the person's alone"
            if route.shared
            else "correct the join, if each row is of one person; else set `shared_rows`",
        )
        # A warning, since no request stops at a look-up.
        looked_up = route.look_up and not route.shared
        yield replace(found, severity=Severity.WARNING) if looked_up else found
    if not any(spread):
        yield of.finding(
            Code.ROWS_BY_SEVERAL_WAYS,
            (name,),
            f"{of.path(name)}: {several:,} {looked.words} lead to one person by one way, and to another "
            "person by another way",
            "nothing, if that is meant, as of a sender and a recipient; else remove a way",
        )


@dataclass(frozen=True)
class Route:
    """One route from a table to a person.

    Attributes:
        words: the tables and the key on the route.
        space: the key whose values it leads to; values of different keys cannot be compared.
        value: SQL of that value's text.
        relations: joined relations, each with its alias and its join conditions.
        where: further conditions.
        joins: whether it leaves the table by a `join`.
        shared: its key may be of several persons at a time, or pass to another person.
        known: the source itself knows whose the key is.
        decided: a table on the route has `shared_rows`.
        look_up: a table on the route is a look-up, whose rows can belong to several persons.
    """

    words: str
    space: str
    value: str
    relations: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    where: tuple[str, ...] = ()
    joins: bool = False
    shared: bool = False
    known: bool = True
    decided: bool = False
    look_up: bool = False

    def ends(self) -> tuple[str, str]:
        """Return SQL of the least and the greatest value that it leads a row to; NULL: it leads nowhere."""
        if not self.relations:
            condition = " AND ".join(self.where)
            value = f"CASE WHEN {condition} THEN {self.value} END" if condition else self.value
            return value, value
        froms = ", ".join(f"{relation} AS {alias}" for relation, alias, _ in self.relations)
        conditions = [c for *_, pairs in self.relations for c in pairs] + list(self.where)
        behind = f"FROM {froms} WHERE {' AND '.join(conditions)}"
        return f"(SELECT min({self.value}) {behind})", f"(SELECT max({self.value}) {behind})"


class RouteFinder:
    """Finds the routes of one source's tables."""

    def __init__(self, of: CheckedSource) -> None:
        self._source, self._identity, self._finder = of.declared, of.inventory.identity, of.finder

    def of(self, table: str) -> list[Route]:
        """Return the routes of a table, in the order of its ways."""
        return list(self._routes(table, "t", frozenset()))

    def _routes(self, table: str, alias: str, seen: frozenset[str]) -> Iterator[Route]:
        """Yield routes by the rules of `WayFinder`: the best key of a row decides, and no way has a cycle."""
        declared, finder = self._source.tables[table], self._finder
        best = [name for name in declared.subject if self._unique(name)]
        bare = tuple(f"{finder.column(table, declared.subject[name].column, alias)} IS NULL" for name in best)
        for name, link in declared.subject.items():
            if name in best:
                yield from self._owned(table, alias, name, ())
            elif not (best and (link.valid_from or link.valid_to)):
                yield from self._owned(table, alias, name, bare)
        where = () if declared.shared_rows is not None else bare
        for number, hop in enumerate(hops(self._source, table), start=1):
            if hop.parent in seen | {table} or hop.parent not in finder.tables:
                continue
            parent = f"{alias}{number}"
            pairs = tuple(
                finder.equal((table, own, alias), (hop.parent, theirs, parent)) for own, theirs in hop.pairs
            )
            step = (finder.relation(hop.parent), parent, pairs)
            for route in self._routes(hop.parent, parent, seen | {table}):
                yield replace(
                    route,
                    words=f"{table} -> {route.words}",
                    relations=(step, *route.relations),
                    where=(*where, *route.where),
                    joins=True,
                    decided=route.decided or declared.shared_rows is not None,
                    look_up=route.look_up or is_look_up(self._source, table, hop),
                )

    def _owned(self, table: str, alias: str, key: str, where: tuple[str, ...]) -> Iterator[Route]:
        """Yield routes by a key, extended to the person's own key if a table of the source links them."""
        finder = self._finder
        person, shared = self._identity.person, not self._unique(key)
        text = finder.form(table, key, alias)
        words = f"{table} by {key}"
        if key == person:
            yield Route(words, person, text, where=where)
            return
        owners = [] if self._is_owner(table, key) else [n for n in finder.tables if self._is_owner(n, key)]
        bounded = [name for name in owners if self._bounded(name, key)]
        for number, name in enumerate(owners):
            owner = f"{alias}o{number}"
            conditions = [self._same((table, key, alias), (name, key, owner))]
            conditions += self._held(table, key, alias, name, owner)
            if name not in bounded:
                conditions += [self._says_more(key, (name, owner), (b, f"{owner}b")) for b in bounded]
            yield Route(
                f"{words} of {name}",
                person,
                finder.form(name, person, owner),
                ((finder.relation(name), owner, tuple(conditions)),),
                where,
                shared=shared,
            )
        if not owners:
            yield Route(words, key, text, where=where, shared=shared, known=not shared)

    def _bounded(self, name: str, key: str) -> bool:
        link = self._source.tables[name].subject[key]
        return bool(link.valid_from or link.valid_to)

    def _says_more(self, key: str, own: tuple[str, str], bounded: tuple[str, str]) -> str:
        """Return the condition that no other table, which would decide, has a period for person and key."""
        (name, alias), (other, theirs) = own, bounded
        same = [
            self._same((name, held, alias), (other, held, theirs)) for held in (key, self._identity.person)
        ]
        relation = self._finder.relation(other)
        rows = f"SELECT 1 FROM {relation} AS {theirs} WHERE {' AND '.join(same)}"  # noqa: S608 - quoted
        return f"NOT EXISTS ({rows})"

    def _is_owner(self, table: str, key: str) -> bool:
        declared = self._source.tables.get(table)
        if declared is None or not self._source.may_follow(table):
            return False
        return {key, self._identity.person} <= set(declared.links)

    def _same(self, own: tuple[str, str, str], theirs: tuple[str, str, str]) -> str:
        links = [
            (table, self._source.tables[table].subject[key], alias) for table, key, alias in (own, theirs)
        ]
        finder = self._finder
        places = [(table, link.column, alias) for table, link, alias in links]
        if any(finder.dialect.is_text(finder.native(name, column)) for name, column, _ in places):
            match = loosest(link.match for _, link, _ in links)
            return " = ".join(finder.form(name, key, alias, match) for name, key, alias in (own, theirs))
        return finder.equal(places[0], places[1])

    def _held(self, table: str, key: str, alias: str, name: str, owner: str) -> Iterator[str]:
        """Yield conditions that the owner had the key at the time of the row; without a time, has it now."""
        link, tie, finder = (
            self._source.tables[table].subject[key],
            self._source.tables[name].subject[key],
            self._finder,
        )
        if link.at == "any" or not (tie.valid_from or tie.valid_to):
            return
        at = f"(SELECT max(k.asked_at) FROM {finder.dialect.keys} AS k)"  # noqa: S608 - a constant
        if link.at:
            at = finder.dialect.bound(finder.instant(table, link.at, alias))
        for column, compared in ((tie.valid_from, "<="), (tie.valid_to, ">")):
            if column:
                bound = finder.dialect.bound(finder.instant(name, column, owner))
                yield f"({bound} IS NULL OR {bound} {compared} {at})"

    def _unique(self, key: str) -> bool:
        return self._identity.keys[key].unique is Unique.YES
