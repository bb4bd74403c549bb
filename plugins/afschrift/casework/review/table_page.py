"""One table of a review on pages: its rows with their places in the text, those with places first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice

from afschrift.casework.officer import Officer
from afschrift.casework.review.draft import JudgedTable, read_draft
from afschrift.casework.review.look import Look, begin
from afschrift.casework.review.view import ReviewColumn, column
from afschrift.domain.extracted import FileEntry, SourceExtract, TableExtract
from afschrift.domain.language import gettext, served_language
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.redaction import GIVEN_FILES, NO_TEXT, WHOLE, RedactionLine, Span, TablePointers, parse
from afschrift.extraction.manual_files import given_texts
from afschrift.extraction.staged_records import pointers_path, staged_pointers, staged_record
from afschrift.extraction.staged_rows import Row, StagedTable
from afschrift.formats.registry import FORMATS
from afschrift.inventory.base import Text
from afschrift.inventory.table import Table

ROWS_A_PAGE = 50
AROUND = 200
"""Characters shown before and after a place; longer texts between places are cut."""

MATTER = 6
"""Columns that a list of rows shows at once."""


@dataclass(frozen=True)
class Place:
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
class Cell:
    """A text with places."""

    column: str
    title: str
    places: tuple[Place, ...]
    after: str = field(repr=False)


@dataclass(frozen=True)
class ReviewFile:
    """A file of a row, or that a person found; `runs`: something in it may run, or it could not be read."""

    number: int
    column: str
    line: str
    media_type: str
    entry: FileEntry
    runs: bool
    name: str = field(repr=False)


@dataclass(frozen=True)
class ReviewCard:
    """A row with places or files; `rest`: its other columns by their titles."""

    number: int
    label: str = field(repr=False)
    cells: tuple[Cell, ...]
    files: tuple[ReviewFile, ...]
    rest: tuple[tuple[str, str | None], ...] = field(repr=False)


@dataclass(frozen=True)
class TablePage:
    """A page of a table.

    Attributes:
        look: in which it is shown.
        name: `source.table`.
        path: how it leads to the person.
        rows: in the files; None: nothing is staged of it any more.
        columns: with their decisions.
        titles: column -> what it is called.
        heads: columns of the rows without places, what matters first.
        cards: rows with places or files.
        others: number and label of a row without either -> its cells.
        first, last: positions of the rows of this page, from 1; those with places come first.
        places: how many there are in the whole table.
        judged: what officers kept of it.
    """

    look: Look
    name: str
    title: str
    path: str
    rows: int | None
    columns: tuple[ReviewColumn, ...]
    titles: Mapping[str, str]
    heads: tuple[str, ...]
    cards: tuple[ReviewCard, ...] = field(repr=False)
    others: Mapping[tuple[int, str], Row] = field(repr=False)
    first: int
    last: int
    places: int
    judged: JudgedTable = field(repr=False)


Marks = dict[int, dict[str, dict[str, tuple[Span | None, str]]]]
"""Number of a row -> column -> line without its ground -> span and kind."""


@dataclass(frozen=True)
class ReadTable:
    """What is staged of a table, or of the files of a system that people searched.

    Attributes:
        part: of the plan; None: files that people found.
    """

    look: Look
    name: str
    part: ExtractPlan | None
    record: SourceExtract | None

    @cached_property
    def written(self) -> TableExtract | None:
        """Its rows as written."""
        found = [
            t for t in (self.record.tables if self.record else ()) if self.part and t.table == self.part.table
        ]
        return found[0] if found else None

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

    def numbered(self, numbers: Collection[int]) -> dict[int, Row]:
        """Rows by their numbers; a found file as its parts."""
        if self.part is None:
            given = self.record.given if self.record else ()
            return {f.number: given_texts(self.look.staging, f) for f in given if f.number in numbers}
        return self.staged.numbered(numbers) if self.staged and numbers else {}

    def files(self) -> Iterator[ReviewFile]:
        """The files of its rows, or those that people found."""
        for file in self.record.given if self.part is None and self.record else ():
            line = line_of(self.name, file.number, WHOLE, None)
            yield ReviewFile(
                file.number, WHOLE, line, file.media_type, file.entry, bool(file.active), file.name
            )
        for up in self.written.uploads if self.written else ():
            line = line_of(self.name, up.row, up.column, None)
            yield ReviewFile(
                up.row, up.column, line, up.media_type, up.entry, bool(up.active), up.name or up.column
            )

    def pointers(self) -> TablePointers:
        """What the finder pointed out."""
        source, _, name = self.name.partition(".")
        if self.record is None or not self.look.staging.exists(pointers_path(source)):
            return TablePointers()
        return staged_pointers(self.look.staging, source).get(name, TablePointers())

    def title_of(self, name: str) -> str:
        """What a column is called."""
        known = self.described.columns.get(name) if self.described else None
        return in_language(known.title if known else None) or name

    def label(self, row: Row) -> str:
        """What a row is called: by the columns that name it in words, else by its key."""
        if self.part is None:
            return ""
        assert self.described is not None
        named = [row[name] or "" for name in self.described.label if row.get(name)]
        keys = [f"{self.title_of(name)} {row[name]}" for name in self.described.key if row.get(name)]
        return (" ".join(named) or ", ".join(keys))[:100]


def in_language(text: Text | None) -> str:
    """A text of the data map in the language that is served."""
    return text.get(served_language()) if text else ""


def line_of(table: str, number: int, column: str, span: Span | None) -> str:
    """A line without its ground."""
    return RedactionLine(1, table, column, "x", number, span=span).text.removesuffix(" x")


def read_table(look: Look, table: str) -> ReadTable:
    """What is staged of a table of the plan."""
    part = next((part for part in look.plan.extracts if part.name == table), None)
    source = part.source if part else table.removesuffix(f".{GIVEN_FILES}")
    return ReadTable(look, table, part, staged_record(look.staging, source))


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
    read = read_table(look, table)
    judged = read_draft(look).get(table, JudgedTable())
    pointers, files = read.pointers(), list(read.files())
    marks = _marks(table, pointers, judged, ticked)
    total = read.rows or 0
    ahead = sorted(marks.keys() | {file.number for file in files})
    first = max(1, min(first, total))
    order = chain(ahead, (n for n in range(1, total + 1) if n not in set(ahead)))
    numbers = [*islice(order, first - 1, first - 1 + ROWS_A_PAGE)]
    rows = read.numbered(numbers) if look.values else {}
    shown = {number: rows.get(number, {}) for number in numbers}
    cards = tuple(
        _card(read, n, row, marks.get(n, {}), [file for file in files if file.number == n])
        for n, row in shown.items()
        if n in marks or any(file.number == n for file in files)
    )
    with_cards = {card.number for card in cards}
    others = {(n, read.label(row)): row for n, row in rows.items() if n not in with_cards}
    part = read.part
    masked = read.written.masked if read.written else {}
    redacted = [redaction.column for redaction in part.redactions] if part else []
    columns = tuple(
        column(f, masked.get(f.name, 0), redacted.count(f.name)) for f in (part.fields if part else ())
    )
    marked = {name for of in marks.values() for name in of}
    return TablePage(
        look,
        table,
        in_language(read.described.title if read.described else None),
        part.path if part else "",
        read.rows,
        columns,
        {c.name: read.title_of(c.name) for c in columns},
        _heads(read, columns, marked),
        cards,
        others,
        first if total else 0,
        first + len(numbers) - 1 if total else 0,
        pointers.total,
        judged,
    )


def _heads(read: ReadTable, columns: Sequence[ReviewColumn], marked: Collection[str]) -> tuple[str, ...]:
    named = {*read.described.label, *read.described.key} if read.described else set()
    given = [c for c in columns if c.kind is not None and c.action in ("include", "mask")]
    given.sort(key=lambda c: (c.name not in marked, c.name not in named, not c.redacted, not c.masked))
    return tuple(c.name for c in given)


def _marks(table: str, pointers: TablePointers, judged: JudgedTable, ticked: Collection[str]) -> Marks:
    found: Marks = {}
    for pointer in pointers.pointers:
        span = (pointer.start, pointer.end) if pointer.end else None
        line = line_of(table, pointer.row, pointer.column, span)
        found.setdefault(pointer.row, {}).setdefault(pointer.column, {})[line] = span, pointer.kind
    for line in judged.places:
        known = parse(1, f"{line} x")
        if known.column != WHOLE:
            cell = found.setdefault(known.row or 0, {}).setdefault(known.column, {})
            cell.setdefault(line, (known.span, ""))
    for line in judged.masked:  # what an officer named takes the place of what was pointed out in it
        known = parse(1, f"{line} x")
        cell = found.get(known.row or 0, {}).get(known.column, {})
        for other, (span, _) in [*cell.items()]:
            if other not in {*judged.masked, *ticked} and overlap(span, known.span):
                del cell[other]
    return found


def overlap(span: Span | None, other: Span | None) -> bool:
    """Whether two spans of a text have something in common; None: the whole text."""
    return span is None or other is None or (span[0] < other[1] and other[0] < span[1])


def _card(
    read: ReadTable,
    number: int,
    row: Row,
    marks: Mapping[str, Mapping[str, tuple[Span | None, str]]],
    files: Sequence[ReviewFile],
) -> ReviewCard:
    cells = tuple(_cell(read, name, row.get(name), places) for name, places in marks.items())
    rest = [(read.title_of(name), value) for name, value in row.items() if name not in marks]
    return ReviewCard(number, read.label(row), cells, tuple(files), tuple(rest) if read.part else ())


def _cell(read: ReadTable, name: str, text: str | None, marks: Mapping[str, tuple[Span | None, str]]) -> Cell:
    places, at = list[Place](), 0
    for line, (span, kind) in sorted(marks.items(), key=lambda mark: mark[1][0] or (0, 0)):
        if text is None:  # not for this account, or a part without a text
            words = gettext("characters {start} to {end}", start=span[0], end=span[1]) if span else name
            places.append(Place(line, kind or NO_TEXT, "", words))
            continue
        start, end = span or (0, len(text))
        places.append(Place(line, kind, _cut(text[at:start], ends=bool(places)), text[start:end]))
        at = max(at, end)
    after = (text or "")[at:]
    return Cell(name, read.title_of(name), tuple(places), after[:AROUND] + "…" * (len(after) > AROUND))


def _cut(text: str, *, ends: bool) -> str:
    """The end of a text before a place, with its beginning where that follows another place."""
    if len(text) <= (2 if ends else 1) * AROUND:
        return text
    return (text[:AROUND] if ends else "") + " … " + text[-AROUND:]
