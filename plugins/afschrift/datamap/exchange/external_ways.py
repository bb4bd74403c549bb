"""Which references of a description are ways to a person: outward from people, never through a look-up."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from afschrift.datamap.exchange.external_tables import Description, Reference


@dataclass
class ImportedWays:
    """What was found.

    Attributes:
        joins: table -> its ways, each a column and the `table.column` that it leads to.
        notes: references that are no way, a line each.
    """

    joins: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, table: str, column: str, end: str) -> None:
        """One more way of a table, once."""
        of_table = self.joins.setdefault(table, [])
        if (column, end) not in of_table:
            of_table.append((column, end))


def find_ways(described: Description, known: Collection[str], person: str) -> ImportedWays:
    """The ways of a description's tables.

    A reference that says its direction is followed as it says. One that does not leads from a child to its
    parent, where the parent is no further from the people; a look-up is reached by the rows that point to it,
    and nothing by it. No such reference leads from one kind of people, or from what is theirs, to another.

    Args:
        described: the description.
        known: tables that the inventory reaches already.
        person: the identity key that stands for one person.
    """
    identities = {
        name: {column.identity for column in table.columns.values() if column.identity}
        for name, table in described.tables.items()
    }
    people = {name for name, keys in identities.items() if keys}
    persons = {name for name in people if person in identities[name]} or people
    search = _Search([one for one in described.references if one.table != one.parent], people)
    search.children(persons | set(known))
    search.children(people)
    search.look_ups()
    for one in described.references:
        if one.table == one.parent:
            search.ways.notes.append(f"{_said(one)} points to its own table")
        elif not one.direction and one.parent in people and not search.has(one):
            search.ways.notes.append(f"{_said(one)} leads to another kind of people")
    return search.ways


class _Search:
    """Which tables are reached, from people outward."""

    def __init__(self, references: list[Reference], people: set[str]) -> None:
        self.ways = ImportedWays()
        self._references = references
        self._people = people
        self._distance: dict[str, int] = {}

    def has(self, one: Reference) -> bool:
        """Whether a child's reference is one of its ways."""
        return (one.column, f"{one.parent}.{one.parent_column}") in self.ways.joins.get(one.table, ())

    def children(self, start: Collection[str]) -> None:
        """What is found from some tables; what was reached before gets no way to them."""
        before = set(self._distance)
        new = set(start) - before
        distance = 0
        while new:
            self._distance |= dict.fromkeys(new, distance)
            distance += 1
            new = {found for one in self._references for found in self._onward(one, before)}

    def _onward(self, one: Reference, before: Collection[str]) -> Iterator[str]:
        """The table that a reference reaches now."""
        if one.direction == "to":
            if one.table in self._distance:
                yield from self._reach(one.parent, one.parent_column, f"{one.table}.{one.column}")
        elif one.parent in self._distance:
            own = self._distance.get(one.table)
            nearer = own is None or self._distance[one.parent] <= own
            if one.direction or (one.table not in self._people and one.table not in before and nearer):
                yield from self._reach(one.table, one.column, f"{one.parent}.{one.parent_column}")

    def _reach(self, table: str, column: str, end: str) -> Iterator[str]:
        self.ways.add(table, column, end)
        if table not in self._distance:
            yield table

    def look_ups(self) -> None:
        """What rows of people point to, and what these rows point to."""
        children = set(self._distance)
        reached = set(children)
        new = True
        while new:
            new = False
            for one in self._references:
                if not one.direction and one.table in reached and one.parent not in children:
                    self.ways.add(one.parent, one.parent_column, f"{one.table}.{one.column}")
                    new = new or one.parent not in reached
                    reached.add(one.parent)


def _said(one: Reference) -> str:
    return f"{one.table}.{one.column} -> {one.parent}.{one.parent_column}"
