"""Observes constraints and stages uploads while the rows of a source pass.

Keys, required values, codes and references to other tables: the data package names a constraint only if it
holds for the person's rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.extracted import FactValues, Seen, TableExtract
from afschrift.domain.overdue import Overdue
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan
from afschrift.domain.sources import ForeignKey
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.finder.find import SourceFinder
from afschrift.extraction.row_ages import RowAges
from afschrift.extraction.row_persons import RowPersons
from afschrift.extraction.uploads import Uploads
from afschrift.inventory.joins import Hop, reference_id, references
from afschrift.inventory.model import SourceFile
from afschrift.inventory.refutable import person_columns
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.values.forms import text_batch
from afschrift.values.times import plain

MOST_VALUES = 100_000
"""Distinct values of a reference to keep for comparison; memory must not depend on the number of rows."""

MOST_CODES = 2_000

MOST_ROWS = 3_000_000
"""Rows up to which references of a table are compared; more would take too long. It counts rows, because a
count of values would depend on how the source cut its batches, and so the bundle would too."""

_COUNTED = (ValueKind.TEXT, ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.NUMBER)
_TIMES = (ValueKind.DATE, ValueKind.DATETIME, ValueKind.INSTANT)


class Distinct:
    """The distinct values of a group of columns, as value forms; None after too many values or rows."""

    def __init__(self, fields: Sequence[FieldPlan], most: int, most_rows: int | None = None) -> None:
        self._fields = fields
        self._most = most
        self._rows_left = most_rows
        self.values: set[tuple[str, ...]] | None = set()

    def see(self, batch: pa.RecordBatch) -> None:
        """Add the values of a batch; rows with a NULL in the group refer to nothing."""
        if self.values is None or not batch.num_rows:
            return
        columns = [batch.column(field.name) for field in self._fields]
        if len(columns) == 1 and not pa.types.is_nested(columns[0].type):
            columns = [pc.unique(columns[0])]
        names = [field.name for field in self._fields]
        text = text_batch(pa.RecordBatch.from_arrays(columns, names=names), self._fields)
        rows = zip(*(column.to_pylist() for column in text.columns), strict=True)
        self.values.update(row for row in rows if None not in row)
        if self._rows_left is not None:
            self._rows_left -= batch.num_rows
        if len(self.values) > self._most or (self._rows_left or 0) < 0:
            self.values = None


class Observer:
    """Observes the batches of a table.

    Args:
        part: the table's plan.
        source: its source in the inventory.
        known: foreign keys of the database.
    """

    def __init__(self, part: ExtractPlan, source: SourceFile, known: Sequence[ForeignKey] = ()) -> None:
        self._part = part
        self._table = source.tables[part.table]
        self._whole = part.whole
        self._compared_columns = _compared_columns(source, part.table, known)
        self.begin()

    def begin(self) -> None:
        """Forget everything: the table is read from its start."""
        self._nulls: dict[str, int] = {}
        self._last: list[Any] | None = None
        self._unique = True
        self._untyped: list[str] = []
        self._keys = [name for name in self._table.key if name in self._whole]
        if len(self._keys) < len(self._table.key):
            self._keys = []
        self._times = {name for name, field in self._whole.items() if field.kind in _TIMES}
        self._codes = {
            name: Distinct([field], MOST_CODES)
            for name, field in self._whole.items()
            if field.kind in _COUNTED and self._few_values(name)
        }
        self.distinct = {
            columns: Distinct([self._whole[name] for name in columns], MOST_VALUES, MOST_ROWS)
            for columns in self._compared_columns
            if set(columns) <= self._whole.keys()
        }

    def _few_values(self, name: str) -> bool:
        """Whether the distinct values count: of a column with codes or ranges, or with a row's origin."""
        column, origin = self._table.columns.get(name), self._table.origin
        names_origin = origin is not None and origin.by == name and not origin.person_key
        return bool(column and (column.codes or column.ranges)) or names_origin

    def see(self, batch: pa.RecordBatch) -> None:
        """Observe the next batch, as the source returned it."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if column.null_count:
                self._nulls[name] = self._nulls.get(name, 0) + column.null_count
            if name in self._times and not plain(column):
                self._times.remove(name)
                self._untyped.append(name)
        for distinct in (*self._codes.values(), *self.distinct.values()):
            distinct.see(batch)
        if self._keys and self._unique and batch.num_rows:
            self._unique = self._keys_differ(batch)

    def _keys_differ(self, batch: pa.RecordBatch) -> bool:
        """Whether all keys differ. Rows come in the order of the key, so equal keys are adjacent."""
        columns = [batch.column(name) for name in self._keys]
        if any(pa.types.is_nested(column.type) for column in columns):
            return False  # nested keys are not compared, so uniqueness is not claimed
        last, self._last = self._last, [column[-1] for column in columns]
        if last == [column[0] for column in columns]:
            return False
        same = reduce(pc.and_, (pc.equal(column[1:], column[:-1]) for column in columns))
        return not pc.any(same, min_count=0).as_py()

    def seen(self) -> Seen:
        """What holds for all rows so far."""
        codes = {
            name: tuple(sorted(row[0] for row in distinct.values))
            for name, distinct in self._codes.items()
            if distinct.values is not None
        }
        return Seen(dict(sorted(self._nulls.items())), codes, self._unique, tuple(sorted(self._untyped)))


def references_that_hold(
    source: SourceFile, observers: Mapping[str, Observer], known: Sequence[ForeignKey] = ()
) -> dict[str, bool]:
    """Reference -> whether every value in the person's rows is in the person's rows of the other table."""
    found = {}
    for table, observer in observers.items():
        for hop in references(source, table, known):
            own, theirs = _sides(hop)
            parent = observers.get(hop.parent)
            child = observer.distinct.get(own)
            other = parent.distinct.get(theirs) if parent else None
            if child and other and child.values is not None and other.values is not None:
                found[reference_id(table, hop)] = child.values <= other.values
    return found


def _compared_columns(source: SourceFile, table: str, known: Sequence[ForeignKey]) -> set[tuple[str, ...]]:
    """The columns of a table on either side of a reference."""
    own = {_sides(hop)[0] for hop in references(source, table, known)}
    return own | set(_referenced_columns(source, table, known))


def _referenced_columns(
    source: SourceFile, table: str, known: Sequence[ForeignKey]
) -> Iterator[tuple[str, ...]]:
    for other in source.tables:
        for hop in references(source, other, known):
            if hop.parent == table:
                yield _sides(hop)[1]


def _sides(hop: Hop) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(own for own, _ in hop.pairs), tuple(theirs for _, theirs in hop.pairs)


Batches = Callable[[], Iterator[pa.RecordBatch]]


class RowObservers:
    """Observes the tables of a source, one after the other."""

    def __init__(
        self,
        services: Services,
        staging: EncryptedStaging,
        source: str,
        finding: SourceFinder,
        plan: Plan,
        persons: Callable[[ExtractPlan, Collection[str]], RowPersons],
    ) -> None:
        """`persons`: makes what counts rows by persons, of a table's plan and its columns with their keys."""
        self._finding = finding
        self._services = services
        self._staging = staging
        self._source = services.inventory.sources[source]
        self._known: tuple[ForeignKey, ...] = ()
        self._observers: dict[str, Observer] = {}
        self._uploads: dict[str, Uploads] = {}
        self._make_persons, self._persons = persons, dict[str, RowPersons]()
        self._ages = RowAges(services.inventory, plan, source)

    def know(self, keys: tuple[ForeignKey, ...]) -> None:
        """Also compare foreign keys of the database; call before the first table is read."""
        self._known = keys

    def over(self, part: ExtractPlan, stream: Batches) -> Batches:
        """Return a stream of the same batches that observes them; each call begins at the table's start."""
        name = self._source.source
        table = self._source.tables[part.table]
        open_store = partial(self._services.open_store, name)
        person = self._services.inventory.identity.person
        columns = person_columns(self._source, part.table, person, self._known)
        self._persons[part.table] = persons = self._make_persons(part, columns)
        self._observers[part.table] = observer = Observer(part, self._source, self._known)
        self._uploads[part.table] = uploads = Uploads(
            self._staging, part, table, open_store, self._finding.file_texts(part)
        )

        def observed() -> Iterator[pa.RecordBatch]:
            observer.begin()
            uploads.begin()
            self._ages.begin(part.table)
            persons.begin()
            for batch in stream():
                observer.see(batch)
                self._ages.see(part.table, batch)
                persons.see(batch)
                uploads.see(batch)
                yield batch

        return observed

    def with_observations(self, table: TableExtract) -> TableExtract:
        """Add uploads and observations to a written table."""
        uploads = self._uploads[table.table]
        persons = dict(self._persons[table.table].found())
        return replace(
            table,
            uploads=tuple(uploads.held),
            missing=tuple(uploads.missing),
            seen=replace(self._observers[table.table].seen(), persons=persons),
        )

    def references(self) -> dict[str, bool]:
        """Which references between the tables hold in the person's rows."""
        return references_that_hold(self._source, self._observers, self._known)

    def overdue(self, facts: Sequence[FactValues]) -> dict[str, Overdue]:
        """Return the rows of each table that are held after their period."""
        return self._ages.overdue(facts)
