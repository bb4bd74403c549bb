"""One session of a source for persons whose plans read it alike: each table is read, split and compared.

What stops one person stops that one alone. What goes wrong in a statement for all ends the pass.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Any

from afschrift.batch.members import Alone, Member
from afschrift.batch.source_pass import PersonReading
from afschrift.batch.split import OtherPersonsRowError, PassedError, PersonSlices, SharedReadError, shared
from afschrift.batch.together import TogetherRows
from afschrift.batch.together_session import PersonSession, TogetherSession
from afschrift.domain.errors import AfschriftError, ValidationFailedError
from afschrift.domain.event import digest
from afschrift.domain.plan import ExtractPlan
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion
from afschrift.services import Services
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
        batch: its id, which draws whose own statement each table is held against.
        members: who read the source by the same statements.
    """

    def __init__(self, services: Services, source: str, batch: str, members: Sequence[Member]) -> None:
        self._services, self._source, self._batch = services, source, batch
        self._readers = [PersonReading(member, source) for member in members]

    @property
    def going(self) -> list[Member]:
        """Those that nothing of their own has stopped."""
        return [reader.member for _, reader in self._going()]

    @property
    def stopped(self) -> Outcomes:
        """The others, with what they met."""
        return {reader.member.id: code(reader.met) for reader in self._readers if reader.met is not None}

    def _going(self) -> list[tuple[int, PersonReading]]:
        """The persons that nothing has stopped, by their number in the session."""
        return [(number, reader) for number, reader in enumerate(self._readers) if reader.met is None]

    def run(self) -> Outcomes:
        """Read, split, record.

        Raises:
            SharedReadError: the pass failed, and nothing that it wrote is left of anybody.
            OtherPersonsRowError: a row was another's; likewise.
        """
        keys = []
        for reader in self._readers:
            with reader.alone():
                keys.append(reader.reading.keys(reader.member.request.received_at))
        before, self._readers = self.stopped, [reader for _, reader in self._going()]
        if not self._readers:
            return before
        plan = self._readers[0].member.plan
        with self._services.open_source(self._source, self._batch) as session:
            self._together = TogetherSession(self._services, self._source, session, keys)
            self._sessions = [PersonSession(self._together, number) for number in range(len(keys))]
            finder = self._together.finder
            shapes = [(part, finder.of_extract(part)) for part in plan.of_source(self._source)]
            if all(rows is None for _, rows in shapes):
                return before | dict.fromkeys((member.id for member in self.going), str(Alone.SHAPE))
            try:
                self._begin()
                for part, rows in shapes:
                    if rows is None:
                        self._one_by_one(part)
                    elif self._going():
                        self._table(part, rows)
                for alone, of_all in finder.of_facts(plan).items():
                    if self._going():
                        with shared():
                            self._together.read_fact(alone, of_all)
                for number, reader in self._going():
                    with reader.reads():
                        reader.record = reader.reading.end(self._sessions[number], reader.tables)
            except BaseException:
                for reader in self._readers:
                    reader.undo()
                raise
        for _, reader in self._going():
            with reader.alone():
                self._record(reader)
        return before | dict.fromkeys((member.id for member in self.going), TOGETHER) | self.stopped

    def _begin(self) -> None:
        """Search for each person in what no way reaches; what is found is asked."""
        for number, reader in self._going():
            asked: tuple[OpenQuestion, ...] = ()
            with reader.reads():
                asked = reader.reading.search(self._sessions[number])
                reader.reading.begin(self._sessions[number])
            if asked:
                reader.met = ask(reader.member.services.register, reader.member.id, asked)

    def _one_by_one(self, part: ExtractPlan) -> None:
        """A table whose statement has no shape for several persons: by each one's frozen statement."""
        for number, reader in self._going():
            with reader.reads():
                reader.begin()
                table = self._reading(number, part)
                table.write()
                reader.tables.append(table.finish())

    def _table(self, part: ExtractPlan, rows: TogetherRows) -> None:
        """A table in one statement for all.

        Raises:
            SharedReadError: the pass failed, or is not to be trusted.
            OtherPersonsRowError: a row was another's.
        """
        tables: dict[int, TableReading] = {}
        with shared():
            self._together.count_masks(part, rows)
        for number, reader in self._going():
            with reader.reads():
                tables[number] = self._reading(number, part)
        with shared():
            self._together.bind_all()
        passed = self._split(part, rows, tables)
        for number in passed:
            with self._readers[number].reads():
                tables[number] = self._reading(number, part)
                tables[number].write()
        with shared():
            having = self._together.compare(part, rows)
        able = [number for number, _ in self._going() if number not in passed]
        finished = self._spot_check(part, tables, able, having)
        for number, reader in self._going():
            if number not in finished:
                with reader.reads():
                    reader.tables.append(tables[number].finish())

    def _reading(self, number: int, part: ExtractPlan) -> TableReading:
        reader = self._readers[number]
        return reader.reading.table(self._sessions[number], reader.part[part.table])

    def _split(self, part: ExtractPlan, rows: TogetherRows, tables: dict[int, TableReading]) -> Sequence[int]:
        """Write each person's rows as they pass; those whose table is to be read alone."""
        passed = []
        holds = [reader.member.holds(rows) for reader in self._readers]
        with closing(self._together.rows_of_all(rows)) as batches:
            slices = PersonSlices(batches, holds, part.name)
            self._together.passing = (part.statement, slices)
            try:
                for number, reader in enumerate(self._readers):
                    if reader.met is None:
                        with reader.alone():
                            reader.begin()
                            with reader.asking():
                                try:
                                    tables[number].write()
                                except PassedError:
                                    passed.append(number)
                                except OtherPersonsRowError as met:
                                    raise _refused(reader, met) from None
                    if reader.met is not None or number in passed:
                        slices.leave(number)
                slices.end()
            finally:
                self._together.passing = None
        return passed

    def _spot_check(
        self,
        part: ExtractPlan,
        tables: dict[int, TableReading],
        able: Sequence[int],
        having: Collection[int],
    ) -> set[int]:
        """Hold the pass against the frozen statement of one person, drawn by the batch.

        Where that one is stopped by something of their own before they are accounted for, it is the next one.
        Those who have rows come first.

        Returns:
            The persons whose table was finished by it.

        Raises:
            SharedReadError: the pass is not to be trusted.
        """
        drawn = int(digest([self._batch, part.name]), 16)
        finished: set[int] = set()
        for some in ([n for n in able if n in having], [n for n in able if n not in having]):
            first = drawn % len(some) if some else 0
            for number in (*some[first:], *some[:first]):
                reader = self._readers[number]
                self._together.account_alone(part, number)
                finished.add(number)
                with reader.reads():
                    reader.tables.append(tables[number].finish())
                if isinstance(reader.met, ValidationFailedError):
                    raise SharedReadError(reader.met, somebodys=False)
                if tables[number].accounted:
                    return finished
        return finished

    def _record(self, reader: PersonReading) -> dict[str, Any]:
        """What `extract` leaves of a request: its record in staging, its result and event in the register."""
        assert reader.record is not None
        reader.require_open()
        member, record = reader.member, reader.reading.stage(reader.record)
        batch = {"id": self._batch, "requests": len(self._readers)}
        evidence = {**reader.reading.evidence(record), "batch": batch}
        return finish(member.gate, record, evidence, reader.took, again=member.again)


def _refused(reader: PersonReading, met: OtherPersonsRowError) -> OtherPersonsRowError:
    """The attempt stays in the trail of the person whom the row was given out for."""
    member = reader.member
    refusal(member.services, member.id, "extract", "row_of_another", str(met.args[0]), met.remedy)
    return met
