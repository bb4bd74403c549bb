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


@dataclass
class Written:
    """What one transaction has written so far, until its events get their codes at its end.

    Attributes:
        events: header, salt, and the case that it belongs to where it concerns no request.
        rows: the rows that must be told.
        requests: rows of requests that were read and not changed since, by their id.
    """

    events: list[tuple[Header, str, str | None]] = field(default_factory=list)
    rows: dict[RowPlace, Change] = field(default_factory=dict)
    requests: dict[str, Any] = field(default_factory=dict)


def written(tx: Connection) -> Written:
    """What the transaction has written so far; it must be one of `Database.write`."""
    found: Written = tx.info[WRITTEN]
    return found
