"""Compares the keys in each row with the person's, before the row is searched or written.

The database selected the rows, by its own comparison of texts. This checks them by the normal form of the
keys. The keys of a row are read in extra columns, which are dropped here. A row without keys that was reached
by a join is accepted as the statement's comparison selected it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.errors import GateError
from afschrift.domain.keys import Key, Unique
from afschrift.domain.plan import ExtractPlan
from afschrift.inventory.organisation import IdentityFile
from afschrift.inventory.table import Table
from afschrift.selection.held_keys import HeldKeys
from afschrift.selection.statements import HELD_TEXT, HELD_VALUE

Batches = Callable[[], Iterator[pa.RecordBatch]]


class OthersRowError(GateError):
    """A row has none of the keys of the person that it was read for."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"A row of {table} was selected for the person, and has none of the person's keys. Nothing is "
            "delivered.",
            remedy="give the key's column a view with a collation that compares bytes, and report it.",
        )


class OwnRows:
    """Checks the rows of a table.

    Args:
        part: the table's plan.
        table: the table in the data map.
        identity: the kinds of keys.
        keys: the person's keys.
    """

    def __init__(self, part: ExtractPlan, table: Table, identity: IdentityFile, keys: Sequence[Key]) -> None:
        self._part, self._table, self._keys = part, table, keys
        self._links = list(table.subject.items())
        self._best = {
            n for n, (name, _) in enumerate(self._links) if identity.keys[name].unique is Unique.YES
        }
        self._known: dict[str, dict[str | None, bool]] = {}

    def over(self, stream: Batches) -> Batches:
        """Return a stream of the same batches, checked and without the columns of keys.

        Each call of it reads the table from its start.

        Raises:
            OthersRowError: a row is not the person's.
        """

        def checked() -> Iterator[pa.RecordBatch]:
            for batch in stream():
                if names := _key_columns(batch):
                    self._require(batch, names)
                yield without_keys(batch)

        return checked

    def _require(self, batch: pa.RecordBatch, names: Sequence[str]) -> None:
        """Require that each row has a key of the person, or was reached by a join and has no lasting key."""
        own = pa.repeat(pa.scalar(False), batch.num_rows)
        bare = pa.repeat(pa.scalar(bool(self._table.join)), batch.num_rows)
        for name in names:
            own = pc.or_(own, self._are_own(name, batch.column(name)))
            if self._table.shared_rows is None and _number(name) in self._best:
                bare = pc.and_(bare, pc.is_null(batch.column(name)))
        if not pc.all(pc.or_(own, bare), min_count=0).as_py():
            raise OthersRowError(self._part.name)

    def _are_own(self, name: str, key_column: pa.Array) -> pa.Array:
        encoded = key_column.cast(pa.string()).dictionary_encode()
        of_values = pa.array(
            [self._is_own(name, text) for text in encoded.dictionary.to_pylist()], pa.bool_()
        )
        return pc.fill_null(of_values.take(encoded.indices), False)

    def _is_own(self, name: str, key_column: str) -> bool:
        known = self._known.setdefault(name, {})
        if key_column not in known:
            if len(known) > _REMEMBERED:
                known.clear()
            known[key_column] = self._holds(name)(key_column)
        return known[key_column]

    def _holds(self, name: str) -> HeldKeys:
        key, link = self._links[_number(name)]
        return HeldKeys(self._keys, [(key, link.match if name.startswith(HELD_TEXT) else None)])


def without_keys(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Drop the columns of keys."""
    names = _key_columns(batch)
    return batch.drop_columns(names) if names else batch


def _key_columns(batch: pa.RecordBatch) -> list[str]:
    return [name for name in batch.schema.names if name.startswith((HELD_TEXT, HELD_VALUE))]


_REMEMBERED = 10_000


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])
