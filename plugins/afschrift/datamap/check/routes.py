"""Every route from a row to a person: by the keys that it bears, and by joins; to whose key it is.

A request follows these from the person to the rows; here they are followed from all rows to the persons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from afschrift.domain.keys import Unique, loosest
from afschrift.inventory.joins import hops, is_look_up
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.person import WayFinder


@dataclass(frozen=True)
class Route:
    """One route of a table.

    Attributes:
        words: the tables and the key that it goes by.
        space: the key whose values it leads to; values of two keys tell nothing of each other.
        value: SQL of that value's text.
        relations: what is joined on the way, each with its alias and how it hangs together.
        where: further conditions.
        joins: whether it leaves the table by a `join`.
        shared: it goes by a key that may be of several persons at a time, or passes on.
        known: the source itself knows whose the key is.
        decided: a table on the way says `shared_rows`.
        look_up: a table on the way is a look-up, whose rows are of each that names them.
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
        """SQL of the least and of the greatest value that it leads a row to; NULL where it leads nowhere."""
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

    def __init__(self, source: SourceFile, identity: IdentityFile, finder: WayFinder) -> None:
        self._source, self._identity, self._finder = source, identity, finder

    def of(self, table: str) -> list[Route]:
        """The routes of a table, in the order in which its ways are looked for."""
        return list(self._routes(table, "t", frozenset()))

    def _routes(self, table: str, alias: str, seen: frozenset[str]) -> Iterator[Route]:
        """As `WayFinder` goes: the best key that a row bears decides, and no way goes in circles."""
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
                self._equal((table, own, alias), (hop.parent, theirs, parent)) for own, theirs in hop.pairs
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
        """To the person's own key, where a table of the source says whose a key is."""
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
        """That no other table says from when until when the same person had the key: that one counts then."""
        (name, alias), (other, theirs) = own, bounded
        same = [self._same((name, one, alias), (other, one, theirs)) for one in (key, self._identity.person)]
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
        """That the owner had the key at the time of the row; without one, that they have it now."""
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

    def _equal(self, own: tuple[str, str, str], theirs: tuple[str, str, str]) -> str:
        return self._finder.equal(own, theirs)

    def _unique(self, key: str) -> bool:
        return self._identity.keys[key].unique is Unique.YES
