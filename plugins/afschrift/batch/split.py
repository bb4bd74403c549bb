"""Split rows of several persons, ordered by person, into the rows of each.

Each row has the number of its person and the key that found it. That key is compared once more with the keys
of that person: a row with another person's key stops the whole pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.batch.batch_statements import HELD, PERSON
from afschrift.domain.errors import AfschriftError, GateError, ValidationFailedError
from afschrift.selection.held_keys import HeldKeys


class ReadAloneError(Exception):
    """A person's table must be read alone.

    Their rows have been streamed already and cannot be repeated, or only the source can decide whose a row
    is.
    """


class SharedReadError(Exception):
    """The pass failed for all persons.

    Attributes:
        error: the cause.
        of_one_person: the rows of one, unknown person may be the cause; False: the pass cannot be trusted.
    """

    def __init__(self, error: AfschriftError, *, of_one_person: bool = True) -> None:
        super().__init__()
        self.error, self.of_one_person = error, of_one_person


@contextmanager
def shared() -> Iterator[None]:
    """Turn an error in a read for all persons into a SharedReadError: it is unknown whose rows caused it."""
    try:
        yield
    except AfschriftError as error:
        raise SharedReadError(error) from None


class OtherPersonsRowError(GateError):
    """A row has none of the keys of the person that the source assigned it to."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"A row of {table} has no key of the person that it was assigned to. It was not written, and "
            "nothing that was read in this batch is delivered.",
            remedy="report it; a request that runs alone is not affected: `afschrift run`.",
        )


class PersonSlices:
    """The rows of one table, split by person.

    Args:
        batches: with the columns `afschrift_person` and `afschrift_held` first, in the order of persons.
        keys: of each person, by number.
        table: `source.table`, for errors.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch], keys: Sequence[HeldKeys], table: str) -> None:
        self._batches, self._keys, self._table = batches, keys, table
        self._here: pa.RecordBatch | None = None
        self._begun: set[int] = set()
        self._left: set[int] = set()

    def of(self, person: int) -> Iterator[pa.RecordBatch]:
        """Yield one person's batches, as a statement for them alone would; from the start, and only once.

        Raises:
            ReadAloneError: the batches were taken before, or it is in doubt whether a row is this person's.
            SharedReadError: reading failed.
            OtherPersonsRowError: a row is another person's.
        """
        if person in self._begun:
            raise ReadAloneError
        self._begun.add(person)
        while (batch := self._next(person)) is not None:
            self._require_own(batch, person)
            yield batch.drop_columns([PERSON, HELD])

    def leave(self, person: int) -> None:
        """Skip the remaining rows of this person."""
        self._left.add(person)

    def end(self) -> None:
        """End after the last person.

        Raises:
            SharedReadError: rows remain that no person took.
        """
        while (whose := self._first()) is not None:
            self._pass_by(whose)

    def _next(self, person: int) -> pa.RecordBatch | None:
        """Return the next rows of a person; None: there are no more."""
        while (whose := self._first()) is not None and whose != person:
            if whose > person:
                return None
            self._pass_by(whose)
        return None if whose is None else self._take(whose)

    def _pass_by(self, whose: int) -> None:
        if whose not in self._left:
            raise SharedReadError(
                ValidationFailedError(
                    f"The rows of {self._table} are not in the order of the persons. None is delivered.",
                    remedy="report it; a request that runs alone is not affected: `afschrift run`.",
                ),
                of_one_person=False,
            )
        self._take(whose)

    def _first(self) -> int | None:
        """Return the person of the next row."""
        while self._here is None or not self._here.num_rows:
            with shared():
                self._here = next(self._batches, None)
            if self._here is None:
                return None
        return int(self._here.column(PERSON)[0].as_py())

    def _take(self, whose: int) -> pa.RecordBatch:
        """Take this person's rows from the front."""
        assert self._here is not None
        persons = self._here.column(PERSON)
        others = pc.not_equal(persons.cast(pa.int64()), whose)
        first = pc.index(others, True).as_py()
        rows = self._here.num_rows if first < 0 else first
        taken, self._here = self._here.slice(0, rows), self._here.slice(rows)
        return taken

    def _require_own(self, batch: pa.RecordBatch, person: int) -> None:
        keys, held = self._keys[person], pc.unique(batch.column(HELD)).to_pylist()
        strange = [text for text in held if text is None or not keys(str(text))]
        if not strange:
            return
        if all(text is not None and keys.in_doubt(str(text)) for text in strange):
            raise ReadAloneError
        raise OtherPersonsRowError(self._table)
