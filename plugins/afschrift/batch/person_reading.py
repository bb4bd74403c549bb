"""One person's reading of a source in a batch: its own gate, staging and end, whatever the others meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from afschrift.batch.members import Member
from afschrift.batch.split import OtherPersonsRowError
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import AfschriftError, RetriableError, StagedFileError
from afschrift.domain.extracted import SourceExtract, TableExtract
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.state import State
from afschrift.questions.ask import asking
from afschrift.steps.extract import ask_again, clear_extract
from afschrift.steps.gates import in_run, refusal
from afschrift.steps.source_reading import SourceReading
from afschrift.steps.step_evidence import StepEvidence


@dataclass
class PersonReading:
    """One person's reading in a batch.

    Attributes:
        met: what stopped it.
        begun: its own files are being written.
    """

    member: Member
    source: str
    took: StepEvidence = field(default_factory=StepEvidence)
    tables: list[TableExtract] = field(default_factory=list)
    met: AfschriftError | None = None
    begun: bool = False
    record: SourceExtract | None = None

    def __post_init__(self) -> None:
        one = self.member
        self.reading = SourceReading(one.gate, self.source, one.keys)

    @property
    def part(self) -> dict[str, ExtractPlan]:
        """Table -> its own plan of it."""
        return {one.table: one for one in self.member.plan.of_source(self.source)}

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
        return asking(self.member.services.register, self.member.id, KINDS)

    def gate(self) -> None:
        """Through the gate of `extract` once more: under the plan that the batch was made for.

        Raises:
            GateError: the request is closed, or something drifted.
        """
        ask_again(self.member.gate, self.source)

    def require_open(self) -> None:
        """Nobody closed the request, put it back, or began another run of it, while it was written.

        Raises:
            GateError: somebody did.
        """
        in_run(self.member.services, self.member.id, "extract")
        state = self.member.services.register.requests.get(self.member.id).state
        if state is not State.ACCEPTED:
            services, name = self.member.services, self.member.id
            words = f"Request {name} came to state {state} while a batch read for it."
            raise refusal(services, name, "extract", "closed_meanwhile", words, event="gate_refused")

    def begin(self) -> None:
        """Before the first file of this person is written."""
        if not self.begun:
            self.gate()
            self.clear()
            self.begun = True

    def undo(self) -> None:
        """Nothing that the pass wrote is left.

        What was staged before it began, or while another run of the request goes, is that run's and stays.
        """
        if self.begun and self._run_goes():
            self.clear()

    def _run_goes(self) -> bool:
        """Whether the batch's run of the request goes: another task may have ended it at a question."""
        services = self.member.services
        going = services.register.runs.all(request_id=self.member.id, going=True)
        return services.run is None or services.run in [one.id for one in going]

    def clear(self) -> None:
        """Nothing of the source is staged of this person."""
        clear_extract(self.member.services, self.member.id, self.source)
