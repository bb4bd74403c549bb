"""What one transaction has written so far: its events, and the rows that they must tell of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from afschrift.domain.event import Header

WRITTEN = "afschrift_written"


@dataclass(frozen=True)
class RowPlace:
    """One row.

    Attributes:
        table: name.
        row: its primary key as text.
        request: the request that it belongs to; None: the case as a whole.
        case: its case, where the row itself names it; else that of the request.
    """

    table: str
    row: str
    request: str | None
    case: str | None


Change = dict[str, tuple[Any, Any]]
"""Column -> value before and after; a row that was not there, or is not any more, has no value there."""


class _Absent:
    """No row, so no value; None would be a value."""


ABSENT = _Absent()


@dataclass(frozen=True)
class Appended:
    """An event that waits for its place in the chain.

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
    """What one transaction has written so far, until its events get their codes at its end.

    Attributes:
        appended: events that are not in the chain yet.
        events: those that are: header, salt, and the case where it concerns no request.
        newest: the last event in the chain that this transaction wrote.
        rows: the rows that must be told.
        known: rows of requests as they are now, by table and request (`told_rows`).
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
