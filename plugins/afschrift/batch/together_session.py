"""One open session for several persons, and what the reading of one of them sees of it.

What has no shape for several persons is asked for that person alone, in the same session and so on the same
snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from functools import partial
from typing import Any, Self

import pyarrow as pa

from afschrift.batch.split import PersonSlices
from afschrift.batch.together import PERSON, scope_of, together_statements
from afschrift.domain.keys import PersonKeys
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation, Sample, Sums
from afschrift.domain.sources import Catalogue, Described, Dialect, Source, Structure
from afschrift.services import Services

ROWS_AT_ONCE = 50_000
"""So many rows of several persons are put in order at once in our own memory."""


def spans(counts: Sequence[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    """The first and the last of persons who follow each other and have at most so many rows; or of one.

    Args:
        counts: persons who have rows, in order, each with how many.
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


class TogetherSession:
    """The session of a source with the keys of several persons.

    Args:
        services: of the batch.
        source: its name in the inventory.
        session: open.
        persons: their keys; a person is known by their number here.
    """

    def __init__(
        self, services: Services, source: str, session: Source, persons: Sequence[PersonKeys]
    ) -> None:
        self.session, self._persons = session, persons
        self.catalogue, self.structure = session.catalogue(), session.structure()
        self.statements = together_statements(services, source, session)
        self.passing: tuple[str, PersonSlices] | None = None
        self._everybody = range(len(persons))
        self._bound: Sequence[PersonKeys] = []
        self._of_nobody: dict[str, list[tuple[Any, ...]]] = {}
        self._reconciliations: dict[str, Reconciliation] = {}
        # statement of one person -> person -> what was read of them in the pass for all
        self._masks: dict[str, dict[int, list[tuple[Any, ...]]]] = {}
        self._facts: dict[str, dict[int, list[pa.RecordBatch]]] = {}
        self._sums: dict[str, dict[int, Sums]] = {}

    def bind_all(self) -> None:
        """The key table holds the keys of all."""
        self._bind(self._persons)

    def bind_one(self, person: int) -> None:
        """The key table holds the keys of one."""
        self._bind(self._persons[person : person + 1])

    def _bind(self, persons: Sequence[PersonKeys]) -> None:
        if self._bound != persons:
            self._bound = []  # where it fails, nobody knows what is bound
            (keys, at), *others = persons
            self.session.bind(keys, at, *others)
            self._bound = persons

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Of an extract; one for all persons, whose plans read the same."""
        if extract.statement not in self._reconciliations:
            self._reconciliations[extract.statement] = self.session.reconciliation(extract)
        return self._reconciliations[extract.statement]

    def count_masks(self, part: ExtractPlan) -> None:
        """What each mask hides, for all persons in one statement."""
        statement = self.statements.masked(part.table, part.fields, scope_of(part))
        if statement:
            self.bind_all()
            nothing = [tuple(0 for field in part.selected if field.mask)]
            found = {int(person): [tuple(counts)] for person, *counts in self.session.rows(statement)}
            self._masks[part.masked_statement] = dict.fromkeys(self._everybody, nothing) | found

    def rows_of_all(self, part: ExtractPlan) -> Generator[pa.RecordBatch]:
        """The rows of an extract, person by person.

        Where the database puts rows in order in our own memory, it is given some persons at a time.
        """
        if not self.session.dialect.sorts_in_our_memory:
            yield from self.session.stream(self.statements.rows(part))
            return
        counts = self.session.rows(self.statements.count(part.table, scope_of(part)))
        for persons in spans([(int(person), int(number)) for person, number in counts], ROWS_AT_ONCE):
            yield from self.session.stream(self.statements.rows(part, persons))

    def compare(self, part: ExtractPlan) -> Collection[int]:
        """Reconcile each person's rows, in one statement; who has rows."""
        self.bind_all()
        of_all = self._reconciliations[part.statement].together(partial(self.statements.same_rows, part))
        nothing = Sums(0, {field.name: 0 for field in part.selected}, 0, 0)
        self._sums[part.statement] = dict.fromkeys(self._everybody, nothing) | of_all
        return of_all.keys()

    def account_alone(self, part: ExtractPlan, person: int) -> None:
        """Forget the sums of a person: their own statement is asked."""
        self._sums[part.statement].pop(person, None)

    def sums_of(self, person: int, statement: str) -> Sums | None:
        """The sums of one person's rows; None: they are asked for alone."""
        return self._sums.get(statement, {}).get(person)

    def read_fact(self, statement: str, together: str) -> None:
        """The answers to a question of the information sheet, for all persons in one statement."""
        self.bind_all()
        found: dict[int, list[pa.RecordBatch]] = {}
        for batch in self.session.stream(together):
            whose = list(map(int, batch.column(PERSON).to_pylist()))
            for person in dict.fromkeys(whose):
                own = pa.array([who == person for who in whose])
                found.setdefault(person, []).append(batch.filter(own).drop_columns([PERSON]))
        without = [who for who in self._everybody if who not in found]
        if without:  # an answer is the same for everybody who has no row
            self.bind_one(without[0])
            nothing = list(self.session.stream(statement))
            found |= dict.fromkeys(without, nothing)
        self._facts[statement] = found

    def rows_of(self, person: int, statement: str) -> list[tuple[Any, ...]]:
        """A small result for one person."""
        if statement in self._masks:
            return self._masks[statement][person]
        if self.session.dialect.keys not in statement:
            if statement not in self._of_nobody:
                self._of_nobody[statement] = self.session.rows(statement)
            return self._of_nobody[statement]
        self.bind_one(person)
        return self.session.rows(statement)

    def stream_of(self, person: int, statement: str) -> Iterator[pa.RecordBatch]:
        """A large result for one person: from the pass that goes, from what was read, or theirs alone."""
        if self.passing is not None and self.passing[0] == statement:
            return self.passing[1].of(person)
        if statement in self._facts:
            return iter(self._facts[statement][person])
        self.bind_one(person)
        return self.session.stream(statement)


class PersonSession:
    """A `Source` for one person, who sees what was read for all, or is asked about alone."""

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

    def catalogue(self) -> Catalogue:
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
