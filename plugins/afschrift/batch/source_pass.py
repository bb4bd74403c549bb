"""One session of a source for persons whose plans read it alike: read, split, record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from afschrift.batch.members import Alone, Member
from afschrift.batch.person_reading import PersonReading
from afschrift.batch.person_session import PersonSession
from afschrift.batch.split import shared
from afschrift.batch.table_pass import TablePass, going
from afschrift.batch.together import TogetherRows
from afschrift.batch.together_session import TogetherSession
from afschrift.domain.errors import AfschriftError
from afschrift.domain.plan import ExtractPlan
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion
from afschrift.services import Services
from afschrift.steps.extract import finish

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
        for _, one in going(self._readers):
            with one.alone():
                self._record(one)
        return before | dict.fromkeys((one.id for one in self.going), TOGETHER) | self.stopped

    def _read(
        self, together: TogetherSession, shapes: Sequence[tuple[ExtractPlan, TogetherRows | None]]
    ) -> None:
        sessions = [PersonSession(together, number) for number in range(len(self._readers))]
        for number, one in going(self._readers):
            asked: tuple[OpenQuestion, ...] = ()
            with one.reads():
                asked = one.reading.search(sessions[number])
                one.reading.begin(sessions[number])
            if asked:
                one.met = ask(one.member.services.register, one.member.id, asked)
        for part, rows in shapes:
            table = TablePass(together, self._readers, part)
            if rows is None:
                table.one_by_one()
            elif going(self._readers):
                table.read(rows, self._batch)
        for fact in self._readers[0].member.plan.facts:
            if fact.source == self._source and going(self._readers):
                with shared():
                    together.read_fact(fact.statement)
        for number, one in going(self._readers):
            with one.reads():
                one.record = one.reading.end(sessions[number], one.tables)

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
