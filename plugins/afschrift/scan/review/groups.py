"""What waits for a person in an inventory, grouped by what is alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from afschrift.inventory.column import Column
from afschrift.inventory.defaults import resting_on_guesses
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table
from afschrift.inventory.unclassified import unclassified

_NOT_ASKED = {"review", "proposed", "decided", "why"}


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
        said: the words that are proposed, as the file has them; of a table, `personal`, `copy_of` or `ways`.
        places: all that the answer is for, in the order of the files.
        sure: the least confidence among them; None: no program said one.
        reasons: why they are taken for that, each once.
    """

    name: str
    said: Mapping[str, Any]
    places: tuple[Place, ...]
    sure: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def is_table(self) -> bool:
        """Whether it asks about a table, and not about columns."""
        return self.places[0].column is None

    @property
    def key(self) -> tuple[str, str]:
        """The same for the same question asked again."""
        return self.name.casefold(), json.dumps(self.said, sort_keys=True)


def groups(inventory: Inventory) -> list[Group]:
    """All questions, those about the most columns first.

    Columns of one name, whatever its case, of which the same is proposed are one question; so are those of
    one name of which nothing is. A table that is taken for a copy, or for one without personal data, is a
    question of its own; so is a way that was guessed, before the columns that rest on it.
    """
    found: dict[tuple[str, str], list[tuple[Place, Mapping[str, Any], Column]]] = {}
    for place, column in _columns(inventory):
        said = words_of(column)
        key = (str(place.column).casefold(), json.dumps(said, sort_keys=True))
        found.setdefault(key, []).append((place, said, column))
    alike = [_group(members) for members in found.values()]
    tables = list(_tables(inventory))
    ways = [one for one in tables if "ways" in one.said]
    rest = [one for one in tables if "ways" not in one.said]
    return [*ways, *sorted(alike, key=lambda one: -len(one.places)), *rest]


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
                yield Place(source.source, name, column), table.columns[column]


def _group(members: list[tuple[Place, Mapping[str, Any], Column]]) -> Group:
    proposed = [column.proposed for _, _, column in members if column.proposed is not None]
    first, said, _ = members[0]
    return Group(
        str(first.column),
        said,
        tuple(place for place, _, _ in members),
        min((one.confidence for one in proposed), default=None),
        tuple(dict.fromkeys(one.because for one in proposed)),
    )


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
