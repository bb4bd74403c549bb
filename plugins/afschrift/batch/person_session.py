"""What one person's reading sees of a session that is open for several: as if it were their own.

What it asks is answered from what was read for all, or is asked for this person alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import pyarrow as pa

from afschrift.batch.together_session import TogetherSession
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation, Sample, Sums
from afschrift.domain.sources import ColumnType, Described, Dialect, Structure


class PersonSession:
    """What one person's reading sees of it: as a session of their own."""

    def __init__(self, together: TogetherSession, person: int) -> None:
        self._together, self._person = together, person
        self.name, self.snapshot = together.session.name, together.session.snapshot

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """The session stays open for the others."""

    @property
    def dialect(self) -> Dialect:
        """The session's."""
        return self._together.session.dialect

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """The session's."""
        return self._together.catalogue

    def structure(self) -> Structure:
        """The session's."""
        return self._together.structure

    def described(self) -> Described:
        """The session's."""
        return self._together.session.described()

    def bind(self, *persons: object) -> None:
        """The keys are bound by the batch.

        Raises:
            AssertionError: always; no reading binds keys of its own.
        """
        raise AssertionError(f"{len(persons)} keys are bound in a session of several persons")

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """A small result for this person."""
        return self._together.rows_of(self._person, statement)

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        """A large result for this person."""
        return self._together.stream_of(self._person, statement)

    def estimate(self, statement: str) -> Estimate:
        """The session's."""
        return self._together.session.estimate(statement)

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Of this person's rows."""
        of_all = self._together.reconciliation(extract)
        return _PersonReconciliation(self._together, self._person, extract.statement, of_all)


class _PersonReconciliation:
    def __init__(
        self, together: TogetherSession, person: int, statement: str, of_all: Reconciliation
    ) -> None:
        self._together, self._person = together, person
        self._statement, self._reconciliation = statement, of_all
        self.hashed, self.numbers, self.own = of_all.hashed, of_all.numbers, of_all.own
        self.documents = of_all.documents
        self.together = of_all.together

    def begin(self, columns: Sequence[str], sample: Sample | None) -> None:
        """Nothing: whose keys are bound changes from person to person."""

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        """From the sums of all persons; a sample, or some columns, are asked for this person alone."""
        known = self._together.sums_of(self._person, self._statement)
        if known is not None and sample is None and tuple(columns) == tuple(self.hashed):
            return known
        self._together.bind_one(self._person)
        return self._reconciliation.sums(columns, sample)
