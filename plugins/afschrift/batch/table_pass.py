"""One table for several persons: rows split, its own account compared, held against one person drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing

from afschrift.batch.person_reading import PersonReading
from afschrift.batch.person_session import PersonSession
from afschrift.batch.split import (
    OtherPersonsRowError,
    PassedError,
    PersonSlices,
    SharedReadError,
    shared,
)
from afschrift.batch.together import TogetherRows
from afschrift.batch.together_session import TogetherSession
from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.event import digest
from afschrift.domain.plan import ExtractPlan
from afschrift.steps.gates import refusal
from afschrift.steps.source_reading import TableReading


def going(readers: Sequence[PersonReading]) -> list[tuple[int, PersonReading]]:
    """The persons that nothing has stopped, by number."""
    return [(number, one) for number, one in enumerate(readers) if one.met is None]


class TablePass:
    """One table of a pass.

    Args:
        together: the session.
        readers: the persons, by their number in the session.
        part: the table's plan; its statement is the same for all.
    """

    def __init__(
        self, together: TogetherSession, readers: Sequence[PersonReading], part: ExtractPlan
    ) -> None:
        self._together, self._readers, self._part = together, readers, part
        self._tables: dict[int, TableReading] = {}

    def one_by_one(self) -> None:
        """Where its statement has no shape for several persons: by each one's frozen statement."""
        for number, one in going(self._readers):
            with one.reads():
                one.begin()
                table = self._reading(number, one)
                table.write()
                one.tables.append(table.finish())

    def read(self, rows: TogetherRows, batch: str) -> None:
        """All persons' rows in one statement.

        Args:
            rows: the shape of the statement for several persons.
            batch: id, which draws whose own statement the pass is held against.

        Raises:
            SharedReadError: the pass failed, or is not to be trusted.
            OtherPersonsRowError: a row was another's.
        """
        together, part = self._together, self._part
        with shared():
            together.count_masks(part, rows)
        for number, one in going(self._readers):
            with one.reads():
                self._tables[number] = self._reading(number, one)
        with shared():
            together.bind_all()
        passed = self._split(rows)
        for number in passed:
            one = self._readers[number]
            with one.reads():
                self._tables[number] = self._reading(number, one)
                self._tables[number].write()
        with shared():
            having = together.compare(part, rows)
        finished = self._spot_check(batch, having, passed)
        for number, one in going(self._readers):
            if number not in finished:
                with one.reads():
                    one.tables.append(self._tables[number].finish())

    def _reading(self, number: int, one: PersonReading) -> TableReading:
        return one.reading.table(PersonSession(self._together, number), one.part[self._part.table])

    def _spot_check(self, batch: str, having: Collection[int], passed: Sequence[int]) -> set[int]:
        """Hold the pass against the frozen statement of one person, drawn by the batch.

        Where that one is stopped by something of their own before they are accounted for, it is the next one.
        Those who have rows come first, and those whose table was not read in the pass not at all.

        Returns:
            The persons whose table was finished by it.

        Raises:
            SharedReadError: the pass is not to be trusted.
        """
        drawn = int(digest([batch, self._part.name]), 16)
        able = [number for number, _ in going(self._readers) if number not in passed]
        with_rows = [number for number in able if number in having]
        finished: set[int] = set()
        for some in (with_rows, [number for number in able if number not in having]):
            first = drawn % len(some) if some else 0
            for number in (*some[first:], *some[:first]):
                one = self._readers[number]
                self._together.account_alone(self._part, number)
                finished.add(number)
                with one.reads():
                    one.tables.append(self._tables[number].finish())
                if isinstance(one.met, ValidationFailedError):
                    raise SharedReadError(one.met, somebodys=False)
                if self._tables[number].accounted:
                    return finished
        return finished

    def _split(self, rows: TogetherRows) -> list[int]:
        """Write each person's rows as they pass; those whose table is to be read alone."""
        together, part = self._together, self._part
        holds = [one.member.holds(rows) for one in self._readers]
        again = []
        with closing(together.rows_of_all(part, rows)) as batches:
            slices = PersonSlices(batches, holds, part.name)
            together.passing = (part.statement, slices)
            try:
                for number, one in enumerate(self._readers):
                    if one.met is not None:
                        slices.leave(number)
                        continue
                    with one.alone():
                        one.begin()
                        with one.asking():
                            try:
                                self._tables[number].write()
                            except PassedError:
                                again.append(number)
                                slices.leave(number)
                            except OtherPersonsRowError as met:
                                raise _refused(one, met) from None
                    if one.met is not None:
                        slices.leave(number)
                slices.end()
            finally:
                together.passing = None
        return again


def _refused(one: PersonReading, met: OtherPersonsRowError) -> OtherPersonsRowError:
    """The attempt stands in the trail of the person whom the row was given out for."""
    services = one.member.services
    refusal(services, one.member.id, "extract", "row_of_another", str(met.args[0]), met.remedy)
    return met
