"""Where free text may hold data of others: a place for a reviewer to look at, never a decision.

No value stands here: a pointer names a row, a column and a span of its text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

MOST_POINTERS = 1_000
"""Pointers kept of one table; the counts are of all."""


class PointerKind(StrEnum):
    """What a span looks like."""

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    BSN = "bsn"
    NAME = "name"


@dataclass(frozen=True, order=True)
class Pointer:
    """A span of one value that looks like data of someone else.

    Attributes:
        row: number of the row in the table's files, from 1 and over all parts.
        column: its name.
        start, end: code points of the value's text, half-open.
        kind: a `PointerKind`.
    """

    row: int
    column: str
    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class TablePointers:
    """What was pointed out in one table.

    Attributes:
        pointers: the first ones, in the order of rows, columns and spans; at most `MOST_POINTERS`.
        counts: kind -> number of all of them, kept or not.
        unread: tables of people (`source.table`) whose names were not looked for: too many, or out of reach.
        in_files: how many of `counts` stand in which text of which file: the number of its row, a colon and
            the position in the file (`ActivePart.position`), such as `3:attachment.2`.
    """

    pointers: tuple[Pointer, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    in_files: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Number of all pointers."""
        return sum(self.counts.values())
