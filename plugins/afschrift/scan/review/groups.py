"""What waits for a person in an inventory, grouped by what is alike."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table
from afschrift.inventory.waiting.unclassified import unclassified
from afschrift.inventory.waiting.unconfirmed_ways import WAYS_OF, resting_on_guesses

_NOT_ASKED = {"review", "proposed", "decided", "why"}
_ALIKE = ("origin", "protect", "about", "third_party", "mask", "when", "purposes", "automated")
"""What decides whether a value leaves: where it differs, it is another question."""


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


@dataclass(frozen=True)
class Group:
    """One question.

    Attributes:
        name: of its columns, as the first one writes it; of a table, its own.
        said: the words that are proposed for all of them, as the file has them; of a table, `personal`,
            `copy_of` or `ways`.
        varied: word that is not the same for all -> what is proposed, each with how often.
        places: all that the answer is for, in the order of the files.
        sure: the least confidence among them; None: no program said one.
        reasons: why they are taken for that, each once.
    """

    name: str
    said: Mapping[str, Any]
    places: tuple[Place, ...]
    varied: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    sure: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def is_table(self) -> bool:
        """Whether it asks about a table, and not about columns."""
        return self.places[0].column is None

    @property
    def key(self) -> str:
        """The same where just the same is asked again: the same words of the same places."""
        return json.dumps([[place.path for place in self.places], self.said, self.varied], sort_keys=True)

    @property
    def id(self) -> str:
        """Its key in twenty signs."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:20]


def groups(inventory: Inventory, apart: Collection[Place] = ()) -> list[Group]:
    """All questions, those on which confirmed columns rest first, then those about the most columns.

    Columns of one name, whatever its case, are one question where the same is proposed of what decides
    whether they leave; their categories and titles may differ, and each keeps its own. A table that is taken
    for a copy, or for one without personal data, is a question of its own; so is a way that was guessed,
    before the columns that rest on it. Of places that are `apart`, each is a question.
    """
    found: dict[tuple[str, str, str], list[tuple[Place, Mapping[str, Any], Column]]] = {}
    for place, column in _columns(inventory):
        said = words_of(column)
        key = (str(place.column).casefold(), _deciding(said), place.path if place in apart else "")
        found.setdefault(key, []).append((place, said, column))
    alike = [_group(members) for members in found.values()]
    tables = list(_tables(inventory))
    ways = [one for one in tables if "ways" in one.said]
    rest = [one for one in tables if "ways" not in one.said]
    first = _awaited(inventory)
    return [*ways, *sorted(alike, key=lambda one: (first.isdisjoint(one.places), -len(one.places))), *rest]


def _awaited(inventory: Inventory) -> frozenset[Place]:
    """Columns on which others rest that a person confirmed, and that count only once these are."""
    return frozenset(
        Place(source.source, *awaited.rsplit(".", 1))
        for source in inventory.sources.values()
        for table in source.tables.values()
        for column in table.columns.values()
        for awaited in column.awaits
        if not awaited.startswith(WAYS_OF)
    )


def words_of(column: Column) -> dict[str, Any]:
    """What is proposed of a column, as a file would have it."""
    written = column.proposal or column
    return written.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=_NOT_ASKED)


def _columns(inventory: Inventory) -> Iterator[tuple[Place, Column]]:
    for source in inventory.sources.values():
        guessed = resting_on_guesses(source.tables)
        for name, table in source.tables.items():
            if name in guessed:
                continue  # whose rows these are comes first
            for column in unclassified(table):
                written = table.columns[column]
                if not written.awaits:  # a person confirmed it: the way is asked, or its columns
                    yield Place(source.source, name, column), written


def _deciding(said: Mapping[str, Any]) -> str:
    return json.dumps({word: said[word] for word in _ALIKE if word in said}, sort_keys=True)


def _group(members: list[tuple[Place, Mapping[str, Any], Column]]) -> Group:
    proposed = [column.proposed for _, _, column in members if column.proposed is not None]
    words = list(dict.fromkeys(word for _, said, _ in members for word in said))
    common, varied = {}, {}
    for word in words:
        found = [said.get(word) for _, said, _ in members]
        if all(one == found[0] for one in found):
            common[word] = found[0]
        else:
            varied[word] = dict(Counter(_shown(one) for one in found))
    return Group(
        str(members[0][0].column),
        common,
        tuple(place for place, _, _ in members),
        varied,
        min((one.confidence for one in proposed), default=None),
        tuple(dict.fromkeys(one.because for one in proposed)),
    )


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " / ".join(str(one) for one in value.values())
    return "nothing" if value is None else str(value)


def _tables(inventory: Inventory) -> Iterator[Group]:
    for source in inventory.sources.values():
        for name, table in source.tables.items():
            if table.unconfirmed:
                said = {"copy_of": table.copy_of} if table.copy_of else {"personal": False}
                yield Group(name, said, (Place(source.source, name),))
            elif table.ways is not None:
                yield Group(name, {"ways": _ways(table)}, (Place(source.source, name),))


def _ways(table: Table) -> str:
    """The ways that were guessed, as the file has them."""
    subject = [f"subject {key}: {link.column}" for key, link in table.subject.items()]
    joins = [", ".join(f"join {own}: {to}" for own, to in join.items()) for join in table.join]
    return "; or ".join([*subject, *joins])
