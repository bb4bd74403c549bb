"""One table of a review on pages, with the rows first that have places; and a file of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from pathlib import PurePosixPath

from afschrift.casework.officer import Officer
from afschrift.casework.review.look import JudgedTable, ReviewLook, begin, read_draft
from afschrift.casework.review.view import ReviewColumn, column
from afschrift.domain.errors import RefusedError
from afschrift.domain.extracted import GivenFile, SourceExtract, TableExtract, Upload
from afschrift.domain.language import gettext, served_language
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.redaction import GIVEN_FILES, NO_TEXT, WHOLE, RedactionLine, Span, TablePointers, parse
from afschrift.extraction.file_texts import Texts, texts_of
from afschrift.extraction.manual_files import given_texts
from afschrift.extraction.staged_records import pointers_path, staged_pointers, staged_record
from afschrift.extraction.staged_rows import Row, StagedTable
from afschrift.extraction.uploads import open_inflated
from afschrift.formats.registry import FORMATS
from afschrift.inventory.base import Text
from afschrift.inventory.table import Table

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
class ReviewFile:
    """A file of a row, or that a person found.

    Attributes:
        line: that leaves it out, without its ground.
    """

    number: int
    column: str
    line: str
    name: str = field(repr=False)
    of: GivenFile | Upload = field(repr=False)


@dataclass(frozen=True)
class ReviewCard:
    """A row; `rest`: its columns without places."""

    number: int
    label: str = field(repr=False)
    cells: tuple[TableCell, ...]
    files: tuple[ReviewFile, ...]
    rest: Row = field(repr=False)


@dataclass(frozen=True)
class ReadTable:
    """What is staged of a table, or of the files of a system that people searched.

    Attributes:
        name: `source.table`.
        part: of the plan; None: files that people found.
    """

    look: ReviewLook
    name: str
    part: ExtractPlan | None
    record: SourceExtract | None

    @cached_property
    def written(self) -> TableExtract | None:
        """Its rows as written."""
        of = self.record.tables if self.record and self.part else ()
        return next((table for table in of if f"{table.source}.{table.table}" == self.name), None)

    @cached_property
    def described(self) -> Table | None:
        """What the data map says of it."""
        sources = self.look.officer.inventory.sources
        return sources[self.part.source].tables[self.part.table] if self.part else None

    @cached_property
    def staged(self) -> StagedTable | None:
        """Reads its rows."""
        if self.part is None or self.written is None:
            return None
        return StagedTable(self.look.staging, self.written, self.part.selected, FORMATS)

    @property
    def rows(self) -> int | None:
        """How many there are; of found files, how many files. None: nothing is staged any more."""
        if self.part is None:
            return len(self.record.given) if self.record else None
        return self.written.rows if self.written else None

    @cached_property
    def columns(self) -> tuple[ReviewColumn, ...]:
        """With their decisions."""
        if self.part is None:
            return ()
        masked = self.written.masked if self.written else {}
        redacted = [redaction.column for redaction in self.part.redactions]
        return tuple(column(f, masked.get(f.name, 0), redacted.count(f.name)) for f in self.part.fields)

    def numbered(self, numbers: Collection[int]) -> dict[int, Row]:
        """Rows by their numbers; a found file as its parts."""
        if self.part is None:
            given = self.record.given if self.record else ()
            return {f.number: given_texts(self.look.staging, f) for f in given if f.number in numbers}
        return self.staged.numbered(numbers) if self.staged and numbers else {}

    def files(self) -> Iterator[ReviewFile]:
        """The files of its rows, or those that people found."""
        for file in self.record.given if self.part is None and self.record else ():
            line = line_of(self.name, file.number, WHOLE)
            yield ReviewFile(file.number, WHOLE, line, file.name, file)
        for up in self.written.uploads if self.written else ():
            line = line_of(self.name, up.row, up.column)
            yield ReviewFile(up.row, up.column, line, up.name or up.column, up)

    def pointers(self) -> TablePointers:
        """What the finder pointed out."""
        source, _, name = self.name.partition(".")
        if self.record is None or not self.look.staging.exists(pointers_path(source)):
            return TablePointers()
        return staged_pointers(self.look.staging, source).get(name, TablePointers())

    def title_of(self, name: str) -> str:
        """What a column is called."""
        if self.part is None:
            return part_words(name)
        known = self.described.columns.get(name) if self.described else None
        return in_language(known.title if known else None) or name

    def label(self, row: Row) -> str:
        """What a row is called: by the columns that name it in words, else by its key."""
        if self.described is None:
            return ""
        named = [row[name] or "" for name in self.described.label if row.get(name)]
        keys = [f"{self.title_of(name)} {row[name]}" for name in self.described.key if row.get(name)]
        return (" ".join(named) or ", ".join(keys))[:100]


def part_words(part: str) -> str:
    """What a part of a file is called, such as `attachment.2/text.1`."""
    words = {
        "head": gettext("headers"),
        "between": gettext("text between the parts"),
        "text": gettext("text"),
        "attachment": gettext("attachment"),
        "name": gettext("name of the file"),
        "file": gettext("the file"),
    }
    steps = (step.partition(".") for step in part.split("/"))
    return ", ".join(f"{words.get(word, word)} {n}".strip() for word, _, n in steps)


def in_language(text: Text | None) -> str:
    """A text of the data map in the language that is served."""
    return text.get(served_language()) if text else ""


def line_of(table: str, number: int, column: str, span: Span | None = None) -> str:
    """A line without its ground."""
    return RedactionLine(1, table, column, "x", number, span=span).text.removesuffix(" x")


def place_of(line: str) -> tuple[int, str, Span | None]:
    """Number of the row, column and span that a line without its ground names."""
    known = parse(1, f"{line} x")
    return known.row or 0, known.column, known.span


def read_table(look: ReviewLook, table: str) -> ReadTable:
    """What is staged of a table of the plan."""
    part = next((part for part in look.plan.extracts if part.name == table), None)
    source = part.source if part else table.removesuffix(f".{GIVEN_FILES}")
    return ReadTable(look, table, part, staged_record(look.staging, source))


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
        As `review_view`.
    """
    look = begin(officer, request_id, table)
    read, judged = read_table(look, table), read_draft(look).get(table, JudgedTable())
    pointers, files = read.pointers(), list(read.files())
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
        As `review_view`; NotAllowedError too where they may not see values.
    """
    look, content = begin(officer, request_id, table, file=f"#{number}"), b""
    found = [f for f in read_table(look, table).files() if (f.number, f.column) == (number, column)]
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
