"""Holds the keys of each row that was read against the person's, before anything looks at it or writes it.

The database said which rows are the person's; this asks the definition of a key's normal form instead. The
keys that a row bears come in columns of their own, which go no further than here. A row that bears none, and
that a join led to, rests on what its statement compares.
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
    """A row bears none of the keys of the person that it was read for."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"A row of {table} bears no key of the person whose row its source says it is. Nothing is "
            "delivered.",
            remedy="give the key's column a view with a collation that compares bytes, and report it.",
        )


class OwnRows:
    """The rows of one table.

    Args:
        part: its plan.
        table: as the data map has it.
        identity: the keys that there are.
        keys: the person's.
    """

    def __init__(self, part: ExtractPlan, table: Table, identity: IdentityFile, keys: Sequence[Key]) -> None:
        self._part, self._table, self._keys = part, table, keys
        self._links = list(table.subject.items())
        self._best = {
            n for n, (name, _) in enumerate(self._links) if identity.keys[name].unique is Unique.YES
        }
        self._known: dict[str, dict[str | None, bool]] = {}

    def over(self, stream: Batches) -> Batches:
        """The same batches without the columns of keys; each call reads the table from its start.

        Raises:
            OthersRowError: at a row that is not the person's.
        """

        def checked() -> Iterator[pa.RecordBatch]:
            for batch in stream():
                if names := _held(batch):
                    self._require(batch, names)
                yield without_keys(batch)

        return checked

    def _require(self, batch: pa.RecordBatch, names: Sequence[str]) -> None:
        """A row bears a key of the person; or none that is for ever one person's, and a join led to it."""
        own = pa.repeat(pa.scalar(False), batch.num_rows)
        bare = pa.repeat(pa.scalar(bool(self._table.join)), batch.num_rows)
        for name in names:
            own = pc.or_(own, self._are_own(name, batch.column(name)))
            if self._table.shared_rows is None and _number(name) in self._best:
                bare = pc.and_(bare, pc.is_null(batch.column(name)))
        if not pc.all(pc.or_(own, bare), min_count=0).as_py():
            raise OthersRowError(self._part.name)

    def _are_own(self, name: str, held: pa.Array) -> pa.Array:
        encoded = held.cast(pa.string()).dictionary_encode()
        of_values = pa.array(
            [self._is_own(name, text) for text in encoded.dictionary.to_pylist()], pa.bool_()
        )
        return pc.fill_null(of_values.take(encoded.indices), False)

    def _is_own(self, name: str, held: str) -> bool:
        known = self._known.setdefault(name, {})
        if held not in known:
            if len(known) > _REMEMBERED:
                known.clear()
            known[held] = self._holds(name)(held)
        return known[held]

    def _holds(self, name: str) -> HeldKeys:
        key, link = self._links[_number(name)]
        return HeldKeys(self._keys, [(key, link.match if name.startswith(HELD_TEXT) else None)])


def without_keys(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows without the columns that are there to be held against keys."""
    names = _held(batch)
    return batch.drop_columns(names) if names else batch


def _held(batch: pa.RecordBatch) -> list[str]:
    return [name for name in batch.schema.names if name.startswith((HELD_TEXT, HELD_VALUE))]


_REMEMBERED = 10_000


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])
