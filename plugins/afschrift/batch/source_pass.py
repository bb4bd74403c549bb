"""One session of a source for several persons: each table is read for all, split by person, and reconciled.

An error of one person stops only that person. An error in a statement for all ends the pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

from afschrift.batch.batch_session import BatchSession, PersonSession
from afschrift.batch.members import Alone, Member
from afschrift.batch.split import OtherPersonsRowError, PersonSlices, ReadAloneError, SharedReadError, shared
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
"""Request -> `together`, `extracted_before`, why it reads alone, or the name of its error."""


def code(error: AfschriftError) -> str:
    """Return an error as an outcome."""
    return type(error).__name__


class PersonReading:
    """One person's reading in a pass, with its own gate, staging and outcome.

    Attributes:
        number: of the person in the session; set when it is open.
        table: the table that is being read.
        error: what stopped this reading.
    """

    number: int
    session: PersonSession
    table: TableReading

    def __init__(self, member: Member, source: str) -> None:
        self.member, self.services, self._source = member, member.gate.services, source
        self.reading = SourceReading(member.gate, source, member.keys)
        self.evidence = StepEvidence()
        self.tables: list[TableExtract] = []
        self.record: SourceExtract | None = None
        self.error: AfschriftError | None = None
        self._parts = {part.table: part for part in member.gate.plan.of_source(source)}
        self._begun = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let an error in the block stop only this person, and remove what the pass wrote of them.

        Raises:
            RetriableError: source, register or staging does not answer, which concerns all persons. A lost or
                damaged staged file concerns this person only.
        """
        try:
            yield
        except StagedFileError as error:  # a RetriableError, but of this person's own files
            self._stop(error)
        except (RetriableError, OtherPersonsRowError):
            raise
        except AfschriftError as error:
            self._stop(error)

    def _stop(self, error: AfschriftError) -> None:
        self.error = error
        self.undo()

    @contextmanager
    def reads(self) -> Iterator[None]:
        """As `alone`, around reads of the source, which may raise questions.

        Raises:
            RetriableError: as `alone`.
        """
        with self.alone(), self.asking():
            yield

    def asking(self) -> AbstractContextManager[None]:
        """Ask the questions that the source raises in the block."""
        return asking(self.services.register, self.member.id, KINDS)

    def open(self, part: ExtractPlan) -> None:
        """Prepare to read a table by this person's own plan."""
        self.table = self.reading.table(self.session, self._parts[part.table])

    def finish(self) -> None:
        """Finish a table that was written: reconcile it."""
        with self.reads():
            self.tables.append(self.table.finish())

    def ask_gate(self) -> None:
        """Pass the gate of `extract` a second time, under the same plan.

        Raises:
            GateError: the request is closed, or something drifted.
        """
        ask_again(self.member.gate, self._source)

    def require_open(self) -> None:
        """Check that the request is still accepted and its run active, after its files were written.

        Raises:
            GateError: it was closed or put back, or another run of it began.
        """
        services, name = self.services, self.member.id
        in_run(services, name, "extract")
        state = services.register.requests.get(name).state
        if state is not State.ACCEPTED:
            message = f"Request {name} moved to state {state} while a batch read for it."
            raise refusal(services, name, "extract", "closed_meanwhile", message, event="gate_refused")

    def begin(self) -> None:
        """Pass the gate and clear the source's staging, before the first file of this person is written."""
        if not self._begun:
            self.ask_gate()
            clear_extract(self.services, self.member.id, self._source)
            self._begun = True

    def undo(self) -> None:
        """Remove what the pass wrote of this person.

        Files staged before the pass began, or while another run of the request is active, belong to that run
        and remain: another task may have ended the batch's run of the request at a question.
        """
        run, runs = self.services.run, self.services.register.runs
        if self._begun and (
            run is None or run in [other.id for other in runs.all(request_id=self.member.id, going=True)]
        ):
            clear_extract(self.services, self.member.id, self._source)


class SourcePass:
    """One pass over a source.

    Args:
        services: of the batch.
        source: its name in the inventory.
        batch: its id, the seed that selects the person whose own statement each table is compared with.
        members: requests that read the source by the same statements.
    """

    def __init__(self, services: Services, source: str, batch: str, members: Sequence[Member]) -> None:
        self._services, self._source, self._batch = services, source, batch
        self._readers = [PersonReading(member, source) for member in members]

    @property
    def going(self) -> list[Member]:
        """The requests that no error has stopped."""
        return [reader.member for reader in self._going()]

    @property
    def stopped(self) -> Outcomes:
        """The others, with their errors."""
        return {reader.member.id: code(reader.error) for reader in self._readers if reader.error is not None}

    def _going(self) -> list[PersonReading]:
        return [reader for reader in self._readers if reader.error is None]

    def run(self) -> Outcomes:
        """Read, split, record.

        Raises:
            SharedReadError: the pass failed, and nothing that it wrote remains, of any person.
            OtherPersonsRowError: a row belongs to another person; likewise.
        """
        keys = []
        for reader in self._readers:
            with reader.alone():
                keys.append(reader.reading.keys(reader.member.gate.request.received_at))
        before, self._readers = self.stopped, self._going()
        if not self._readers:
            return before
        plan = self._readers[0].member.gate.plan
        with self._services.open_source(self._source, self._batch, **plan.opening(self._source)) as session:
            self._session = BatchSession(self._services, self._source, session, keys)
            for number, reader in enumerate(self._readers):
                reader.number, reader.session = number, PersonSession(self._session, number)
            statements = self._session.statements
            shapes = [(part, statements.reads(part)) for part in plan.of_source(self._source)]
            if not any(has_shape for _, has_shape in shapes):
                return before | dict.fromkeys((member.id for member in self.going), str(Alone.SHAPE))
            try:
                self._begin()
                for part, has_shape in shapes:
                    if not has_shape:
                        self._table_by_person(part)
                    elif self._going():
                        self._table(part)
                for alone, of_all in statements.of_facts(plan).items():
                    if self._going():
                        with shared():
                            self._session.read_fact(alone, of_all)
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
        """Run the residual search for each person, and ask about its findings."""
        for reader in self._going():
            asked: tuple[OpenQuestion, ...] = ()
            with reader.reads():
                asked = reader.reading.search(reader.session)
                reader.reading.begin(reader.session)
            if asked:
                reader.error = ask(reader.services.register, reader.member.id, asked)

    def _table_by_person(self, part: ExtractPlan) -> None:
        """Read a table by each person's frozen statement, if no statement for several persons exists."""
        for reader in self._going():
            with reader.reads():
                reader.begin()
                reader.open(part)
                reader.table.write()
                reader.tables.append(reader.table.finish())

    def _table(self, part: ExtractPlan) -> None:
        """Read a table in one statement for all.

        Raises:
            SharedReadError: the pass failed, or cannot be trusted.
            OtherPersonsRowError: a row belongs to another person.
        """
        with shared():
            self._session.count_masks(part)
        for reader in self._going():
            with reader.reads():
                reader.open(part)
        with shared():
            self._session.bind_all()
        passed = self._split(part)
        for reader in passed:
            with reader.reads():
                reader.open(part)
                reader.table.write()
        with shared():
            with_rows = self._session.compare(part)
        split = [reader for reader in self._going() if reader not in passed]
        finished = self._spot_check(part, split, with_rows)
        for reader in self._going():
            if reader not in finished:
                reader.finish()

    def _split(self, part: ExtractPlan) -> Sequence[PersonReading]:
        """Write each person's rows in their turn; return the persons whose table must be read alone."""
        passed: list[PersonReading] = []
        held = held_as(self._session.statements.ways(part.table).belongs)
        holds = [HeldKeys(reader.member.keys, held) for reader in self._readers]
        with closing(self._session.rows_of_all(part)) as batches:
            slices = PersonSlices(batches, holds, part.name)
            self._session.passing = (part.statement, slices)
            try:
                for reader in self._readers:
                    if reader.error is None and not _written(reader):
                        passed.append(reader)
                    if reader.error is not None or reader in passed:
                        slices.leave(reader.number)
                slices.end()
            finally:
                self._session.passing = None
        return passed

    def _spot_check(
        self, part: ExtractPlan, split: Sequence[PersonReading], with_rows: Collection[int]
    ) -> Sequence[PersonReading]:
        """Compare the pass with the frozen statement of one person, selected by the batch's digest.

        If an error of that person's own stops the comparison, the next person is taken. Persons with rows
        come first: an empty table proves little.

        Returns:
            The persons whose table was finished by it.

        Raises:
            SharedReadError: the pass cannot be trusted.
        """
        seed = int(digest([self._batch, part.name]), 16)
        finished: list[PersonReading] = []
        having_rows = [reader for reader in split if reader.number in with_rows]
        for some in (having_rows, [reader for reader in split if reader not in having_rows]):
            first = seed % len(some) if some else 0
            for reader in (*some[first:], *some[:first]):
                self._session.account_alone(part, reader.number)
                finished.append(reader)
                reader.finish()
                if isinstance(reader.error, ValidationFailedError):
                    raise SharedReadError(reader.error, of_one_person=False)
                if reader.table.accounted:
                    return finished
        return finished

    def _record(self, reader: PersonReading) -> dict[str, Any]:
        """Write what `extract` writes: the record to staging, result and event to the register."""
        assert reader.record is not None
        reader.require_open()
        record = reader.reading.stage(reader.record)
        batch = {"id": self._batch, "requests": len(self._readers)}
        evidence = {**reader.reading.evidence(record), "batch": batch}
        return finish(reader.member.gate, record, evidence, reader.evidence, again=reader.member.again)


def _written(reader: PersonReading) -> bool:
    """Write a person's rows in their turn; False if their table must be read alone.

    Raises:
        OtherPersonsRowError: a row belongs to another person. The attempt is recorded in the trail of the
            request that it was assigned to.
    """
    with reader.alone():
        reader.begin()
        with reader.asking():
            try:
                reader.table.write()
            except ReadAloneError:
                return False
            except OtherPersonsRowError as error:
                message = str(error.args[0])
                refusal(reader.services, reader.member.id, "extract", "row_of_another", message, error.remedy)
                raise
    return True
