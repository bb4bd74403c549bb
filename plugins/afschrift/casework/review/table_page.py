"""One table of a review on pages, with the rows first that have places; and a file of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import PurePosixPath

from afschrift.casework.officer import Officer
from afschrift.casework.review.look import JudgedTable, ReviewLook, begin, read_draft
from afschrift.casework.review.read_table import ReadTable, ReviewFile, line_of, read_tables
from afschrift.domain.errors import RefusedError
from afschrift.domain.language import gettext
from afschrift.domain.redaction import NO_TEXT, WHOLE, Span, TablePointers, parse
from afschrift.extraction.file_texts import Texts, texts_of
from afschrift.extraction.staged_rows import Row
from afschrift.extraction.uploads import open_inflated

ROWS_A_PAGE = 50
AROUND = 200
"""Characters shown before and after a place; longer texts between places are cut."""

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SHOWN_BYTES, SHOWN_TEXT = 12_000_000, 200_000
"""Of a longer file its name and kind are shown alone; of a longer text its beginning."""

Marks = dict[str, dict[str, tuple[Span | None, str]]]
"""Column of a row -> line without its ground -> span and kind."""


@dataclass(frozen=True)
class MarkedPlace:
    """A span of a text, or a whole one, that can be masked.

    Attributes:
        line: a line without its ground.
        kind: a `PointerKind` or `NO_TEXT`; empty: an officer named it.
        before: the text since the place before it.
    """

    line: str
    kind: str
    before: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True)
class TableCell:
    """A text with places."""

    column: str
    title: str
    places: tuple[MarkedPlace, ...]
    after: str = field(repr=False)


@dataclass(frozen=True)
class ReviewCard:
    """A row; `rest`: its columns without places."""

    number: int
    label: str = field(repr=False)
    cells: tuple[TableCell, ...]
    files: tuple[ReviewFile, ...]
    rest: Row = field(repr=False)


def place_of(line: str) -> tuple[int, str, Span | None]:
    """Number of the row, column and span that a line without its ground names."""
    known = parse(1, f"{line} x")
    return known.row or 0, known.column, known.span


@dataclass(frozen=True)
class TablePage:
    """A page of a table.

    Attributes:
        heads: columns of the rows without places, what matters first.
        cards: rows with places or files.
        others: the other rows.
        first, last: positions of the rows of this page, from 1; those with places come first.
        places: how many were pointed out in the whole table.
        judged: what officers kept of it.
    """

    read: ReadTable
    heads: tuple[str, ...]
    cards: tuple[ReviewCard, ...] = field(repr=False)
    others: tuple[ReviewCard, ...] = field(repr=False)
    first: int
    last: int
    places: int
    judged: JudgedTable = field(repr=False)


def table_page(
    officer: Officer, request_id: str, table: str, first: int = 1, ticked: Collection[str] = ()
) -> TablePage:
    """Look at a page of a table.

    Args:
        officer: who looks.
        request_id: the request.
        table: `source.table`.
        first: position of its first row, from 1; rows with places come first.
        ticked: places that stay shown, whatever is kept of them.

    Raises:
        As `begin`.
    """
    look = begin(officer, request_id, table)
    read, judged = next(read_tables(look, table)), read_draft(look).get(table, JudgedTable())
    pointers, files = read.pointers, list(read.files())
    marks, total = _marks(table, pointers, judged, ticked), read.rows or 0
    ahead = marks.keys() | {file.number for file in files}
    order = chain(sorted(ahead), (n for n in range(1, total + 1) if n not in ahead))
    first = max(1, min(first, total))
    numbers = [*islice(order, first - 1, first - 1 + ROWS_A_PAGE)]
    rows = read.numbered(numbers) if look.values else {}
    cards = [
        _card(read, n, rows.get(n, {}), marks.get(n, {}), [file for file in files if file.number == n])
        for n in numbers
        if n in rows or n in ahead
    ]
    marked = {name for of in marks.values() for name in of}
    return TablePage(
        read,
        _heads(read, marked),
        tuple(card for card in cards if card.number in ahead),
        tuple(card for card in cards if card.number not in ahead),
        first,
        first + len(numbers) - 1,
        pointers.total,
        judged,
    )


def _heads(read: ReadTable, marked: Collection[str]) -> tuple[str, ...]:
    named = {*read.described.label, *read.described.key} if read.described else set()
    given = [c for c in read.columns if c.action in ("include", "mask")]
    given.sort(key=lambda c: (c.name not in marked, c.name not in named, not c.redacted, not c.masked))
    return tuple(c.name for c in given)


def _marks(
    table: str, pointers: TablePointers, judged: JudgedTable, ticked: Collection[str]
) -> dict[int, Marks]:
    found: dict[int, Marks] = {}
    for pointer in pointers.pointers:
        span = (pointer.start, pointer.end) if pointer.end else None
        line = line_of(table, pointer.row, pointer.column, span)
        if span is None and pointer.column == WHOLE:  # the tick of its file
            continue
        found.setdefault(pointer.row, {}).setdefault(pointer.column, {})[line] = span, pointer.kind
    for line in judged.places:
        row, name, span = place_of(line)
        if name != WHOLE:
            found.setdefault(row, {}).setdefault(name, {}).setdefault(line, (span, ""))
    for line in judged.masked:  # what an officer named takes the place of what was pointed out in it
        row, name, span = place_of(line)
        cell = found.get(row, {}).get(name, {})
        for other, (at, _) in [*cell.items()]:
            if other not in {*judged.masked, *ticked} and overlap(at, span):
                del cell[other]
    return found


def overlap(span: Span | None, other: Span | None) -> bool:
    """Whether two spans of a text have something in common; None: the whole text."""
    return span is None or other is None or (span[0] < other[1] and other[0] < span[1])


def _card(read: ReadTable, number: int, row: Row, marks: Marks, files: list[ReviewFile]) -> ReviewCard:
    cells = tuple(_cell(read, name, row.get(name), places) for name, places in marks.items())
    rest = {name: value for name, value in row.items() if name not in marks and read.part}
    return ReviewCard(number, read.label(row), cells, tuple(files), rest)


def _cell(
    read: ReadTable, name: str, text: str | None, marks: Mapping[str, tuple[Span | None, str]]
) -> TableCell:
    places, at = list[MarkedPlace](), 0
    for line, (span, kind) in sorted(marks.items(), key=lambda mark: mark[1][0] or (0, 0)):
        if text is None:  # not for this account, or a part without a text
            words = gettext("characters {start} to {end}", start=span[0], end=span[1]) if span else name
            places.append(MarkedPlace(line, kind or NO_TEXT, "", words))
            continue
        start, end = span or (0, len(text))
        places.append(MarkedPlace(line, kind, _cut(text[at:start], ends=bool(places)), text[start:end]))
        at = max(at, end)
    after = (text or "")[at:]
    return TableCell(name, read.title_of(name), tuple(places), after[:AROUND] + "…" * (len(after) > AROUND))


def _cut(text: str, *, ends: bool) -> str:
    """The end of a text before a place, with its beginning where that follows another place."""
    if len(text) <= (2 if ends else 1) * AROUND:
        return text
    return (text[:AROUND] if ends else "") + " … " + text[-AROUND:]


@dataclass(frozen=True)
class OpenedFile:
    """A file with what can be shown of it.

    Attributes:
        texts: by the parts that hold them; empty: it has none.
        picture: its bytes; empty: it is none.
        judged: what officers kept of its table.
    """

    look: ReviewLook
    file: ReviewFile
    texts: Texts = field(repr=False)
    picture: bytes = field(repr=False)
    judged: JudgedTable = field(repr=False)


def open_file(officer: Officer, request_id: str, table: str, number: int, column: str) -> OpenedFile:
    """Open a file of a table's row, or one that a person found (its column is `WHOLE`); that is an event.

    Raises:
        RefusedError: there is no such file in the answer.
        As `begin`; NotAllowedError too where they may not see values.
    """
    look, content = begin(officer, request_id, table, file=f"#{number}"), b""
    found = [f for f in next(read_tables(look, table)).files() if (f.number, f.column) == (number, column)]
    if not found:
        raise RefusedError("The answer has no such file.", remedy="open its table again.")
    entry, kind = found[0].of.entry, found[0].of.media_type
    if entry.bytes <= SHOWN_BYTES:
        with look.staging.reader(f"data/{entry.path}") as staged, open_inflated(staged, entry) as stream:
            content = stream.read()
    texts = texts_of(content, PurePosixPath(entry.path).suffix.lstrip("."), kind) if content else {}
    shown: Texts = {part: text[:SHOWN_TEXT] for part, text in texts.items() if text}
    judged = read_draft(look).get(table, JudgedTable())
    return OpenedFile(look, found[0], shown, content if kind in PICTURES else b"", judged)
