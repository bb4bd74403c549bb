"""Columns that point to others: in which order they are asked about, and what they take over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afschrift.inventory.column import Column
from afschrift.inventory.defaults import INHERITED
from afschrift.inventory.model import Inventory

_MAY_BE_SAID = frozenset({"origin", "category"})
"""What an answer can say beside what was proposed."""


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


class Pointers:
    """Which columns are looked up in which, in an inventory."""

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
        """The order in which none comes before what its columns point to; what goes in a circle stays.

        Args:
            questions: the columns of each.

        Returns:
            Their numbers.
        """
        of = {place: number for number, places in enumerate(questions) for place in places}
        before = [sorted({of[to] for to in map(self._to.get, places) if to in of}) for places in questions]
        found: dict[int, None] = {}
        entered: set[int] = set()
        waiting = list(reversed(range(len(questions))))
        while waiting:
            entered.add(number := waiting[-1])
            left = [one for one in before[number] if one not in entered]
            if left:
                waiting += reversed(left)
            else:
                found[waiting.pop()] = None
        return list(found)

    def takers(self, places: Iterable[Place], words: Iterable[str]) -> tuple[Place, ...]:
        """Other columns that take over some of these words from these, as they do not say them themselves.

        Further ones too, by columns in between. What an answer can add is among the words.
        """
        wanted = INHERITED & {*words, *_MAY_BE_SAID}
        waiting = list(places)
        own, found = set(waiting), dict[Place, None]()
        while waiting:
            for one in self._from.get(waiting.pop(), ()):
                if one not in found and wanted - _own(self._columns[one]):
                    found[one] = None
                    waiting.append(one)
        return tuple(one for one in found if one not in own)


def _own(column: Column) -> set[str]:
    """What is said of it where it stands, and by no default."""
    said = column.proposal or column
    return said.words().keys() - said.sources.keys()
