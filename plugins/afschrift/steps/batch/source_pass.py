"""One session of a source for persons whose plans read it alike: read, split, record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Any

from afschrift.domain.errors import AfschriftError, ValidationFailedError
from afschrift.domain.event import digest
from afschrift.domain.plan import ExtractPlan
from afschrift.extraction.split import (
    OtherPersonsRowError,
    PassedError,
    PersonSlices,
    SharedReadError,
    shared,
)
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.together import TogetherRows
from afschrift.services import Services
from afschrift.steps.batch.members import Alone, Member
from afschrift.steps.batch.person_reading import PersonReading
from afschrift.steps.batch.together_session import PersonSession, TogetherSession
from afschrift.steps.extract import finish
from afschrift.steps.gates import refusal
from afschrift.steps.source_reading import TableReading

TOGETHER = "together"
Outcomes = dict[str, str]
"""Request -> `together`, `extracted_before`, why it goes alone, or the name of the error that it met."""


def code(met: AfschriftError) -> str:
    """An error as an outcome."""
    return type(met).__name__


class SourcePass:
    """One pass.

    Args:
        services: of the batch.
        source: its name in the inventory.
        batch: its id.
        members: who read the source by the same statements.
    """

    def __init__(self, services: Services, source: str, batch: str, members: Sequence[Member]) -> None:
        self._services, self._source, self._batch = services, source, batch
        self._readers = [PersonReading(one, source) for one in members]

    @property
    def going(self) -> list[Member]:
        """Those that nothing of their own has stopped."""
        return [one.member for one in self._readers if one.met is None]

    @property
    def stopped(self) -> Outcomes:
        """The others, with what they met."""
        return {one.member.id: code(one.met) for one in self._readers if one.met is not None}

    @property
    def _going(self) -> list[tuple[int, PersonReading]]:
        """The persons that nothing has stopped, by number."""
        return [(number, one) for number, one in enumerate(self._readers) if one.met is None]

    def run(self) -> Outcomes:
        """Read, split, record.

        Raises:
            SharedReadError: the pass failed, and nothing that it wrote is left of anybody.
            OtherPersonsRowError: a row was another's; likewise.
        """
        services, source = self._services, self._source
        keys = []
        for one in self._readers:
            with one.alone():
                keys.append(one.reading.keys(one.member.request.received_at))
        before, self._readers = self.stopped, [one for one in self._readers if one.met is None]
        if not self._readers:
            return before
        with services.open_source(source, self._batch) as session:
            together = TogetherSession(services, source, session, keys)
            parts = self._readers[0].member.plan.of_source(source)
            shapes = [(part, together.finder.of_extract(part)) for part in parts]
            if all(rows is None for _, rows in shapes):
                return before | {one.member.id: str(Alone.SHAPE) for one in self._readers}
            try:
                self._read(together, shapes)
            except BaseException:
                for one in self._readers:
                    one.undo()
                raise
        for _, one in self._going:
            with one.alone():
                self._record(one)
        return before | dict.fromkeys((one.id for one in self.going), TOGETHER) | self.stopped

    def _read(
        self, together: TogetherSession, shapes: Sequence[tuple[ExtractPlan, TogetherRows | None]]
    ) -> None:
        sessions = [PersonSession(together, number) for number in range(len(self._readers))]
        for number, one in self._going:
            asked: tuple[OpenQuestion, ...] = ()
            with one.reads():
                asked = one.reading.search(sessions[number])
                one.reading.begin(sessions[number])
            if asked:
                one.met = ask(one.member.services.register, one.member.id, asked)
        for part, rows in shapes:
            if rows is None:
                self._one_by_one(sessions, part)
            elif self._going:
                self._table(together, sessions, part, rows)
        for fact in self._readers[0].member.plan.facts:
            if fact.source == self._source and self._going:
                with shared():
                    together.read_fact(fact.statement)
        for number, one in self._going:
            with one.reads():
                one.record = one.reading.end(sessions[number], one.tables)

    def _one_by_one(self, sessions: Sequence[PersonSession], part: ExtractPlan) -> None:
        """A table whose statement has no shape for several persons: each one's frozen statement."""
        for number, one in self._going:
            with one.reads():
                one.begin()
                table = one.reading.table(sessions[number], one.part[part.table])
                table.write()
                one.tables.append(table.finish())

    def _table(
        self,
        together: TogetherSession,
        sessions: Sequence[PersonSession],
        part: ExtractPlan,
        rows: TogetherRows,
    ) -> None:
        with shared():
            together.count_masks(part, rows)
        tables: dict[int, TableReading] = {}
        for number, one in self._going:
            with one.reads():
                tables[number] = one.reading.table(sessions[number], one.part[part.table])
        with shared():
            together.bind_all()
        passed = self._split(together, part, rows, tables)
        for number in passed:
            one = self._readers[number]
            with one.reads():
                tables[number] = one.reading.table(sessions[number], one.part[part.table])
                tables[number].write()
        with shared():
            having = together.compare(part, rows)
        finished = self._spot_check(together, part, tables, having, passed)
        for number, one in self._going:
            if number not in finished:
                with one.reads():
                    one.tables.append(tables[number].finish())

    def _spot_check(
        self,
        together: TogetherSession,
        part: ExtractPlan,
        tables: dict[int, TableReading],
        having: Collection[int],
        passed: Sequence[int],
    ) -> set[int]:
        """Hold the pass against the frozen statement of one person, drawn by the batch.

        Where that one is stopped by something of their own before they are accounted for, it is the next one.
        Those who have rows come first, and those whose table was not read in the pass not at all.

        Returns:
            The persons whose table was finished by it.

        Raises:
            SharedReadError: the pass is not to be trusted.
        """
        drawn = int(digest([self._batch, part.name]), 16)
        able = [number for number, _ in self._going if number not in passed]
        with_rows = [number for number in able if number in having]
        finished: set[int] = set()
        for some in (with_rows, [number for number in able if number not in having]):
            first = drawn % len(some) if some else 0
            for number in (*some[first:], *some[:first]):
                one = self._readers[number]
                together.account_alone(part, number)
                finished.add(number)
                with one.reads():
                    one.tables.append(tables[number].finish())
                if isinstance(one.met, ValidationFailedError):
                    raise SharedReadError(one.met, somebodys=False)
                if tables[number].accounted:
                    return finished
        return finished

    def _split(
        self,
        together: TogetherSession,
        part: ExtractPlan,
        rows: TogetherRows,
        tables: dict[int, TableReading],
    ) -> list[int]:
        """Write each person's rows as they pass; those whose table is to be read alone."""
        holds = [one.member.holds(part.table, self._source) for one in self._readers]
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
                                tables[number].write()
                            except PassedError:
                                again.append(number)
                                slices.leave(number)
                            except OtherPersonsRowError as met:
                                raise self._refused(one, met) from None
                    if one.met is not None:
                        slices.leave(number)
                slices.end()
            finally:
                together.passing = None
        return again

    def _refused(self, one: PersonReading, met: OtherPersonsRowError) -> OtherPersonsRowError:
        """The attempt stands in the trail of the person whom the row was given out for."""
        services = one.member.services
        refusal(services, one.member.id, "extract", "row_of_another", str(met.args[0]), met.remedy)
        return met

    def _record(self, one: PersonReading) -> dict[str, Any]:
        """What `extract` leaves of a request: its record in staging, its result and event in the register."""
        assert one.record is not None
        one.require_open()
        record = one.reading.stage(one.record)
        evidence = one.reading.evidence(record)
        batch = {"id": self._batch, "requests": len(self._readers)}
        return finish(
            one.member.services,
            one.member.plan,
            record,
            {**evidence, "batch": batch},
            one.took,
            again=one.member.again,
        )
