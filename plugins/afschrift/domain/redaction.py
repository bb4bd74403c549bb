"""Places in free text that hold data of others: pointers of the finder, and redactions. Never a value.

A pointer marks a place for a reviewer and decides nothing. A redaction masks a cell, or a span of its text. A
reviewer enters a line with table, row, column, span and ground. It is resolved against the staged rows to a
reference that is valid after another reading: the row's key, and an HMAC of the text that was reviewed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from urllib.parse import quote, unquote

MASK = "[masked]"
A_MASK = rf"{re.escape(MASK[:-1])}(?: [0-9a-f]{{8}})?{re.escape(MASK[-1])}"
"""Pattern of a mask, with the token of its value or without; the same in Python and in Polars."""
SHAPE = "source.table ROW COLUMN [FROM:TO] GROUND"
MOST_LINES = 2_000
LOST = "redaction_lost"
"""Kind of the question where a text was changed since it was reviewed."""

GIVEN_FILES = "files"
"""What a line names after a system that people search: `mail.files #3 attachment.1/text.1 10:25 GROUND`."""
WHOLE, NAME = "file", "name"
"""Columns of such a line: the file as a whole, which may be one text; what it is called. Others are parts."""

_JOINERS = "\u200d\u034f"
Span = tuple[int, int]
Mac = Callable[[bytes], str]
"""HMAC under the request's key."""


@dataclass(frozen=True)
class RedactionLine:
    """A line as a reviewer wrote it. It names a row by its number in the file, or by its key.

    Attributes:
        number: of the line, from 1.
        table: `source.table`.
        row: number of the row in the table's files, from 1; None where `key` names it.
        span: code points of the value's text, half-open; None: the whole cell.
    """

    number: int
    table: str
    column: str
    ground: str
    row: int | None = None
    key: dict[str, str] = field(default_factory=dict)
    span: Span | None = None

    @property
    def text(self) -> str:
        """The line as text."""
        where = f"#{self.row}" if self.row is not None else as_key(self.key)
        span = (f"{self.span[0]}:{self.span[1]}",) if self.span else ()
        return " ".join((self.table, where, quote(self.column), *span, self.ground))


@dataclass(frozen=True)
class Redaction:
    """A cell or span to mask, resolved. Store it encrypted only: key and HMAC are about the person.

    Attributes:
        id: of the question and the line that it comes from.
        table: `source.table`.
        rules: of its ground.
        key: key column -> value form; empty: `number` and `row` name the row.
        number: of the row in the table's files, when it was resolved.
        row: HMAC of the row's value forms, where there is no key.
        cell: HMAC of the cell's whole text before any redaction.
        start, end: code points of that text, half-open; None: the whole cell.
    """

    id: str
    table: str
    column: str
    ground: str
    rules: tuple[str, ...]
    number: int
    cell: str
    key: dict[str, str] = field(default_factory=dict)
    row: str = ""
    start: int | None = None
    end: int | None = None

    @property
    def method(self) -> str:
        """`cell` or `span`."""
        return "cell" if self.span is None else "span"

    @property
    def span(self) -> Span | None:
        """None: the whole cell."""
        return None if self.start is None or self.end is None else (self.start, self.end)

    @property
    def cell_id(self) -> tuple[object, ...]:
        """The same for all redactions of a cell."""
        return (self.table, self.column, *(sorted(self.key.items()) if self.key else (self.number,)))


class LineError(ValueError):
    """What is wrong with a line; never its content."""


def as_key(key: dict[str, str]) -> str:
    """A row's key as a line names it; separators and unprintable characters are percent-encoded."""
    return ",".join(f"{quote(name)}={quote(value, safe=':@+')}" for name, value in key.items())


def parse(number: int, text: str) -> RedactionLine:
    """Read one line.

    Raises:
        LineError: it has another shape.
    """
    tokens = text.split()
    if len(tokens) not in (4, 5):
        raise LineError(f"a line is {SHAPE}")
    table, where, column, ground = tokens[0], tokens[1], unquote(tokens[2]), tokens[-1]
    span = _span(tokens[3]) if len(tokens) == 5 else None
    if "." not in table:
        raise LineError("the table is named as source.table")
    if where.startswith("#"):
        if not (where[1:].isascii() and where[1:].isdecimal()) or len(where) > 13 or int(where[1:]) < 1:
            raise LineError("a row is #NUMBER, from 1, or key=value")
        return RedactionLine(number, table, column, ground, row=int(where[1:]), span=span)
    parts = [part.partition("=") for part in where.split(",")]
    key = {unquote(name): unquote(value) for name, _, value in parts}
    if not all(name and equals for name, equals, _ in parts) or len(key) < len(parts):
        raise LineError("a row is #NUMBER, from 1, or key=value, with a comma between several")
    return RedactionLine(number, table, column, ground, key=key, span=span)


def _span(text: str) -> Span:
    start, colon, end = text.partition(":")
    if not colon or not all(at.isascii() and at.isdecimal() and len(at) < 12 for at in (start, end)):
        raise LineError("a span is FROM:TO, two numbers of characters from 0")
    if int(start) >= int(end):
        raise LineError("a span ends after it begins")
    return int(start), int(end)


def check_span(text: str, span: Span) -> None:
    """Check a span against its text.

    Raises:
        LineError: it is outside the text, or separates a character from its combining marks.
    """
    if span[1] > len(text):
        raise LineError(f"the span ends outside of the text, which has {len(text)} characters")
    if any(0 < at < len(text) and _holds_together(text[at - 1], text[at]) for at in span):
        raise LineError("the span cuts a character from a mark that belongs to it: take both")


def _holds_together(left: str, right: str) -> bool:
    return unicodedata.category(right)[0] == "M" or right in _JOINERS or left in _JOINERS


def mask(text: str, spans: Iterable[Span | None]) -> str:
    """The text with its spans masked; None among them masks the whole."""
    kept, at = [], 0
    for span in sorted((0, len(text)) if span is None else span for span in spans):
        kept.append(text[at : span[0]])
        at = span[1]
    return MASK.join([*kept, text[at:]])


def before_masking(span: Span, masked: Sequence[Span]) -> Span:
    """Convert a span of a text with masks to a span of the text before masking.

    Raises:
        LineError: it begins or ends within a mask, or covers nothing else.
    """
    start, end = (_before(at, sorted(masked)) for at in span)
    if all(any(s <= at < e for s, e in masked) for at in range(start, end)):
        raise LineError("this is masked already")
    return start, end


def _before(at: int, masked: Sequence[Span]) -> int:
    shift = 0
    for start, end in masked:
        shown = start - shift
        if at <= shown:
            break
        if at < shown + len(MASK):
            raise LineError("the span begins or ends inside of what is masked already")
        shift += end - start - len(MASK)
    return at + shift


def overlapping(spans: Sequence[tuple[Span | None, int]]) -> tuple[int, int] | None:
    """Numbers of two lines whose redactions of the same cell overlap; None: there are none."""
    ends = sorted(((0, 1 << 60) if span is None else span, line) for span, line in spans)
    for (earlier, first), (later, second) in pairwise(ends):
        if later[0] < earlier[1]:
            return min(first, second), max(first, second)
    return None


def together(earlier: Iterable[Redaction], later: Iterable[Redaction]) -> tuple[Redaction, ...]:
    """All redactions; a later one replaces earlier ones that it covers."""
    found = list(earlier)
    for new in later:
        found = [known for known in found if not (known.cell_id == new.cell_id and _covers(new, known))]
        found.append(new)
    return tuple(found)


def _covers(new: Redaction, known: Redaction) -> bool:
    if new.span is None or known.span is None:
        return new.span is None
    return new.span[0] <= known.span[0] and known.span[1] <= new.span[1]


def row_bytes(values: Iterable[str | None]) -> bytes:
    """A row's value forms as bytes for its HMAC."""
    return json.dumps(list(values), ensure_ascii=False).encode("utf-8", "surrogatepass")


NO_TEXT = "no_text"
"""Kind of a pointer to a part of a file in which nothing can be looked for: a person looks at it."""

MOST_POINTERS = 1_000
"""Most pointers kept of a table; the counts are of all."""


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
        kind: a `PointerKind`, or `NO_TEXT`.
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
        unread: tables of people (`source.table`) whose names were not searched for: too many, or unreachable.
        in_files: place -> how many of `counts` are there; a place is the number of the row, a colon and the
            position in the file (`ActivePart.position`), such as `3:attachment.2`.
    """

    pointers: tuple[Pointer, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    in_files: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Number of all pointers."""
        return sum(self.counts.values())
