"""What one person's reading sees of a session that is open for several: as if it were their own.

What it asks is answered from what was read for all, or is asked for this person alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Self

import pyarrow as pa

from afschrift.batch.together_session import TogetherSession
from afschrift.domain.own_account import Estimate, Sample, Sums, TableOracle
from afschrift.domain.sources import ColumnType, Described, Dialect, Structure
from afschrift.domain.value_kind import DocumentPart, ValueKind


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

    def oracle(
        self,
        statement: str,
        kinds: Mapping[str, ValueKind | None],
        whole: Collection[str],
        parts: Mapping[str, DocumentPart],
    ) -> TableOracle:
        """The source's own account of this person's rows."""
        return _PersonOracle(
            self._together, self._person, statement, self._together.oracle(statement, kinds, whole, parts)
        )


class _PersonOracle:
    def __init__(self, together: TogetherSession, person: int, statement: str, oracle: TableOracle) -> None:
        self._together, self._person = together, person
        self._statement, self._oracle = statement, oracle
        self.hashed, self.numbers, self.own = oracle.hashed, oracle.numbers, oracle.own
        self.documents = oracle.documents
        self.together = oracle.together

    def begin(self, columns: Sequence[str], sample: Sample | None) -> None:
        """Nothing: whose keys are bound changes from person to person."""

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        """From what was accounted for all; a sample, or some columns, are asked for this person alone."""
        known = self._together.sums_of(self._person, self._statement)
        if known is not None and sample is None and tuple(columns) == tuple(self.hashed):
            return known
        self._together.bind_one(self._person)
        return self._oracle.sums(columns, sample)
