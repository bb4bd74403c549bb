"""One open session for several persons, and the view that one person's reading has of it.

Queries without a form for several persons run for one person alone, in the same session and so on the same
snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from functools import partial
from typing import Any, Self

import pyarrow as pa

from afschrift.batch.batch_statements import PERSON, batch_statements, scope_of
from afschrift.batch.split import PersonSlices
from afschrift.domain.keys import PersonKeys
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation, Sample, Sums
from afschrift.domain.sources import Catalogue, Described, Dialect, Source, Structure
from afschrift.services import Services

ROWS_AT_ONCE = 50_000
"""Most rows of several persons that are sorted at once, in databases that sort in our own memory."""


def spans(counts: Sequence[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    """Yield first and last of consecutive persons with at most `most` rows together, or of a single person.

    Args:
        counts: persons with rows, in order, and their number of rows.
        most: rows of a span.
    """
    taken: list[int] = []
    size = 0
    for person, number in counts:
        if taken and size + number > most:
            yield taken[0], taken[-1]
            taken, size = [], 0
        taken.append(person)
        size += number
    if taken:
        yield taken[0], taken[-1]


class BatchSession:
    """The session of a source with the keys of several persons.

    Args:
        services: of the batch.
        source: its name in the inventory.
        session: open.
        persons: their keys; the position is the number of the person.
    """

    def __init__(
        self, services: Services, source: str, session: Source, persons: Sequence[PersonKeys]
    ) -> None:
        self.session, self._persons = session, persons
        self.catalogue, self.structure = session.catalogue(), session.structure()
        self.statements = batch_statements(services, source, session)
        self.passing: tuple[str, PersonSlices] | None = None
        self._numbers = range(len(persons))
        self._bound: Sequence[PersonKeys] = []
        self._without_keys: dict[str, list[tuple[Any, ...]]] = {}
        self._reconciliations: dict[str, Reconciliation] = {}
        # statement of one person -> person -> what the pass for all read of them
        self._masks: dict[str, dict[int, list[tuple[Any, ...]]]] = {}
        self._facts: dict[str, dict[int, list[pa.RecordBatch]]] = {}
        self._sums: dict[str, dict[int, Sums]] = {}

    def bind_all(self) -> None:
        """Fill the key table with the keys of all persons."""
        self._bind(self._persons)

    def bind_one(self, person: int) -> None:
        """Fill the key table with the keys of one person."""
        self._bind(self._persons[person : person + 1])

    def _bind(self, persons: Sequence[PersonKeys]) -> None:
        if self._bound != persons:
            self._bound = []  # if binding fails, the content of the key table is unknown
            (keys, at), *others = persons
            self.session.bind(keys, at, *others)
            self._bound = persons

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Return the reconciliation of an extract: one for all persons, since their plans read the same."""
        if extract.statement not in self._reconciliations:
            self._reconciliations[extract.statement] = self.session.reconciliation(extract)
        return self._reconciliations[extract.statement]

    def count_masks(self, part: ExtractPlan) -> None:
        """Count what each mask hides, for all persons in one statement."""
        statement = self.statements.masked(part.table, part.fields, scope_of(part))
        if statement:
            self.bind_all()
            nothing = [tuple(0 for field in part.selected if field.mask)]
            found = {int(person): [tuple(counts)] for person, *counts in self.session.rows(statement)}
            self._masks[part.masked_statement] = dict.fromkeys(self._numbers, nothing) | found

    def rows_of_all(self, part: ExtractPlan) -> Generator[pa.RecordBatch]:
        """Yield the rows of an extract, ordered by person.

        A database that sorts in our own memory gets some persons at a time.
        """
        if not self.session.dialect.sorts_in_our_memory:
            yield from self.session.stream(self.statements.rows(part))
            return
        counts = self.session.rows(self.statements.count(part.table, scope_of(part)))
        for persons in spans([(int(person), int(number)) for person, number in counts], ROWS_AT_ONCE):
            yield from self.session.stream(self.statements.rows(part, persons))

    def compare(self, part: ExtractPlan) -> Collection[int]:
        """Reconcile each person's rows in one statement; return the persons who have rows."""
        self.bind_all()
        of_all = self._reconciliations[part.statement].together(partial(self.statements.same_rows, part))
        nothing = Sums(0, {field.name: 0 for field in part.selected}, 0, 0)
        self._sums[part.statement] = dict.fromkeys(self._numbers, nothing) | of_all
        return of_all.keys()

    def account_alone(self, part: ExtractPlan, person: int) -> None:
        """Forget the sums of a person, so that their own statement computes them."""
        self._sums[part.statement].pop(person, None)

    def sums_of(self, person: int, statement: str) -> Sums | None:
        """Return the sums of one person's rows; None: not known from the pass."""
        return self._sums.get(statement, {}).get(person)

    def read_fact(self, statement: str, for_all: str) -> None:
        """Read a fact of the information sheet for all persons in one statement."""
        self.bind_all()
        found: dict[int, list[pa.RecordBatch]] = {}
        for batch in self.session.stream(for_all):
            whose = list(map(int, batch.column(PERSON).to_pylist()))
            for person in dict.fromkeys(whose):
                own = pa.array([who == person for who in whose])
                found.setdefault(person, []).append(batch.filter(own).drop_columns([PERSON]))
        without = [who for who in self._numbers if who not in found]
        if without:  # the result is the same for every person without a row, so it is read once
            self.bind_one(without[0])
            nothing = list(self.session.stream(statement))
            found |= dict.fromkeys(without, nothing)
        self._facts[statement] = found

    def rows_of(self, person: int, statement: str) -> list[tuple[Any, ...]]:
        """Return a small result for one person."""
        if statement in self._masks:
            return self._masks[statement][person]
        if self.session.dialect.keys not in statement:  # it does not depend on the person: read it once
            if statement not in self._without_keys:
                self._without_keys[statement] = self.session.rows(statement)
            return self._without_keys[statement]
        self.bind_one(person)
        return self.session.rows(statement)

    def stream_of(self, person: int, statement: str) -> Iterator[pa.RecordBatch]:
        """Return a large result for one person: from the current pass, from facts read, or read alone."""
        if self.passing is not None and self.passing[0] == statement:
            return self.passing[1].of(person)
        if statement in self._facts:
            return iter(self._facts[statement][person])
        self.bind_one(person)
        return self.session.stream(statement)


class PersonSession:
    """A `Source` for one person, with results from the pass for all, or read for this person alone."""

    def __init__(self, batch: BatchSession, person: int) -> None:
        self._batch, self._person = batch, person
        self.name, self.snapshot = batch.session.name, batch.session.snapshot
        self.chosen = batch.session.chosen

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """The session stays open for the others."""

    @property
    def dialect(self) -> Dialect:
        return self._batch.session.dialect

    def catalogue(self) -> Catalogue:
        return self._batch.catalogue

    def structure(self) -> Structure:
        return self._batch.structure

    def described(self) -> Described:
        return self._batch.session.described()

    def bind(self, *persons: object) -> None:
        """Fail: the batch binds the keys, and no reading binds its own."""
        raise AssertionError(f"{len(persons)} keys are bound in a session of several persons")

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._batch.rows_of(self._person, statement)

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        return self._batch.stream_of(self._person, statement)

    def estimate(self, statement: str) -> Estimate:
        return self._batch.session.estimate(statement)

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Return the reconciliation of this person's rows."""
        of_all = self._batch.reconciliation(extract)
        return _PersonReconciliation(self._batch, self._person, extract.statement, of_all)


class _PersonReconciliation:
    def __init__(self, batch: BatchSession, person: int, statement: str, of_all: Reconciliation) -> None:
        self._batch, self._person = batch, person
        self._statement, self._reconciliation = statement, of_all
        self.hashed, self.numbers, self.own = of_all.hashed, of_all.numbers, of_all.own
        self.documents = of_all.documents
        self.together = of_all.together

    def begin(self, columns: Sequence[str], sample: Sample | None) -> None:
        """Do nothing: which keys are bound changes from person to person."""

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        """Return the sums from the pass for all; of a sample or some columns, for this person alone."""
        known = self._batch.sums_of(self._person, self._statement)
        if known is not None and sample is None and tuple(columns) == tuple(self.hashed):
            return known
        self._batch.bind_one(self._person)
        return self._reconciliation.sums(columns, sample)
