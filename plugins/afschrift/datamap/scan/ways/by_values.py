"""Pointers that values show, whatever columns are called, and tables whose rows may be of people by them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from afschrift.datamap.matching.people_keys import PeopleElsewhere
from afschrift.datamap.matching.read_sketches import SketchReader, could_be_key, new_salt
from afschrift.datamap.matching.sketch import ColumnMatch, Sketch, compare
from afschrift.datamap.reader import NotAnsweredError, StatementRunner
from afschrift.datamap.scan.bounded import is_secret
from afschrift.datamap.scan.schema import ScannedSource, ScannedTable
from afschrift.datamap.scan.ways.edges import Edge, target
from afschrift.datamap.scan.ways.person_tables import PersonTable
from afschrift.domain.value_kind import ValueKind

_WHOLE_ROWS = 4_000_000
"""Rows of keys that are too large for a sample, over all tables but those of people."""
_LARGE_KEYS = 4  # columns of a large table of people
_CLOSED_KINDS = (ValueKind.JSON, None)
_PROBES = 4
_POSSIBLE = 6  # ways that are proposed for one table
_TARGETS = 300  # keys with which a table that no way reaches is compared
_HALF = 0.5
_SPACED = 0.05  # most values with a space: names and addresses differ too, and are no keys


@dataclass(frozen=True)
class OpenTable:
    """A table of which a person is asked whose its rows are.

    Attributes:
        ways: that are possible; `guess` is the evidence.
        why: in words, if its values leave it open without any.
        elsewhere: further ones, with keys of people of another source, as the map writes them.
    """

    ways: tuple[Edge, ...] = ()
    why: str = ""
    elsewhere: tuple[Mapping[str, Any], ...] = ()


@dataclass
class ColumnValues:
    """Sketches of the columns of a source.

    Attributes:
        samples: table -> column -> sketch of some rows.
        keys: table -> column -> sketch of a column whose values differ, of all rows.
        missing: table -> why some of its columns have no sketch.
        by_row: table -> column that points to another table by row, as another column says.
        unread: tables with a key that was not read, so that nothing shows what points to them.
    """

    source: ScannedSource
    samples: dict[str, dict[str, Sketch]] = field(default_factory=dict)
    keys: dict[str, dict[str, Sketch]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    by_row: Mapping[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    salt: str = field(default_factory=new_salt, repr=False)

    def read_samples(self, reader: StatementRunner, skipped: Collection[str]) -> None:
        """Read sketches of some rows of each table, but of those that repeat others.

        Raises:
            NotReachedError: the source was lost.
        """
        for name, table in self.source.tables.items():
            if name in skipped or table.part_of is not None:
                continue
            if not table.readable or not table.columns:
                self.missing[name] = "the account may not read it"
            elif table.computed:
                self.missing[name] = "it is a view, whose values are not compared"
            else:
                self._read_sample(reader, table)

    def _read_sample(self, reader: StatementRunner, table: ScannedTable) -> None:
        columns, closed = {}, []
        for column in table.columns:
            if column.type.closed or is_secret(column.name) or column.type.kind in _CLOSED_KINDS:
                closed.append(column.name)
            elif could_be_key(column.type):
                columns[column.name] = column.type
        if closed:
            self.missing[table.name] = f"{', '.join(closed[:5])} cannot be compared"
        relation = reader.dialect.relation(table.name)
        try:
            sketches = SketchReader(reader, self.salt)
            self.samples[table.name] = sketches.sample(relation, columns, table.rows) if columns else {}
        except NotAnsweredError as error:
            self.missing[table.name] = f"its values were not compared: {error.args[0]}"
            return
        if not any(len(sketch.hashes) for sketch in self.samples[table.name].values()):
            self.missing.setdefault(table.name, "it has no values to compare")

    def read_keys(self, reader: StatementRunner, people: Collection[str]) -> None:
        """Read the keys of all tables: those of people, and those of others that are not too large.

        Raises:
            NotReachedError: the source was lost.
        """
        left = _WHOLE_ROWS
        sampled = [sketch for found in self.samples.values() for sketch in found.values()]
        for name in sorted(self.samples, key=lambda name: (name not in people, self.rows(name))):
            unique = self.unique_columns(name)
            self.keys[name] = {column: sketch for column, sketch in unique.items() if sketch.whole}
            large = [column for column in unique if column not in self.keys[name]]
            most = _LARGE_KEYS if name in people else 1
            for column in large[:most]:
                if name not in people and self.rows(name) > left:
                    continue
                sketch = self._read_key(reader, self.source.tables[name], column)
                if sketch is not None:
                    left -= 0 if name in people else sketch.total
                    if sketch.unique:
                        self.keys[name][column] = sketch.among(sampled)
                    large.remove(column)
            if large and (name in people or not self.keys[name]):
                self.unread.add(name)

    def _read_key(self, reader: StatementRunner, table: ScannedTable, column: str) -> Sketch | None:
        types = {column.name: column.type for column in table.columns}
        relation, sketches = reader.dialect.relation(table.name), SketchReader(reader, self.salt)
        try:
            return sketches.key(relation, column, types[column], table.rows or None)
        except NotAnsweredError:
            return None

    def unique_columns(self, table: str) -> dict[str, Sketch]:
        """Return the columns that tell rows apart, as far as they were read: declared keys first."""
        of = self.source.tables[table]
        declared = [key[0] for key in (of.key, *of.unique) if len(key) == 1]
        own = self.samples.get(table, {})
        unique = [name for name, sketch in own.items() if sketch.unique and sketch.spaced <= _SPACED]
        return {name: own[name] for name in dict.fromkeys([*declared, *unique]) if name in unique}

    def rows(self, name: str) -> int:
        """Return the number of rows of a table, as far as known."""
        return max((sketch.total for sketch in self.samples.get(name, {}).values()), default=0)

    def unique(self, table: str, column: str) -> bool:
        """Whether a column tells rows apart, as far as they were read."""
        sketch = self.samples.get(table, {}).get(column)
        return sketch is not None and sketch.unique

    def match(self, edge: Edge) -> ColumnMatch | None:
        """Compare both ends of an edge; None: they cannot be compared."""
        pointer = self.samples.get(edge.table, {}).get(edge.columns[0])
        there = (self.keys.get(edge.parent, {}), self.samples.get(edge.parent, {}))
        key = next((part[edge.parent_columns[0]] for part in there if edge.parent_columns[0] in part), None)
        if pointer is None or key is None or not (key.whole or key.part < 1.0) or len(edge.columns) > 1:
            return None
        return compare(pointer, key)

    def proven(self, spoken: Iterable[tuple[str, str]]) -> Iterator[Edge]:
        """Yield pointers that values prove alone, from columns of which no foreign key speaks."""
        passed = set(spoken)
        columns = [
            (table, column, sketch)
            for table, found in self.samples.items()
            for column, sketch in found.items()
            if (table, column) not in passed and len(sketch.hashes)
        ]
        probes = np.array([np.resize(sketch.hashes[:_PROBES], _PROBES) for *_, sketch in columns])
        for parent, found in self.keys.items():
            for column, key in found.items():
                if not key.distinctive or not columns or not len(key.hashes):
                    continue
                at = np.minimum(np.searchsorted(key.hashes, probes), len(key.hashes) - 1)
                inside = (key.hashes[at] == probes) | (probes >= np.uint64(key.ceiling))
                enough = _PROBES // 2 if key.whole else 0
                for number in np.flatnonzero(inside.sum(axis=1) >= enough):
                    table, own, sketch = columns[number]
                    if table != parent and (match := compare(sketch, key)).proven and match.joins:
                        words = match.words(f"{parent}.{column}")
                        yield Edge(table, (own,), parent, (column,), words)

    def possible(self, table: str, targets: Sequence[tuple[str, str]]) -> tuple[Edge, ...]:
        """Return pointers of a table that its values leave possible, to keys of people and of their rows.

        A foreign key of the database says of its column that it is the number of something else.
        """
        found: list[tuple[tuple[bool, int], Edge]] = []
        spoken = {
            c: key.parent for key in self.source.foreign_keys if key.table == table for c in key.columns
        }
        spoken[self.by_row.get(table, "")] = ""
        for parent, column in targets:
            key = self.keys.get(parent, {}).get(column)
            if key is None or parent == table or (len(found) >= _POSSIBLE and not key.distinctive):
                continue
            for own, sketch in self.samples.get(table, {}).items():
                if spoken.get(own, parent) != parent:
                    continue
                match = compare(sketch, key)
                partly = match.distinctive and match.distinct > 1
                if match.found and (match.share >= _HALF or partly):
                    words = match.words(f"{parent}.{column}")
                    edge = Edge(table, (own,), parent, (column,), words)
                    found.append(((not key.distinctive, -match.distinct), edge))
        return tuple(edge for _, edge in sorted(found, key=lambda item: item[0])[:_POSSIBLE])


def possible_ways(
    seen: ColumnValues,
    unreached: Sequence[str],
    people: Sequence[str],
    near: Sequence[str],
    elsewhere: PeopleElsewhere,
) -> dict[str, OpenTable]:
    """Return the tables that no way reaches and that may be of people, with what their values leave possible.

    What points to rows of such a table may be of people too, so its key is compared with the others' columns.

    Args:
        seen: sketches of the columns.
        unreached: tables.
        people: tables of people.
        near: tables with rows of theirs.
        elsewhere: keys of people of other sources.
    """
    held = {name: tuple(elsewhere.ways(seen.samples.get(name, {}))) for name in unreached}
    found = {name: OpenTable(elsewhere=ways) for name, ways in held.items() if ways}
    targets, waiting = [*people, *near, *found], [name for name in unreached if name not in found]
    compared = list(targets)
    while targets:
        ends = [(name, column) for name in targets for column in seen.keys.get(name, ())][:_TARGETS]
        reached = {name: ways for name in waiting if (ways := seen.possible(name, ends))}
        found |= {name: OpenTable(ways) for name, ways in reached.items()}
        waiting = [name for name in waiting if name not in reached]
        targets = list(reached)
        compared += targets
    no_key = {name for name in people if not seen.keys.get(name)}
    unread = [name for name in compared if name in seen.unread | no_key]
    for name in waiting:
        why = seen.missing.get(name) or ("" if name in seen.samples else "its values were not compared")
        why = f"{seen.by_row[name]} points to another table by row" if name in seen.by_row else why
        if not people:
            why = "no table of people was found to compare it with"
        elif elsewhere.missed or unread or len(compared) > _TARGETS:
            why = (
                why
                or f"it was not compared with {', '.join([*elsewhere.missed, *unread][:5]) or 'all tables'}"
            )
        if why:
            found[name] = OpenTable(why=why)
    return found


def same_people(
    seen: ColumnValues, people: Mapping[str, PersonTable], name: str, roots: Sequence[str]
) -> Iterator[Edge]:
    """Yield ways by e-mail addresses that people of one table share with those who will ask."""
    own = people[name].email
    emails = {root: email for root in roots if (email := people[root].email) is not None}
    for edge in (Edge(name, (own,), root, (email,)) for root, email in emails.items() if own):
        if (match := seen.match(edge)) is not None and match.found:
            yield replace(edge, guess=f"the same people? {match.words(target(edge), alone=False)}")
