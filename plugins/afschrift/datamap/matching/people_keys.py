"""The keys of people that a map knows, to compare the columns of another source with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from afschrift.datamap.matching.read_sketches import SketchReader, could_be_key
from afschrift.datamap.matching.sketch import Sketch, compare
from afschrift.datamap.reader import StatementRunner
from afschrift.domain.errors import AfschriftError
from afschrift.domain.keys import Unique
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.selection.ways import WayFinder

Place = tuple[str, str, str]
Opens = Callable[[], Source]


def owners(inventory: Inventory) -> list[tuple[str, Place]]:
    """Return each key and the column of a table with a row for each of its values; else of all its tables."""
    found: list[tuple[str, Place, bool]] = []
    for source in inventory.sources.values():
        for name, table in source.tables.items():
            own = any(table.key == (link.column,) for link in table.subject.values())
            for key, link in table.subject.items():
                if table.personal and inventory.identity.keys[key].unique is not Unique.NO:
                    found.append((key, (source.source, name, link.column), own))
    with_rows = {key for key, _, own in found if own}
    return [(key, place) for key, place, own in found if own or key not in with_rows]


@dataclass
class PeopleElsewhere:
    """Keys of people in the other sources of a map.

    Attributes:
        keys: column with a key of people -> name of the key, and its sketch.
        missed: what was not read, in words -> why.
    """

    keys: dict[Place, tuple[str, Sketch]] = field(default_factory=dict)
    missed: dict[str, str] = field(default_factory=dict)

    def read(
        self, inventory: Inventory, source: str, salt: str, opens: Callable[[SourceFile], Source]
    ) -> None:
        """Read the sketches of all sources but one.

        Args:
            inventory: the map.
            source: that the keys are compared with.
            salt: of the pass.
            opens: a session on a source, not opened yet.
        """
        for declared in inventory.sources.values():
            places = [(key, at) for key, at in owners(inventory) if at[0] == declared.source != source]
            try:
                if places:
                    self._read(inventory, declared, places, salt, partial(opens, declared))
            except AfschriftError as error:
                left = (".".join(place) for _, place in places if place not in self.keys)
                self.missed |= dict.fromkeys(left, str(error.args[0]))

    def _read(
        self,
        inventory: Inventory,
        of: SourceFile,
        places: Sequence[tuple[str, Place]],
        salt: str,
        opens: Opens,
    ) -> None:
        with StatementRunner(opens) as reader:
            finder = WayFinder(of, inventory.identity, reader.dialect, reader.session.catalogue())
            for key, (source, table, column) in places:
                found = finder.type_of(table, column)
                if could_be_key(found):
                    sketch = SketchReader(reader, salt).key(finder.relation(table), column, found)
                    self.keys[source, table, column] = key, sketch

    def ways(self, columns: Mapping[str, Sketch]) -> Iterator[dict[str, Any]]:
        """Yield ways by columns whose values alone say that they hold such a key, with the evidence."""
        for column, sketch in columns.items():
            for place, (name, key) in self.keys.items():
                if (match := compare(sketch, key)).proven:
                    yield {"subject": {name: column}, "because": match.words(".".join(place))}
