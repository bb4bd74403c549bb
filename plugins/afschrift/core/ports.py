"""What the pipeline needs from the outside. Adapters implement these; `wiring` puts them together.

Arrow types are written as Any here, so that the core needs no Arrow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, Self

from afschrift.core.event import Header, NewEvent
from afschrift.core.keys import Key
from afschrift.core.kind import Kind
from afschrift.core.manifest import FieldPlan, Plan
from afschrift.core.request import Request
from afschrift.core.right import Right
from afschrift.core.state import State


@dataclass(frozen=True)
class ColumnType:
    """A column as the source's own catalogue names it.

    Attributes:
        native: type in the source's words.
        kind: logical kind of its value forms; None where the software does not know the type.
        expression: SQL that selects it exactly, with `{column}` for the quoted column.
    """

    native: str
    kind: Kind | None
    expression: str


class Dialect(Protocol):
    """How one database spells what the templates need."""

    name: str

    def quote(self, identifier: str) -> str:
        """An identifier of the inventory, quoted."""

    def relation(self, table: str) -> str:
        """What stands after FROM for a table of the inventory (a lake's is a scan of files)."""

    def literal(self, text: str) -> str:
        """A constant of the inventory as a string literal; never a value of a person."""

    def typed_key(self, value: str, native: str) -> str:
        """A bound key's text as a column's type; NULL where it cannot be one."""

    def instant(self, column: str, native: str, zone: str | None) -> str:
        """A column of times as an instant; a time without zone is one of the source's zone."""

    def row_order(self, expressions: Sequence[str]) -> str:
        """ORDER BY expression over all columns, for a table without a key."""


class Source(Protocol):
    """One read-only session on one snapshot of a warehouse. Use as a context manager."""

    name: str
    snapshot: str

    @property
    def dialect(self) -> Dialect:
        """How this database spells things."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Tables and their columns in order, as they are there now."""

    def bind(self, keys: Sequence[Key], at: str) -> None:
        """Replace the session's key table `afschrift_key`.

        Args:
            keys: the person's keys; values are bound, never written into a statement.
            at: instant of the request (RFC 3339).

        The table's columns are `name, value, valid_from, valid_to, is_current, asked_at`;
        `is_current` says whether the key was the person's at the instant of the request.
        """

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result: counts and identity links."""

    def stream(self, statement: str) -> Iterator[Any]:
        """Record batches of a large result, in flat memory."""


class Writer(Protocol):
    """Writes one file from batches of value forms (string columns, null where NULL)."""

    def write(self, batch: Any) -> None:
        """Append a `pyarrow.RecordBatch` of string columns."""

    def close(self) -> dict[str, str]:
        """Finish the file; what a reader must know to read it (`FileEntry.options`)."""


class Format(Protocol):
    """A file format. Adding one is a file and a line in the registry."""

    name: str
    extension: str
    media_type: str

    def writer(self, sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Writer:
        """A writer into a binary sink. `options` may carry choices of an earlier, abandoned attempt."""


class Reader(Protocol):
    """Reads a finished file again, with another library than its writer."""

    def __call__(
        self, stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]
    ) -> Iterator[Any]:
        """Batches of value forms, as the writer got them.

        Raises:
            ValidationFailedError: not well-formed, naming the row where that is known.
        """


@dataclass(frozen=True)
class Receipt:
    """Proof of a hand-over: where it lies (no secret in it), size and digest of what arrived."""

    uri: str
    bytes: int
    sha256: str


class Destination(Protocol):
    """Where a bundle goes."""

    name: str

    def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
        """Write under an opaque name; nothing is visible there until it is whole."""


class Staging(Protocol):
    """Encrypted files of one request between its tasks."""

    def writer(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open for writing; the content is encrypted with the request's data key."""

    def reader(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open for reading, decrypted.

        Raises:
            RetriableError: the file is gone or damaged; says which step makes it again.
        """

    def exists(self, path: str) -> bool:
        """Whether a whole file is staged under this path."""

    def wipe(self, under: str = "") -> None:
        """Destroy what is staged, or what is staged under a folder."""


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

    def save_plan(self, plan: Plan) -> str:
        """Keep a plan, encrypted under the request's key; returns its digest."""

    def plan(self, request_id: str, digest: str) -> Plan:
        """A plan by digest."""

    def events(self, request_id: str | None = None) -> list[tuple[Header, dict[str, Any] | None]]:
        """Headers with their payloads (None: erased), in order."""

    def head(self) -> tuple[int, str]:
        """Sequence number and digest of the trail's last event; (0, 64 zeros) for an empty trail."""


class SourceFactory(Protocol):
    """Opens the sources of the inventory by name."""

    def __call__(self, source: str) -> Source:
        """A session that is not opened yet."""
