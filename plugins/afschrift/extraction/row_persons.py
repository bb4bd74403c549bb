"""Counts, while rows pass, keys of other persons in the clear, and masks that hide the person's own values.

The token of a mask is the same for the same value, so the tokens of the person's own values are known.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.decision import Action, Mask
from afschrift.domain.extracted import PersonRows
from afschrift.domain.keys import Key, KeyMatch
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.redaction import MASK
from afschrift.selection.held_keys import HeldKeys

SHORTEST = 4
"""Characters of a value below which it may be something else in a column that holds no keys."""


class RowPersons:
    """Counts in one table.

    Args:
        part: the table's plan.
        columns: those of it that hold keys of persons.
        person: the key that says who a person is.
        keys: the person's keys.
        values: further values of the person's own record.
        salt: of the masks of this request.
    """

    def __init__(
        self,
        part: ExtractPlan,
        columns: Collection[str],
        person: str,
        keys: Sequence[Key],
        values: Collection[str],
        salt: str,
    ) -> None:
        own = {key.value for key in keys}.union(values)
        self._tokens = {hashlib.sha256(f"{salt}{value}".encode()).hexdigest()[:8]: value for value in own}
        self._is_own = HeldKeys(keys, [(person, None), (person, KeyMatch.CASEFOLD)])
        tokens = [f.name for f in part.selected if f.action is Action.MASK and f.mask == Mask.TOKEN]
        self._columns = {
            f.name: f.name in columns for f in part.selected if f.name in columns or f.name in tokens
        }
        self.begin()

    def begin(self) -> None:
        """Forget everything: the table is read from its start."""
        self._counts: Counter[tuple[str, str]] = Counter()

    def see(self, batch: pa.RecordBatch) -> None:
        """Count the rows of the next batch."""
        for name, holds_keys in self._columns.items():
            for value, rows in _values(batch.column(name)):
                token = value.removeprefix(MASK[:-1]).strip(" ]") if value.startswith(MASK[:-1]) else None
                own = self._tokens.get(token) if token is not None else None
                if own is not None and (holds_keys or len(own) >= SHORTEST):
                    self._counts[name, "own"] += rows
                elif holds_keys and (token is not None or not self._is_own(value)):
                    self._counts[name, "others" if token is None else "masked"] += rows

    def found(self) -> Mapping[str, PersonRows]:
        """Column -> its rows, where there are some."""
        columns = sorted({name for name, _ in self._counts})
        return {
            name: PersonRows(*(self._counts[name, kind] for kind in ("others", "masked", "own")))
            for name in columns
        }


def _values(column: pa.Array) -> Iterator[tuple[str, int]]:
    """Yield each value of a column as text, with the number of its rows."""
    if not pa.types.is_nested(column.type):
        for found in pc.value_counts(column.cast(pa.string())).to_pylist():
            if found["values"] is not None:
                yield found["values"], found["counts"]
