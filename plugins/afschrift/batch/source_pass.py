"""One session of a source for persons whose plans read it alike: each table is read, split and compared.

What stops one person stops that one alone. What goes wrong in a statement for all ends the pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

from afschrift.batch.members import Alone, Member
from afschrift.batch.split import OtherPersonsRowError, PassedError, PersonSlices, SharedReadError, shared
from afschrift.batch.together_session import PersonSession, TogetherSession
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import AfschriftError, RetriableError, StagedFileError, ValidationFailedError
from afschrift.domain.event import digest
from afschrift.domain.extracted import SourceExtract, TableExtract
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.state import State
from afschrift.questions.ask import ask, asking
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.held_keys import HeldKeys, held_as
from afschrift.services import Services
from afschrift.steps.extract import ask_again, clear_extract, finish
from afschrift.steps.gates import StepEvidence, in_run, refusal
from afschrift.steps.source_reading import SourceReading, TableReading

TOGETHER = "together"
Outcomes = dict[str, str]
"""Request -> `together`, `extracted_before`, why it goes alone, or the name of the error that it met."""


def code(met: AfschriftError) -> str:
    """An error as an outcome."""
    return type(met).__name__


class PersonReading:
    """One person's reading in a pass: its own gate, staging and end, whatever the others meet.

    Attributes:
        number: of the person in the session, which they have once it is open.
        table: that is being read.
        met: what stopped it.
    """

    number: int
    session: PersonSession
    table: TableReading

    def __init__(self, member: Member, source: str) -> None:
        self.member, self.services, self._source = member, member.gate.services, source
        self.reading = SourceReading(member.gate, source, member.keys)
        self.took = StepEvidence()
        self.tables: list[TableExtract] = []
        self.record: SourceExtract | None = None
        self.met: AfschriftError | None = None
        self._parts = {part.table: part for part in member.gate.plan.of_source(source)}
        self._begun = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """What goes wrong in here stops this person alone, and leaves nothing of the pass behind.

        Raises:
            RetriableError: source, register or staging does not answer: that is nobody's own. What is
                staged of the person and is gone or damaged is.
        """
        try:
            yield
        except StagedFileError as met:
            self._stop(met)
        except (RetriableError, OtherPersonsRowError):
            raise
        except AfschriftError as met:
            self._stop(met)

    def _stop(self, met: AfschriftError) -> None:
        self.met = met
        self.undo()

    @contextmanager
    def reads(self) -> Iterator[None]:
        """The same where the source is read, which may raise questions.

        Raises:
            RetriableError: as `alone`.
        """
        with self.alone(), self.asking():
            yield

    def asking(self) -> AbstractContextManager[None]:
        """What the source raises as a question is asked."""
        return asking(self.services.register, self.member.id, KINDS)

    def open(self, part: ExtractPlan) -> None:
        """A table that is about to be read, by this person's own plan of it."""
        self.table = self.reading.table(self.session, self._parts[part.table])

    def finish(self) -> None:
        """The table was written, and is accounted for."""
        with self.reads():
            self.tables.append(self.table.finish())

    def ask_gate(self) -> None:
        """Through the gate of `extract` once more: under the plan that the batch was made for.

        Raises:
            GateError: the request is closed, or something drifted.
        """
        ask_again(self.member.gate, self._source)

    def require_open(self) -> None:
        """Nobody closed the request, put it back, or began another run of it, while it was written.

        Raises:
            GateError: somebody did.
        """
        services, name = self.services, self.member.id
        in_run(services, name, "extract")
        state = services.register.requests.get(name).state
        if state is not State.ACCEPTED:
            words = f"Request {name} came to state {state} while a batch read for it."
            raise refusal(services, name, "extract", "closed_meanwhile", words, event="gate_refused")

    def begin(self) -> None:
        """Before the first file of this person is written."""
        if not self._begun:
            self.ask_gate()
            clear_extract(self.services, self.member.id, self._source)
            self._begun = True

    def undo(self) -> None:
        """Nothing that the pass wrote is left.

        What was staged before it began, or while another run of the request goes, is that run's and stays:
        another task may have ended the batch's run of it at a question.
        """
        run, runs = self.services.run, self.services.register.runs
        if self._begun and (
            run is None or run in [one.id for one in runs.all(request_id=self.member.id, going=True)]
        ):
            clear_extract(self.services, self.member.id, self._source)


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
        return [reader.member for reader in self._going()]

    @property
    def stopped(self) -> Outcomes:
        """The others, with what they met."""
        return {reader.member.id: code(reader.met) for reader in self._readers if reader.met is not None}

    def _going(self) -> list[PersonReading]:
        return [reader for reader in self._readers if reader.met is None]

    def run(self) -> Outcomes:
        """Read, split, record.

        Raises:
            SharedReadError: the pass failed, and nothing that it wrote is left of anybody.
            OtherPersonsRowError: a row was another's; likewise.
        """
        keys = []
        for reader in self._readers:
            with reader.alone():
                keys.append(reader.reading.keys(reader.member.gate.request.received_at))
        before, self._readers = self.stopped, self._going()
        if not self._readers:
            return before
        plan = self._readers[0].member.gate.plan
        with self._services.open_source(self._source, self._batch) as session:
            self._together = TogetherSession(self._services, self._source, session, keys)
            for number, reader in enumerate(self._readers):
                reader.number, reader.session = number, PersonSession(self._together, number)
            statements = self._together.statements
            shapes = [(part, statements.reads(part)) for part in plan.of_source(self._source)]
            if not any(together for _, together in shapes):
                return before | dict.fromkeys((member.id for member in self.going), str(Alone.SHAPE))
            try:
                self._begin()
                for part, together in shapes:
                    if not together:
                        self._one_by_one(part)
                    elif self._going():
                        self._table(part)
                for alone, of_all in statements.of_facts(plan).items():
                    if self._going():
                        with shared():
                            self._together.read_fact(alone, of_all)
                for reader in self._going():
                    with reader.reads():
                        reader.record = reader.reading.end(reader.session, reader.tables)
            except BaseException:
                for reader in self._readers:
                    reader.undo()
                raise
        for reader in self._going():
            with reader.alone():
                self._record(reader)
        return before | dict.fromkeys((member.id for member in self.going), TOGETHER) | self.stopped

    def _begin(self) -> None:
        """Search for each person in what no way reaches; what is found is asked."""
        for reader in self._going():
            asked: tuple[OpenQuestion, ...] = ()
            with reader.reads():
                asked = reader.reading.search(reader.session)
                reader.reading.begin(reader.session)
            if asked:
                reader.met = ask(reader.services.register, reader.member.id, asked)

    def _one_by_one(self, part: ExtractPlan) -> None:
        """A table whose statement has no shape for several persons: by each one's frozen statement."""
        for reader in self._going():
            with reader.reads():
                reader.begin()
                reader.open(part)
                reader.table.write()
                reader.tables.append(reader.table.finish())

    def _table(self, part: ExtractPlan) -> None:
        """A table in one statement for all.

        Raises:
            SharedReadError: the pass failed, or is not to be trusted.
            OtherPersonsRowError: a row was another's.
        """
        with shared():
            self._together.count_masks(part)
        for reader in self._going():
            with reader.reads():
                reader.open(part)
        with shared():
            self._together.bind_all()
        passed = self._split(part)
        for reader in passed:
            with reader.reads():
                reader.open(part)
                reader.table.write()
        with shared():
            having = self._together.compare(part)
        able = [reader for reader in self._going() if reader not in passed]
        finished = self._spot_check(part, able, having)
        for reader in self._going():
            if reader not in finished:
                reader.finish()

    def _split(self, part: ExtractPlan) -> Sequence[PersonReading]:
        """Write each person's rows as they pass; those whose table is to be read alone."""
        passed: list[PersonReading] = []
        held = held_as(self._together.statements.ways(part.table).belongs)
        holds = [HeldKeys(reader.member.keys, held) for reader in self._readers]
        with closing(self._together.rows_of_all(part)) as batches:
            slices = PersonSlices(batches, holds, part.name)
            self._together.passing = (part.statement, slices)
            try:
                for reader in self._readers:
                    if reader.met is None and not _written(reader):
                        passed.append(reader)
                    if reader.met is not None or reader in passed:
                        slices.leave(reader.number)
                slices.end()
            finally:
                self._together.passing = None
        return passed

    def _spot_check(
        self, part: ExtractPlan, able: Sequence[PersonReading], having: Collection[int]
    ) -> Sequence[PersonReading]:
        """Hold the pass against the frozen statement of one person, drawn by the batch.

        Where that one is stopped by something of their own before they are accounted for, it is the next one.
        Those who have rows come first.

        Returns:
            The persons whose table was finished by it.

        Raises:
            SharedReadError: the pass is not to be trusted.
        """
        drawn = int(digest([self._batch, part.name]), 16)
        finished: list[PersonReading] = []
        with_rows = [reader for reader in able if reader.number in having]
        for some in (with_rows, [reader for reader in able if reader not in with_rows]):
            first = drawn % len(some) if some else 0
            for reader in (*some[first:], *some[:first]):
                self._together.account_alone(part, reader.number)
                finished.append(reader)
                reader.finish()
                if isinstance(reader.met, ValidationFailedError):
                    raise SharedReadError(reader.met, somebodys=False)
                if reader.table.accounted:
                    return finished
        return finished

    def _record(self, reader: PersonReading) -> dict[str, Any]:
        """What `extract` leaves of a request: its record in staging, its result and event in the register."""
        assert reader.record is not None
        reader.require_open()
        record = reader.reading.stage(reader.record)
        batch = {"id": self._batch, "requests": len(self._readers)}
        evidence = {**reader.reading.evidence(record), "batch": batch}
        return finish(reader.member.gate, record, evidence, reader.took, again=reader.member.again)


def _written(reader: PersonReading) -> bool:
    """Write a person's rows as they pass; False where their table is to be read alone.

    Raises:
        OtherPersonsRowError: a row was another's. The attempt stays in the trail of the person whom it was
            given out for.
    """
    with reader.alone():
        reader.begin()
        with reader.asking():
            try:
                reader.table.write()
            except PassedError:
                return False
            except OtherPersonsRowError as met:
                words = str(met.args[0])
                refusal(reader.services, reader.member.id, "extract", "row_of_another", words, met.remedy)
                raise
    return True
