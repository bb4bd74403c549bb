"""Splits rows of several persons, which come person by person, into each one's own.

Each row bears the number of its person and the key that it was found by. That key is held against the keys
of that person once more before the row goes on: a row that bears another's goes to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.batch.together import HELD, PERSON
from afschrift.domain.errors import AfschriftError, GateError, ValidationFailedError
from afschrift.selection.held_keys import HeldKeys


class PassedError(Exception):
    """A person's table is read alone.

    Their rows passed by and cannot be given from their start again, or only the source can tell whose a
    row is.
    """


class SharedReadError(Exception):
    """The pass itself failed, so for all persons.

    Attributes:
        met: what went wrong.
        somebodys: it came of the rows of one of them, nobody knows whose; False: the pass is not to be
            trusted.
    """

    def __init__(self, met: AfschriftError, *, somebodys: bool = True) -> None:
        super().__init__()
        self.met, self.somebodys = met, somebodys


@contextmanager
def shared() -> Iterator[None]:
    """Around what is read for all persons at once: what goes wrong in here is not known to be anybody's.

    Raises:
        SharedReadError: something did.
    """
    try:
        yield
    except AfschriftError as met:
        raise SharedReadError(met) from None


class OtherPersonsRowError(GateError):
    """A row bears none of the keys of the person that it was given out for."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"A row of {table} bears no key of the person whose row it was said to be. Nothing of it was "
            "written, and nothing that was read together goes to anybody.",
            remedy="report it; each request by itself is not concerned: `afschrift run`.",
        )


class PersonSlices:
    """The pass over one table.

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
        """One person's batches, as a statement for them alone would give them; from their start, once.

        Raises:
            PassedError: they were given before, or it is in doubt whether a row is theirs.
            SharedReadError: reading failed.
            OtherPersonsRowError: a row is somebody else's.
        """
        if person in self._begun:
            raise PassedError
        self._begun.add(person)
        while (batch := self._next(person)) is not None:
            self._must_be_theirs(batch, person)
            yield batch.drop_columns([PERSON, HELD])

    def leave(self, person: int) -> None:
        """Of this person no more is written: what is left of their rows passes by."""
        self._left.add(person)

    def end(self) -> None:
        """All persons had their turn.

        Raises:
            SharedReadError: rows are left that nobody had.
        """
        while (whose := self._first()) is not None:
            self._pass_by(whose)

    def _next(self, person: int) -> pa.RecordBatch | None:
        """The next rows of a person at the head of what came; None: there are no more."""
        while (whose := self._first()) is not None and whose != person:
            if whose > person:
                return None
            self._pass_by(whose)
        return None if whose is None else self._take(whose)

    def _pass_by(self, whose: int) -> None:
        if whose not in self._left:
            raise SharedReadError(
                ValidationFailedError(
                    f"The rows of {self._table} did not come person by person. Nothing of them is delivered.",
                    remedy="report it; each request by itself is not concerned: `afschrift run`.",
                ),
                somebodys=False,
            )
        self._take(whose)

    def _first(self) -> int | None:
        """Whose row is the next one."""
        while self._here is None or not self._here.num_rows:
            with shared():
                self._here = next(self._batches, None)
            if self._here is None:
                return None
        return int(self._here.column(PERSON)[0].as_py())

    def _take(self, whose: int) -> pa.RecordBatch:
        """The rows at the head that are this person's."""
        assert self._here is not None
        persons = self._here.column(PERSON)
        others = pc.not_equal(persons.cast(pa.int64()), whose)
        first = pc.index(others, True).as_py()
        rows = self._here.num_rows if first < 0 else first
        taken, self._here = self._here.slice(0, rows), self._here.slice(rows)
        return taken

    def _must_be_theirs(self, batch: pa.RecordBatch, person: int) -> None:
        keys, held = self._keys[person], pc.unique(batch.column(HELD)).to_pylist()
        strange = [text for text in held if text is None or not keys(str(text))]
        if not strange:
            return
        if all(text is not None and keys.in_doubt(str(text)) for text in strange):
            raise PassedError
        raise OtherPersonsRowError(self._table)
