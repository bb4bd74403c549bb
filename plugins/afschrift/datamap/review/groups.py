"""The questions of a review: unconfirmed columns and tables, grouped if alike, in the order of dependence."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.defaults import INHERITED
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import WAYS_OF, resting_on_guesses, same_number, unclassified


@dataclass(frozen=True)
class Place:
    """A column, or a table where `column` is None."""

    source: str
    table: str
    column: str | None = None

    @property
    def path(self) -> str:
        """`source.table.column`."""
        return ".".join(filter(None, (self.source, self.table, self.column)))


Member = tuple[Place, Mapping[str, Any], Column]
"""A column's place, its proposed words, and the column itself."""
_NOT_ASKED = {"review", "proposed", "decided", "why"}
_ALIKE = ("origin", "protect", "about", "third_party", "mask", "when", "purposes", "automated")
"""Words that decide whether a value is given: columns with different ones are different questions."""


@dataclass(frozen=True)
class Group:
    """One question.

    Attributes:
        name: of its columns, in the spelling of the first; of its table; or what the keys are.
        proposed: the words for all of them, and the default that gives their `purposes`; for a
            table, `personal`, `copy_of` or `ways`.
        varied: word that is not the same for all -> proposed values, with how often each.
        places: all columns or the table that the answer is for, in the order of the files.
        sure: the lowest confidence among them; None: no program gave one.
        reasons: of the proposals, each once.
        takers: columns that point to them, directly or not, and take over words; for ways, the tables that
            have their key of a person from this table.
        keys: each is the key of its table, under any name.
    """

    name: str
    proposed: Mapping[str, Any]
    places: tuple[Place, ...]
    varied: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    sure: float | None = None
    reasons: tuple[str, ...] = ()
    takers: tuple[Place, ...] = ()
    keys: bool = False

    @property
    def is_table(self) -> bool:
        """Whether it asks about a table, and not about columns."""
        return self.places[0].column is None

    @property
    def key(self) -> str:
        """Identifies the question: the same for the same words of the same places."""
        return json.dumps([[place.path for place in self.places], self.proposed, self.varied], sort_keys=True)

    @property
    def id(self) -> str:
        """A digest of `key`, of twenty characters."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:20]


def groups(inventory: Inventory, apart: Collection[Place] = ()) -> list[Group]:
    """Return all questions: first those on which confirmed columns depend, then those about the most columns.

    Columns of one name, in any case, are one question if the same words are proposed that decide whether they
    are given; categories and titles may differ, and each column keeps its own. Keys of tables with different
    names are one question too, if they have one category, are assigned, and identify no person. A table that
    is proposed as a copy or as not personal is its own question; so is a guessed way, before the columns that
    depend on it. Each place in `apart` is its own question.

    A column takes over words from the column that it points to. So that one is asked first, and its question
    shows the columns that take over its words: they may be confirmed already.
    """
    found: dict[tuple[str, str, str], list[Member]] = {}
    asked = [
        (place, words_of(column) | _default_purposes(inventory, place, column), column)
        for place, column in _columns(inventory)
    ]
    keys = {place: kind for place, kind in _keys(inventory, asked).items() if place not in apart}
    for place, values, column in asked:
        called = "" if place in keys else str(place.column).casefold()
        alike = keys.get(place, _deciding(values))
        found.setdefault((called, alike, place.path if place in apart else ""), []).append(
            (place, values, column)
        )
    pointers = Pointers(inventory)
    named = (_group(members, keys=not called) for (called, *_), members in found.items())
    awaited = _awaited(inventory)
    largest = sorted(named, key=lambda group: (awaited.isdisjoint(group.places), -len(group.places)))
    order = pointers.first([group.places for group in largest])
    tables = list(_tables(inventory))
    ways = [group for group in tables if "ways" in group.proposed]
    rest = [group for group in tables if "ways" not in group.proposed]
    return [*ways, *(_with_takers(largest[number], pointers) for number in order), *rest]


def _awaited(inventory: Inventory) -> frozenset[Place]:
    """Return the columns on which confirmed columns depend, which apply only once these are confirmed."""
    return frozenset(
        Place(source.source, *awaited.rsplit(".", 1))
        for source in inventory.sources.values()
        for table in source.tables.values()
        for column in table.columns.values()
        for awaited in column.awaits
        if not awaited.startswith(WAYS_OF)
    )


def _keys(inventory: Inventory, asked: Iterable[Member]) -> dict[Place, str]:
    """Return the keys of tables that are one question, each with what they have in common.

    Keys of a person, and keys that point to another table, are left out: they determine whose a row is.
    """
    found: dict[str, list[Place]] = {}
    for place, values, _ in asked:
        table = inventory.sources[place.source].tables[place.table]
        people = {column for link in table.subject.values() for column in link.columns}
        pointing = {column for join in table.join for column in join} | table.references.keys()
        plain = values.get("origin") == Origin.ASSIGNED and "protect" not in values
        if plain and table.key == (place.column,) and place.column not in people | pointing:
            found.setdefault(json.dumps([_deciding(values), values.get("category")]), []).append(place)
    several = {
        kind: places
        for kind, places in found.items()
        if len({str(place.column).casefold() for place in places}) > 1
    }
    return {place: kind for kind, places in several.items() for place in places}


def words_of(column: Column) -> dict[str, Any]:
    """Return the proposed words of a column, as in a file."""
    written = column.proposal or column
    return written.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=_NOT_ASKED)


def _default_purposes(inventory: Inventory, place: Place, column: Column) -> dict[str, str]:
    """Return the purposes that a column has by default: they decide whether it is portable."""
    source = inventory.sources[place.source]
    names = source.default_purposes(place.table, column.proposal or column)
    bases = [f"{name} ({source.purposes[name].basis})" for name in names]
    return {"purposes": f"{', '.join(bases)} by the defaults of the source"} if bases else {}


def _columns(inventory: Inventory) -> Iterator[tuple[Place, Column]]:
    for source in inventory.sources.values():
        guessed = resting_on_guesses(source.tables)
        for name, table in source.tables.items():
            if name in guessed:
                continue  # its way is asked first
            for column in unclassified(table):
                written = table.columns[column]
                if not written.awaits:  # else it is confirmed, and its way or the columns of that are asked
                    yield Place(source.source, name, column), written


def _deciding(values: Mapping[str, Any]) -> str:
    return json.dumps({word: values[word] for word in _ALIKE if word in values}, sort_keys=True)


def _group(members: list[Member], *, keys: bool) -> Group:
    proposed = [column.proposed for _, _, column in members if column.proposed is not None]
    words = list(dict.fromkeys(word for _, values, _ in members for word in values))
    common, varied = {}, {}
    for word in words:
        found = [values.get(word) for _, values, _ in members]
        if all(value == found[0] for value in found):
            common[word] = found[0]
        else:
            varied[word] = dict(Counter(_shown(value) for value in found))
    return Group(
        "keys of their tables" if keys else str(members[0][0].column),
        common,
        tuple(place for place, _, _ in members),
        varied,
        min((proposal.confidence for proposal in proposed), default=None),
        tuple(dict.fromkeys(proposal.because for proposal in proposed)),
        keys=keys,
    )


def _with_takers(group: Group, pointers: Pointers) -> Group:
    return replace(group, takers=pointers.takers(group.places, [*group.proposed, *group.varied]))


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " / ".join(str(text) for text in value.values())
    return "nothing" if value is None else str(value)


def _tables(inventory: Inventory) -> Iterator[Group]:
    for source in inventory.sources.values():
        resting: dict[str, list[Place]] = {}
        for name, table in source.tables.items():
            for people in same_number(table, source.tables):
                resting.setdefault(people, []).append(Place(source.source, name))
        for name, table in source.tables.items():
            if table.asked:  # a yes to `personal: false` would give nothing of it to any person
                continue
            if table.unconfirmed:
                values = {"copy_of": table.copy_of} if table.copy_of else {"personal": False}
                yield Group(name, values, (Place(source.source, name),))
            elif table.ways is not None:
                rest = tuple(resting.get(name, ()))
                yield Group(name, {"ways": _ways(table)}, (Place(source.source, name),), takers=rest)


def _ways(table: Table) -> str:
    """Return the guessed ways in words."""
    subject = [f"subject {key}: {link.column}" for key, link in table.subject.items()]
    joins = [", ".join(f"join {own}: {to}" for own, to in join.items()) for join in table.join]
    return "; or ".join([*subject, *joins])


_MAY_BE_SAID = frozenset({"origin", "category"})
"""Words that an answer can add to the proposal."""


class Pointers:
    """The references and joins between columns of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._columns: dict[Place, Column] = {}
        self._to: dict[Place, Place] = {}
        self._from: dict[Place, list[Place]] = {}
        for source in inventory.sources.values():
            for name, table in source.tables.items():
                ways = dict(table.references)
                for join in reversed(table.join):  # the first way counts, as for defaults
                    ways |= join
                for own, target in ways.items():
                    if own in table.columns:
                        other, _, column = target.rpartition(".")
                        at, to = Place(source.source, name, own), Place(source.source, other, column)
                        self._columns[at] = table.columns[own]
                        self._to[at] = to
                        self._from.setdefault(to, []).append(at)

    def first(self, questions: Sequence[Sequence[Place]]) -> list[int]:
        """Return the numbers of questions in an order in which none precedes those its columns point to.

        Questions in a circle keep their order.

        Args:
            questions: the columns of each.
        """
        of = {place: number for number, places in enumerate(questions) for place in places}
        before = [sorted({of[to] for to in map(self._to.get, places) if to in of}) for places in questions]
        found: dict[int, None] = {}
        entered: set[int] = set()
        waiting = list(reversed(range(len(questions))))
        while waiting:
            entered.add(number := waiting[-1])
            left = [earlier for earlier in before[number] if earlier not in entered]
            if left:
                waiting += reversed(left)
            else:
                found[waiting.pop()] = None
        return list(found)

    def takers(self, places: Iterable[Place], words: Iterable[str]) -> tuple[Place, ...]:
        """Return other columns that take over some of these words, directly or by columns in between.

        Words that an answer can add are included.
        """
        wanted = INHERITED & {*words, *_MAY_BE_SAID}
        waiting = list(places)
        own, found = set(waiting), dict[Place, None]()
        while waiting:
            for taker in self._from.get(waiting.pop(), ()):
                if taker not in found and wanted - _own(self._columns[taker]):
                    found[taker] = None
                    waiting.append(taker)
        return tuple(taker for taker in found if taker not in own)


def _own(column: Column) -> set[str]:
    """Return a column's own words, without those of defaults."""
    part = column.proposal or column
    return part.words().keys() - part.sources.keys()
