"""Make a draft of a source from another tool's description: proposals that block until they are confirmed.

Each way is a guess, even if the columns are confirmed: the other tool knows references, but not whose rows
they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afschrift.datamap.exchange.external_tables import DescribedColumn, DescribedTable, Description, Reference
from afschrift.domain.decision import Protect
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import fides_categories
from afschrift.inventory.column import ClassifiedBy

CONFIDENCE = 0.6
"""Confidence in a description that a person wrote for another purpose."""

_NEEDS_WORDS = (Origin.DERIVED, Origin.INFERRED, Origin.THIRD_PARTY)
"""Origins that need `meaning` or `source` in a confirmed column."""


@dataclass
class ExternalDraft:
    """A draft of a source.

    Attributes:
        source: as docs/datamap/inventory.md describes a source.
        keys: identity keys that it uses.
        notes: a line for each thing that was left out, and why.
        open: columns that must still be confirmed although all were to be confirmed.
    """

    source: dict[str, Any]
    keys: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def draft(
    described: Description,
    head: Mapping[str, Any],
    *,
    person: str,
    known: Collection[str] = (),
    confirmed: ClassifiedBy | None = None,
) -> ExternalDraft:
    """Make the draft.

    Args:
        described: by the other tool.
        head: `source`, `kind` and the like.
        person: the identity key of one person.
        known: tables that the inventory reaches already.
        confirmed: who confirms the columns; None: everything is a proposal.
    """
    ways, notes = find_ways(described, known, person)
    found = ExternalDraft({**head, "tables": {}}, notes=[*described.left_out, *notes])
    tables = found.source["tables"]
    numbers = _numbers(described)
    keys: dict[str, None] = {}
    for name, table in described.tables.items():
        first, *more = _subjects(table) or [{}]
        joins = [{column: end} for column, end in ways.get(name, ())]
        reached = bool(first or joins or name in known)
        rest = {
            **({"key": list(table.key)} if table.key else {}),
            "columns": dict(_columns(table, numbers, found, confirmed)),
        }
        tables[name] = {
            **({"subject": first} if first else {}),
            **({"join": joins if len(joins) > 1 else joins[0]} if joins else {}),
            **({"ways": "guessed"} if first or joins else {}),
            **({} if reached else {"personal": False, "review": "needed"}),
            **rest,
        }
        for subject in more:
            entry = f"{name}_by_{next(iter(subject.values()))}"
            while entry in described.tables or entry in tables:
                entry += "_"
            tables[entry] = {"table": name, "subject": subject, "ways": "guessed", **rest}
        keys |= dict.fromkeys(identity for subject in (first, *more) for identity in subject)
        if not reached:
            found.notes.append(f"{name}: no way leads from it to a person; a person must look at it")
    found.keys = tuple(keys)
    if confirmed and any("ways" in table for table in tables.values()):
        found.notes.append(
            "the ways are not confirmed: `afschrift inventory review` asks whose rows these are"
        )
    return found


def _numbers(described: Description) -> frozenset[str]:
    """Return `table.column` of keys and references: their values were assigned to link rows."""
    found = {f"{table.name}.{column}" for table in described.tables.values() for column in table.key}
    for link in described.references:
        found |= {link.start, link.end}
    return frozenset(found)


def _subjects(table: DescribedTable) -> list[dict[str, str]]:
    """Return identity key -> column for each entry of a table: an entry has one column for a key."""
    entries: list[dict[str, str]] = []
    for column in sorted(table.columns.values(), key=lambda column: column.name != column.identity):
        if column.identity:
            free = next((entry for entry in entries if column.identity not in entry), None)
            if free is None:
                entries.append(free := {})
            free[column.identity] = column.name
    return entries


def _columns(
    table: DescribedTable,
    numbers: Collection[str],
    found: ExternalDraft,
    confirmed: ClassifiedBy | None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    for column in table.columns.values():
        path = f"{table.name}.{column.name}"
        words = _words(column, path, numbers, found)
        if not words:
            yield column.name, {}
        elif confirmed and "origin" in words and _is_whole(words):
            yield column.name, {**words, "decided": confirmed.model_dump(exclude_unset=True)}
            continue
        else:
            yield column.name, {**words, "review": "needed", "proposed": _proposed(column)}
        if confirmed:
            found.open.append(path)


def _is_whole(words: Mapping[str, Any]) -> bool:
    """Whether the inventory accepts these words without further ones."""
    secret = words.get("protect") == Protect.SECRET
    return words["origin"] not in _NEEDS_WORDS or secret or "meaning" in words or "source" in words


def _proposed(column: DescribedColumn) -> dict[str, Any]:
    return {"confidence": CONFIDENCE, "because": column.because}


def _words(
    column: DescribedColumn, path: str, numbers: Collection[str], found: ExternalDraft
) -> dict[str, Any]:
    category = column.category
    if category and category not in fides_categories():
        found.notes.append(f"{path}: {category} is no category of the Fides taxonomy")
        category = None
    words: dict[str, Any] = {}
    origin = column.words.get("origin") or usual_origin(category)
    if origin is None and path in numbers:
        origin = Origin.ASSIGNED
    if origin:
        words["origin"] = str(origin)
    if category:
        words["category"] = category
    if category and category.startswith("user.authorization"):
        words["protect"] = str(Protect.SECRET)
    return {**words, **{word: value for word, value in column.words.items() if word != "origin"}}


_USUAL = {
    "user.account": Origin.ASSIGNED,
    "user.account.settings": Origin.PROVIDED,
    "user.authorization": Origin.DERIVED,
    "user.behavior": Origin.OBSERVED,
    "user.contact": Origin.PROVIDED,
    "user.content": Origin.PROVIDED,
    "user.demographic": Origin.PROVIDED,
    "user.device": Origin.OBSERVED,
    "user.financial": Origin.PROVIDED,
    "user.government_id": Origin.PROVIDED,
    "user.job_title": Origin.PROVIDED,
    "user.location": Origin.OBSERVED,
    "user.name": Origin.PROVIDED,
    "user.payment": Origin.PROVIDED,
    "user.privacy_preferences": Origin.PROVIDED,
    "user.sensor": Origin.OBSERVED,
    "user.telemetry": Origin.OBSERVED,
    "user.unique_id": Origin.ASSIGNED,
    "user.user_sensor": Origin.OBSERVED,
}


def usual_origin(category: str | None) -> Origin | None:
    """Return the usual origin of a category, or of the nearest one above it; None: it has no usual one.

    Health, biometric data, children, criminal history, work and social ties can have any origin, and the
    category `system` says nothing about the origin.
    """
    while category:
        if category in _USUAL:
            return _USUAL[category]
        category = category.rpartition(".")[0]
    return None


Joins = Mapping[str, Sequence[tuple[str, str]]]
"""Table -> its ways, each a column and the `table.column` that it leads to."""


def find_ways(described: Description, known: Collection[str], person: str) -> tuple[Joins, list[str]]:
    """Return the ways of a description's tables, and a line for each reference that is no way.

    A reference with a direction is followed in it. One without leads from a child to its parent, if the
    parent is not further from the people; a look-up is reached by the rows that point to it, and no table by
    a look-up. No such reference leads from one kind of people, or their rows, to another.

    Args:
        described: the description.
        known: tables that the inventory reaches already.
        person: the identity key of one person.
    """
    identities = {
        name: {column.identity for column in table.columns.values() if column.identity}
        for name, table in described.tables.items()
    }
    people = {name for name, keys in identities.items() if keys}
    persons = {name for name in people if person in identities[name]} or people
    search = _Search([link for link in described.references if link.table != link.parent], people)
    search.children(persons | set(known))
    search.children(people)
    search.look_ups()
    notes = []
    for link in described.references:
        if link.table == link.parent:
            notes.append(f"{link.start} -> {link.end} points to its own table")
        elif not link.direction and link.parent in people and not search.has(link):
            notes.append(f"{link.start} -> {link.end} leads to another kind of people")
    return search.joins, notes


class _Search:
    """Finds the tables that are reached, from people outward."""

    def __init__(self, references: list[Reference], people: set[str]) -> None:
        self.joins: dict[str, list[tuple[str, str]]] = {}
        self._references = references
        self._people = people
        self._distance: dict[str, int] = {}

    def has(self, link: Reference) -> bool:
        """Whether a child's reference is one of its ways."""
        return (link.column, link.end) in self.joins.get(link.table, ())

    def children(self, start: Collection[str]) -> None:
        """Reach children from some tables; tables that were reached before get no way to them."""
        before = set(self._distance)
        new = set(start) - before
        distance = 0
        while new:
            self._distance |= dict.fromkeys(new, distance)
            distance += 1
            new = {found for link in self._references for found in self._onward(link, before)}

    def _onward(self, link: Reference, before: Collection[str]) -> Iterator[str]:
        """Yield the table that a reference reaches now."""
        if link.direction == "to":
            if link.table in self._distance:
                yield from self._reach(link.parent, link.parent_column, link.start)
        elif link.parent in self._distance:
            own = self._distance.get(link.table)
            nearer = own is None or self._distance[link.parent] <= own
            if link.direction or (link.table not in self._people and link.table not in before and nearer):
                yield from self._reach(link.table, link.column, link.end)

    def _reach(self, table: str, column: str, end: str) -> Iterator[str]:
        self._add(table, column, end)
        if table not in self._distance:
            yield table

    def _add(self, table: str, column: str, end: str) -> None:
        of_table = self.joins.setdefault(table, [])
        if (column, end) not in of_table:
            of_table.append((column, end))

    def look_ups(self) -> None:
        """Reach the tables that rows of people point to, and those that these point to."""
        children = set(self._distance)
        reached = set(children)
        new = True
        while new:
            new = False
            for link in self._references:
                if not link.direction and link.table in reached and link.parent not in children:
                    self._add(link.parent, link.parent_column, link.start)
                    new = new or link.parent not in reached
                    reached.add(link.parent)
