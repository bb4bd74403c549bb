"""Extract a source for several requests in one pass over each table.

Each request keeps its gates, its keys, its staging and its record: what is written and recorded of it is what
`extract` would have written and recorded alone, and a run of its own goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from afschrift.domain.errors import AfschriftError, SourceDownError
from afschrift.domain.event import digest
from afschrift.domain.plan import ExtractPlan
from afschrift.extraction.split import OtherPersonsRowError, PassedError, PersonSlices, SharedReadError
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.together import TogetherRows
from afschrift.services import Services
from afschrift.steps.batch.members import Alone, alike_plans, alone, member
from afschrift.steps.batch.person_reading import PersonReading
from afschrift.steps.batch.together_session import PersonSession, TogetherSession
from afschrift.steps.extract import finish
from afschrift.steps.gates import refusal
from afschrift.steps.source_reading import TableReading

DONE, TOGETHER = "extracted_before", "together"
Outcomes = dict[str, str]
"""Request -> `together`, `extracted_before`, why it goes alone, or the name of the error that it met."""


def extract_together(
    services: Services, source: str, requests: Sequence[str], batch: str, of: Callable[[str], Services]
) -> Outcomes:
    """Extract a source for requests whose plans are frozen (R08, R80).

    What one request meets stops that one alone; its own run meets it again, and says so.

    Args:
        services: of the batch.
        source: its name in the inventory.
        requests: their ids.
        batch: id of the batch.
        of: the services of a request's own run.

    Raises:
        GateError: a row was not that of the person whom the source gave it for; nothing is extracted.
        SourceDownError: the source is down.
    """
    outcomes: Outcomes = {}
    waiting = []
    for request_id in dict.fromkeys(requests):
        try:
            one = member(of(request_id), request_id, source)
        except AfschriftError as met:
            outcomes[request_id] = _code(met)
            continue
        why = DONE if one is None else alone(one, source)
        if one is None or why is not None:
            outcomes[request_id] = str(why)
        else:
            waiting.append(one)
    for group in alike_plans(waiting, source):
        if len(group) == 1:
            outcomes[group[0].id] = Alone.COMPANY
        else:
            outcomes |= _Pass(services, source, batch, [PersonReading(one, source) for one in group]).run()
    return outcomes


def _code(met: AfschriftError) -> str:
    return type(met).__name__


class _Pass:
    """One session of a source for persons whose plans read it alike."""

    def __init__(self, services: Services, source: str, batch: str, readers: Sequence[PersonReading]) -> None:
        self._services, self._source, self._batch = services, source, batch
        self._readers = readers

    @property
    def _going(self) -> list[tuple[int, PersonReading]]:
        """The persons that nothing has stopped, by number."""
        return [(number, one) for number, one in enumerate(self._readers) if one.met is None]

    def run(self) -> Outcomes:
        """Read, split, record.

        Raises:
            GateError: a row was another's.
            SourceDownError: the source is down.
        """
        services, source = self._services, self._source
        with services.open_source(source, self._batch) as session:
            persons = [one.reading.keys(one.member.request.received_at) for one in self._readers]
            together = TogetherSession(services, source, session, persons)
            plan = self._readers[0].member.plan
            shapes = [(part, together.finder.of_extract(part)) for part in plan.of_source(source)]
            if any(rows is None for _, rows in shapes):
                return {one.member.id: str(Alone.SHAPE) for one in self._readers}
            try:
                self._read(together, [(part, rows) for part, rows in shapes if rows is not None])
            except SharedReadError as shared:  # whose rows it was is not known: each one's own run tells
                self._stop()
                if isinstance(shared.met, SourceDownError):
                    raise shared.met from None
                return {one.member.id: _code(shared.met) for one in self._readers}
            except BaseException:
                self._stop()
                raise
        for _, one in self._going:
            with one.alone():
                self._record(one)
        return {one.member.id: TOGETHER if one.met is None else _code(one.met) for one in self._readers}

    def _stop(self) -> None:
        """Nothing that this pass wrote is left of anybody."""
        for one in self._readers:
            if one.begun:
                one.clear()

    def _read(self, together: TogetherSession, shapes: Sequence[tuple[ExtractPlan, TogetherRows]]) -> None:
        sessions = [PersonSession(together, number) for number in range(len(self._readers))]
        for number, one in self._going:
            asked: tuple[OpenQuestion, ...] = ()
            with one.reads():
                asked = one.reading.search(sessions[number])
                one.reading.begin(sessions[number])
            if asked:
                one.met = ask(one.member.services.register, one.member.id, asked)
        for part, rows in shapes:
            if self._going:
                self._table(together, sessions, part, rows)
        for fact in self._readers[0].member.plan.facts:
            if fact.source == self._source:
                together.read_fact(fact.statement)
        for number, one in self._going:
            with one.reads():
                one.record = one.reading.end(sessions[number], one.tables)

    def _table(
        self,
        together: TogetherSession,
        sessions: Sequence[PersonSession],
        part: ExtractPlan,
        rows: TogetherRows,
    ) -> None:
        together.count_masks(part, rows)
        tables: dict[int, TableReading] = {}
        for number, one in self._going:
            with one.reads():
                tables[number] = one.reading.table(sessions[number], one.part[part.table])
        together.bind_all()
        passed = self._split(together, part, rows, tables)
        for number in passed:  # written twice: what was written first collided with its own marks
            one = self._readers[number]
            with one.reads():
                tables[number] = one.reading.table(sessions[number], one.part[part.table])
                tables[number].write()
        spot = together.compare(part, rows, int(digest([self._batch, part.name]), 16))
        for number, one in self._going:
            with one.reads():
                one.tables.append(tables[number].finish())
            if one.met is not None and number == spot:  # the pass itself may be wrong
                raise SharedReadError(one.met)

    def _split(
        self,
        together: TogetherSession,
        part: ExtractPlan,
        rows: TogetherRows,
        tables: dict[int, TableReading],
    ) -> list[int]:
        """Write each person's rows as they pass; those whose table is to be written from its start again."""
        holds = [one.member.holds(part.table, self._source) for one in self._readers]
        again = []
        with closing(together.session.stream(rows.ordered(part.statement))) as batches:  # type: ignore[type-var]
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
