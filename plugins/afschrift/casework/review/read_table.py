"""What is staged of the tables of an answer, and of files that people found."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from afschrift.casework.review.look import ReviewLook
from afschrift.casework.review.view import ReviewColumn, ReviewTable, column
from afschrift.domain.extracted import GivenFile, SourceExtract, TableExtract, Upload
from afschrift.domain.language import gettext, served_language
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.redaction import GIVEN_FILES, WHOLE, RedactionLine, Span, TablePointers
from afschrift.extraction.manual_files import given_texts
from afschrift.extraction.staged_records import pointers_path, staged_pointers, staged_record
from afschrift.extraction.staged_rows import Row, StagedTable
from afschrift.formats.registry import FORMATS
from afschrift.inventory.base import Text
from afschrift.inventory.table import Table


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
class ReadTable:
    """What is staged of a table, or of the files of a system that people searched.

    Attributes:
        name: `source.table`.
        part: of the plan; None: files that people found.
        pointers: what the finder pointed out.
    """

    look: ReviewLook
    name: str
    part: ExtractPlan | None
    record: SourceExtract | None
    pointers: TablePointers = field(repr=False)

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


def read_tables(look: ReviewLook, table: str = "") -> Iterator[ReadTable]:
    """What is staged of each table of the plan, or of one alone."""
    given = {system.source for system in look.plan.given}
    for source in dict.fromkeys((*look.plan.sources, *given)):
        parts: dict[str, ExtractPlan | None] = {part.name: part for part in look.plan.of_source(source)}
        parts |= {f"{source}.{GIVEN_FILES}": None} if source in given else {}
        if table and table not in parts:
            continue
        record = staged_record(look.staging, source)
        there = record is not None and look.staging.exists(pointers_path(source))
        found = staged_pointers(look.staging, source) if there else {}
        for name, part in parts.items():
            if table in ("", name) and (part or record):
                pointers = found.get(name.partition(".")[2], TablePointers())
                yield ReadTable(look, name, part, record, pointers)


def counted(read: ReadTable) -> ReviewTable:
    """A table with its columns and counts, without rows."""
    files, path = len(list(read.files())), read.part.path if read.part else ""
    rows = read.rows if read.part else 0  # of found files it is not known without reading them
    return ReviewTable(read.name, rows, path, read.columns, files, read.pointers.counts)
