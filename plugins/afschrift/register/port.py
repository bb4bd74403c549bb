"""Port of the register: requests, decisions, questions, finished steps and the trail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from afschrift.domain.event import Header, NewEvent
from afschrift.domain.files import Receipt, StoredDocument
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.progress import Standing
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.run import Run
from afschrift.domain.state import State
from afschrift.law.case_facts import CaseFactRow, NewCaseFact
from afschrift.law.manual import NewFile
from afschrift.register.timelines import Make, Pair, Timelines


@dataclass(frozen=True)
class DecisionRow:
    """A decision that a person (or an authenticated channel) took, as the register holds it.

    Attributes:
        kind: `identity`, or the kind of the question that it answers.
        choice: the code chosen.
        by: who, as Airflow or the intake channel names them.
        about: digest that was decided on, or None where nothing was bound.
        detail: codes only, for example the log-in method and level.
        question: id of the question that it answers.
        text: id of its words in the case file.
    """

    kind: str
    choice: str
    by: str
    at: str
    about: str | None
    detail: dict[str, Any]
    question: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class QuestionRow:
    """A question that a run ended at.

    Attributes:
        role: who may answer it.
        detail: what it is about: tables, columns, counts; never values.
        about: digest of what is asked; the answer holds for that alone.
        form: JSON Schema of `choice` with the fields besides it; None: there are none.
    """

    id: str
    request: str
    kind: str
    role: str
    options: tuple[str, ...]
    detail: dict[str, Any]
    about: str | None
    asked_at: str
    answered_at: str | None
    form: dict[str, Any] | None = None


class Register(Timelines, Protocol):
    """The ledger as the pipeline sees it. Every method is one transaction."""

    def open_case(
        self,
        text: bytes,
        channel: str,
        received_at: str,
        arrived_at: str,
        *,
        by: str = "system",
        made_by: str = "self",
        representative: bytes | None = None,
        facts: Sequence[NewCaseFact] = (),
    ) -> str:
        """Keep a message verbatim, encrypted (R01, R02), with what else it holds; returns the case id."""

    def open_request(
        self,
        case: str,
        right: Right,
        received_at: str,
        zone: str,
        language: str,
        formats: Sequence[str],
        destination: str,
        keys: Sequence[Key],
        casefold: Collection[str] = (),
        limits: Mapping[str, Any] | None = None,
        *,
        by: str = "system",
        verified_by: str | None = None,
    ) -> Request:
        """Open a request of a case, with its keys encrypted."""

    def change_options(
        self,
        request_id: str,
        *,
        formats: Sequence[str] | None = None,
        language: str | None = None,
        destination: str | None = None,
        by: str = "system",
    ) -> Request:
        """Change how the answer is to be given, before a plan is frozen; recorded as an event."""

    def decide(
        self,
        request_id: str,
        kind: str,
        choice: str,
        by: str,
        *,
        about: str | None = None,
        detail: Mapping[str, Any] | None = None,
        text: str | None = None,
        held: Mapping[str, str] | None = None,
    ) -> DecisionRow:
        """Record a decision; a text is encrypted and the trail holds its HMAC.

        `held`: the role in which it was taken, and what says that they hold it.

        Raises:
            TooLateError: the request is closed.
        """

    def request(self, request_id: str) -> Request:
        """The request.

        Raises:
            UnknownRequestError: no such id, or it has no id's shape.
        """

    def requests(
        self, *, open_only: bool = False, state: State | None = None, case: str | None = None
    ) -> list[Request]:
        """Requests in the order in which they were received."""

    def made_by(self, request_id: str) -> str:
        """Who made it for the person: `self`, `parent`, `guardian` or `proxy` (R15-R17)."""

    def case_facts(self, case_id: str | None = None) -> tuple[CaseFactRow, ...]:
        """What happened to a case as a whole, or to all of them."""

    def record_case_facts(
        self,
        case_id: str,
        make: Callable[[tuple[CaseFactRow, ...]], Sequence[NewCaseFact]],
        by: str,
    ) -> tuple[CaseFactRow, ...]:
        """Append what `make` gives for the case as it is then, with its events; what it raises passes."""

    def wrote(self, request_id: str) -> tuple[str, ...]:
        """What the person wrote about it, as far as it is readable; only to be compared with."""

    def identity(self, request_id: str) -> tuple[Key, ...]:
        """The identity keys given at intake, decrypted."""

    def decisions(self, request_id: str) -> tuple[DecisionRow, ...]:
        """All decisions of the request, oldest first."""

    def move(self, request_id: str, to: State, *events: NewEvent) -> Request:
        """Change the state and append the events, in one transaction (compare-and-swap)."""

    def ask(
        self,
        request_id: str,
        kind: str,
        *,
        options: Sequence[str],
        detail: Mapping[str, Any],
        role: str = "officer",
        about: str | None = None,
        form: Mapping[str, Any] | None = None,
        overtakes: Collection[str] = (),
    ) -> QuestionRow:
        """Ask a person and move to `needs_person`; asking the same again changes nothing.

        `overtakes`: kinds of which the other open questions of the request are closed.
        """

    def question(self, question_id: str) -> QuestionRow:
        """One question.

        Raises:
            UnknownQuestionError: no such id.
        """

    def questions(self, *, open_only: bool = True, request_id: str | None = None) -> tuple[QuestionRow, ...]:
        """Questions, oldest first; open ones have no answer and stand on an open request."""

    def answer(
        self,
        question_id: str,
        choice: str,
        by: str,
        detail: Mapping[str, Any] | None = None,
        text: str | None = None,
        *,
        held: Mapping[str, str] | None = None,
        rules: Sequence[str] = (),
        facts: Make | None = None,
        pair: tuple[str, Pair, Collection[str]] | None = None,
        files: Sequence[NewFile] = (),
    ) -> DecisionRow:
        """Answer a question: a decision of its kind about what it asked, with what follows from it.

        Args:
            question_id: the question.
            choice: one of its options.
            by: who answers.
            detail: codes only.
            text: free text; kept encrypted.
            held: the role in which they answer.
            rules: ids of rules to record.
            facts: facts to append.
            pair: likewise for another request too.
            files: kept encrypted, in the same transaction; the decision's detail says which.

        Raises:
            TooLateError: answered already, or the request is closed.
        """

    def decision_text(self, request_id: str, text_id: str) -> str | None:
        """The words of a decision; None once their key was destroyed."""

    def step(self, request_id: str, name: str, inputs: str, part: str = "") -> dict[str, Any] | None:
        """Result of a finished step with these inputs (a digest), or None."""

    def latest_step(self, request_id: str, name: str) -> dict[str, Any] | None:
        """Result of the step that finished last under this name, whatever its inputs, or None."""

    def finish_step(
        self,
        request_id: str,
        name: str,
        inputs: str,
        result: Mapping[str, Any],
        *events: NewEvent,
        part: str = "",
    ) -> dict[str, Any]:
        """Record a step's result and its events once; a second finish returns the first result."""

    def record_delivery(
        self, request_id: str, destination: str, receipt: Receipt, *, kind: str = "full"
    ) -> Any:
        """Record a hand-over and its event `bundle_delivered`; the same receipt again changes nothing.

        `kind`: `full`, `partial` or `supplement`.
        """

    def fingerprint(self, request_id: str, data: bytes) -> str:
        """HMAC-SHA256 of data under the request's own key, hex: safe for the trail, void once shredded."""

    def save_plan(self, plan: Plan) -> str:
        """Keep a plan, encrypted under the request's key; returns its digest."""

    def plan(self, request_id: str, digest: str) -> Plan:
        """A plan by digest."""

    def add_text(self, owner: str, kind: str, content: bytes, by: str) -> str:
        """Add a text to the file of a case or request, encrypted; returns its id."""

    def add_document(
        self,
        owner: str,
        parts: Iterable[bytes],
        by: str,
        *,
        name: str,
        media_type: str,
        detail: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a document likewise, in parts; where `parts` raises, nothing is kept."""

    def document(self, request_id: str, text_id: str) -> StoredDocument | None:
        """A document of a request, for the steps that pass it on; None once its key was destroyed.

        Raises:
            RefusedError: the request has no such document.
        """

    def begin_run(self, request_id: str, run_id: str, patience: timedelta, *, by: str = "system") -> Run:
        """Begin a run; the run that goes: this one, or the one in its way, and then nothing began.

        Another run that gave no sign of life for as long as `patience` is ended as `lost`.
        """

    def see_run(self, request_id: str, run_id: str, patience: timedelta) -> Run | None:
        """A run at the beginning of a step; the run that goes, None where this one never began."""

    def keep_run(self, request_id: str, run_id: str) -> None:
        """A sign of life of a run in the middle of a long step."""

    def end_run(self, request_id: str, run_id: str, outcome: str, *, seen_at: str | None = None) -> bool:
        """End a run that goes; whether it went. `seen_at`: only where that is its last sign of life."""

    def runs(self, *, request_id: str | None = None, going: bool = False) -> tuple[Run, ...]:
        """Runs of one request or of all, oldest first; `going`: only those that have not ended."""

    def request_of_run(self, run_id: str) -> str | None:
        """The request that a run began for, or None."""

    def standings(self, also: Collection[str] = ()) -> tuple[Standing, ...]:
        """Where every open request stands, and every other one that is named, known or not."""

    def note_found(self, findings: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Record what a sweep found (request id, payload), each once; how many were new."""

    def while_no_run_goes(self, request_id: str, act: Callable[[Standing], NewEvent | None]) -> bool:
        """Act on a request while no run of it goes or can begin; whether something was done."""

    def events(self, request_id: str | None = None) -> list[tuple[Header, dict[str, Any] | None]]:
        """Headers with their payloads (None: erased), in order."""

    def head(self) -> tuple[int, str]:
        """Sequence number and digest of the trail's last event; (0, 64 zeros) for an empty trail."""
