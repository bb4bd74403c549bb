"""Port of the register: requests, decisions, questions, finished steps and the trail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from afschrift.core.event import Header, NewEvent
from afschrift.core.keys import Key
from afschrift.core.manifest import Plan
from afschrift.core.ports.files import Receipt
from afschrift.core.request import Request
from afschrift.core.right import Right
from afschrift.core.state import State


@dataclass(frozen=True)
class DecisionRow:
    """A decision that a person (or an authenticated channel) took, as the register holds it.

    Attributes:
        kind: `identity`, or the kind of the question that it answers.
        choice: the code chosen.
        by: who, as Airflow or the intake channel names them.
        about: digest that was decided on, or None where nothing was bound.
        detail: codes only, for example the log-in method and level.
    """

    kind: str
    choice: str
    by: str
    at: str
    about: str | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class QuestionRow:
    """A question that a run ended at."""

    id: str
    request: str
    kind: str
    role: str
    options: tuple[str, ...]
    detail: dict[str, Any]
    about: str | None
    asked_at: str
    answered_at: str | None


class Register(Protocol):
    """The ledger as the pipeline sees it. Every method is one transaction."""

    def open_case(
        self, text: bytes, channel: str, received_at: str, arrived_at: str, *, by: str = "system"
    ) -> str:
        """Keep a message verbatim, encrypted (R01, R02); returns the case id."""

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
    ) -> Any:
        """Record a decision; a text is encrypted and the trail holds its HMAC."""

    def request(self, request_id: str) -> Request:
        """The request.

        Raises:
            UnknownRequestError: no such id, or it has no id's shape.
        """

    def identity(self, request_id: str) -> tuple[Key, ...]:
        """The identity keys given at intake, decrypted."""

    def decisions(self, request_id: str) -> tuple[DecisionRow, ...]:
        """All decisions of the request, oldest first."""

    def move(self, request_id: str, to: State, *events: NewEvent) -> Request:
        """Change the state and append the events, in one transaction (compare-and-swap)."""

    def record(self, request_id: str | None, *events: NewEvent) -> None:
        """Append events alone."""

    def ask(
        self,
        request_id: str,
        kind: str,
        *,
        options: Sequence[str],
        detail: Mapping[str, Any],
        role: str = "officer",
        about: str | None = None,
    ) -> QuestionRow:
        """Ask a person and move to `needs_person`; asking the same again changes nothing."""

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

    def record_delivery(self, request_id: str, destination: str, receipt: Receipt) -> Any:
        """Record a hand-over and its event `bundle_delivered`; the same receipt again changes nothing."""

    def fingerprint(self, request_id: str, data: bytes) -> str:
        """HMAC-SHA256 of data under the request's own key, hex: safe for the trail, void once shredded."""

    def save_plan(self, plan: Plan) -> str:
        """Keep a plan, encrypted under the request's key; returns its digest."""

    def plan(self, request_id: str, digest: str) -> Plan:
        """A plan by digest."""

    def events(self, request_id: str | None = None) -> list[tuple[Header, dict[str, Any] | None]]:
        """Headers with their payloads (None: erased), in order."""

    def head(self) -> tuple[int, str]:
        """Sequence number and digest of the trail's last event; (0, 64 zeros) for an empty trail."""
