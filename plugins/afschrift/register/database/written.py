"""What a transaction has written so far: its events, and the rows that they must attest.

After the commit a listener gets the events. Registers are opened in many places, so the listener belongs to
the thread (`listening`) and not to a register.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from afschrift.domain.event import Header

WRITTEN = "afschrift_written"


class RowPlace(NamedTuple):
    """Where a row is.

    Attributes:
        table: its name.
        row: its primary key as text.
        request: the request that it belongs to; None: the case as a whole.
        case: its case, where the row itself names it; else that of the request.
    """

    table: str
    row: str
    request: str | None
    case: str | None


Change = dict[str, tuple[Any, Any]]
"""Column -> value before and after; `ABSENT` where the row did not exist, or no longer exists."""


class _Absent:
    """The value of a row that does not exist; None would be NULL."""


ABSENT = _Absent()


@dataclass(frozen=True)
class Appended:
    """An event that is not in the chain yet.

    Attributes:
        payload: canonical JSON; `payload_sha256` is its digest with the salt.
        case: that it belongs to, where it concerns no request.
    """

    at: str
    request: str | None
    type: str
    actor: str
    payload: str
    salt: str
    payload_sha256: str
    case: str | None


@dataclass
class Written:
    """What a transaction has written so far, until its events get their codes before the commit.

    Attributes:
        appended: events that are not in the chain yet.
        events: those that are: header, salt, and the case where it concerns no request.
        newest: the last event in the chain that this transaction wrote.
        rows: the rows that must be attested.
        known: current rows of requests, by table and request (`attested_rows`).
    """

    appended: list[Appended] = field(default_factory=list)
    events: list[tuple[Header, str, str | None]] = field(default_factory=list)
    newest: Header | None = None
    rows: dict[RowPlace, Change] = field(default_factory=dict)
    known: dict[tuple[str, str], Any] = field(default_factory=dict)


def written(tx: Connection) -> Written:
    """What the transaction has written so far; it must be one of `Database.write`."""
    found: Written = tx.info[WRITTEN]
    return found


def written_if_any(tx: Connection) -> Written | None:
    """As `written`; None for a transaction that only reads."""
    return tx.info.get(WRITTEN) if tx.get_execution_options().get("afschrift_write") else None


Listener = Callable[[Header, dict[str, Any]], None]
"""Gets header and payload, as a later reader of the trail does."""

_APPENDED = "afschrift_appended"
_listener: ContextVar[Listener | None] = ContextVar("afschrift_followed", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Pass each event that this thread appends to any register to `listener`, after its commit."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def keep_for_listener(connection: Connection, appended: Iterable[tuple[Header, str]]) -> None:
    """Keep headers and payloads (canonical JSON) for the listener until the transaction is committed."""
    if _listener.get() is not None:
        options = connection.get_execution_options()
        kept = options.get(_APPENDED, ())
        connection.execution_options(**{_APPENDED: (*kept, *appended)})


def notify_listener(connection: Connection) -> None:
    """Pass the events of a committed transaction to the listener, in order."""
    listener = _listener.get()
    if listener is not None:
        for header, payload in connection.get_execution_options().get(_APPENDED, ()):
            listener(header, json.loads(payload))
