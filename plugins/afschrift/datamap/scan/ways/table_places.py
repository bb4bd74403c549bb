"""Whose tables these are: the people, what belongs to them, what that points to, other people.

Ways are followed from a person outwards: to the tables whose rows name the person, on to those whose rows
name these, and from each of them to what it points to. Never back from what is pointed to: what else names
the same product is about others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from afschrift.datamap.scan.schema import ScannedSource
from afschrift.datamap.scan.table_context import TableRole
from afschrift.datamap.scan.ways.edges import Edge
from afschrift.datamap.scan.ways.person_tables import PEOPLE, PersonTable, called, is_ones_own

_OF_PEOPLE = (TableRole.PERSON, TableRole.CHILD, TableRole.OTHER_PEOPLE)


@dataclass
class TablePlace:
    """Where a table is among the others.

    Attributes:
        whose: the table of people from which it is reached; itself, of one of people.
        distance: steps from there.
        ways: each enough for a row to be theirs: edges of this table to one nearer to the person, or from
            such a table to this one, where it is what that one points to.
        longer: further ways, by tables that are as near or farther.
        others: pointers to people that are no ways: to another role, or to another row of the same table.
    """

    role: TableRole = TableRole.UNREACHED
    whose: str = ""
    distance: int = 0
    ways: list[Edge] = field(default_factory=list)
    longer: list[Edge] = field(default_factory=list)
    others: list[Edge] = field(default_factory=list)


def choose_people(
    people: Mapping[str, PersonTable], edges: Sequence[Edge], chosen: Sequence[str] = ()
) -> tuple[str, ...]:
    """The tables of the people who will ask; those that were chosen by name, or else the likeliest one.

    A table of people that names another one as itself (`customer.user_id`) extends it: then that one is it.
    It names its key: two tables may hold the same e-mail address, and neither extends the other by that.
    """
    if chosen:
        return tuple(chosen)
    ranked = sorted(people.values(), key=_rank)
    if not ranked:
        return ()
    first, seen = ranked[0].table, set[str]()
    while first not in seen:
        seen.add(first)
        first = next(
            (
                edge.parent
                for edge in edges
                if edge.table == first
                and edge.parent in people
                and edge.parent not in seen
                and edge.parent_columns == (people[edge.parent].key,)
                and (edge.names_parent or set(edge.columns) == {people[first].key})
                and not people[edge.parent].staff
            ),
            first,
        )
    return (first,)


def _rank(person: PersonTable) -> tuple[bool, bool, int, int, str]:
    """Customers before staff; of tables whose names say neither, the largest."""
    unnamed = not called(person.table, PEOPLE)
    return person.staff, unnamed, -person.rows if unnamed else 0, -person.score, person.table


def assign(
    source: ScannedSource, edges: Sequence[Edge], people: Mapping[str, PersonTable], roots: Sequence[str]
) -> dict[str, TablePlace]:
    """The place of each table.

    Args:
        source: as it was scanned.
        edges: its foreign keys, and what was guessed.
        people: its tables of people.
        roots: those whose people will ask.
    """
    whose = tuple(dict.fromkeys([*roots, *sorted(people, key=lambda name: (-people[name].score, name))]))
    usable = [edge for edge in edges if edge.table in source.tables and edge.can_be_written]
    usable += _through(source, usable, whose)
    places = {name: TablePlace() for name in source.tables}
    for start in whose:
        if places[start].role in (TableRole.UNREACHED, TableRole.LOOKUP):
            places[start] = TablePlace(TableRole.PERSON if start in roots else TableRole.OTHER_PEOPLE, start)
            _Spread(source, places, usable, whose).from_people(start)
    for edge in usable:
        place = places[edge.table]
        if edge.parent in whose and not edge.through and edge not in (*place.ways, *place.longer):
            place.others.append(edge)
    return places


class _Spread:
    """From one table of people outwards."""

    def __init__(
        self,
        source: ScannedSource,
        places: dict[str, TablePlace],
        edges: Sequence[Edge],
        people: Collection[str],
    ) -> None:
        self._source, self._places, self._people = source, places, people
        self._edges = [edge for edge in edges if edge.table != edge.parent]
        self._by_parent: dict[str, list[Edge]] = {}
        for edge in self._edges:
            self._by_parent.setdefault(edge.parent, []).append(edge)

    def from_people(self, root: str) -> None:
        """First by what is certain, then by guesses; what only names who dealt with a row comes last."""
        self._reached = [root]
        self._outwards(lambda edge: not edge.guess and not self._another_role(edge))
        self._outwards(lambda edge: not self._another_role(edge))
        self._outwards(self._another_role, carries_on=False)
        for table in self._reached[1:]:
            self._add_longer(self._places[table], table)
        self._look_ups()

    def _another_role(self, edge: Edge) -> bool:
        return edge.parent in self._people and edge.of_another_role

    def _outwards(self, usable: Callable[[Edge], bool], *, carries_on: bool = True) -> None:
        """Tables whose rows name a row of one that was reached, the nearest first."""
        waiting = list(self._reached)
        while waiting:
            found: dict[str, list[Edge]] = {}
            for parent in waiting:
                for edge in self._by_parent.get(parent, ()):
                    if self._places[edge.table].role is TableRole.UNREACHED and usable(edge):
                        found.setdefault(edge.table, []).append(edge)
            for table, ways in found.items():
                nearest = min(self._places[way.parent].distance for way in ways)
                near = [way for way in ways if self._places[way.parent].distance == nearest]
                place = TablePlace(
                    TableRole.CHILD, self._places[near[0].parent].whose, nearest + 1, _surest(near)
                )
                self._places[table] = place
            self._reached += found
            waiting = list(found) if carries_on else []

    def _add_longer(self, place: TablePlace, table: str) -> None:
        for edge in self._edges:
            if edge.table == table and edge not in place.ways and not self._another_role(edge):
                parent = self._places[edge.parent]
                same = parent.whose == place.whose and parent.role in _OF_PEOPLE
                if same and edge.parent in self._reached and parent.distance <= place.distance:
                    place.longer.append(edge)

    def _look_ups(self) -> None:
        """What these tables point to, and what that points to; people are none of it."""
        waiting = set(self._reached)
        while waiting:
            found: dict[str, list[Edge]] = {}
            for edge in self._edges:
                place = self._places[edge.parent]
                new = place.role is TableRole.UNREACHED and edge.parent not in self._people
                if edge.table in waiting and new and edge.can_lead_back:
                    found.setdefault(edge.parent, []).append(edge)
            for table, ways in found.items():
                role = TableRole.CHILD if is_ones_own(self._source.tables[table]) else TableRole.LOOKUP
                first = min((self._places[way.table] for way in ways), key=lambda place: place.distance)
                self._places[table] = TablePlace(role, first.whose, first.distance + 1, _surest(ways))
            waiting = set(found)


def _surest(ways: list[Edge]) -> list[Edge]:
    """Those that are declared, where there are some."""
    return [way for way in ways if not way.guess] or ways


def _through(source: ScannedSource, edges: Sequence[Edge], people: Iterable[str]) -> list[Edge]:
    """What names the table that one of people extends, named by the key that both have.

    Such as an address of a `business_entity` where a person is one: its number is the person's.
    """
    found = []
    for name in people:
        key = source.tables[name].key
        for up in edges:
            if up.table == name and key and set(up.columns) == set(key) and up.parent != name:
                own = dict(zip(up.parent_columns, up.columns, strict=True))
                found += [
                    replace(
                        edge,
                        parent=name,
                        parent_columns=tuple(own[column] for column in edge.parent_columns),
                        through=up.parent,
                    )
                    for edge in edges
                    if edge.parent == up.parent
                    and edge.table != name
                    and set(edge.parent_columns) <= set(own)
                ]
    return found
