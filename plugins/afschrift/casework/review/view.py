"""What will be sent, as a reviewer sees it: plain values, for terminal, pages and HTTP.

That a person looked is an event `bundle_viewed`, recorded before they see anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field

from afschrift.casework.columns.search_ledger import of_events
from afschrift.casework.decision.require_decision import hidden_places
from afschrift.casework.officer import Officer
from afschrift.casework.review.look import ReviewLook, begin
from afschrift.casework.review.refutation import refuted_lines
from afschrift.casework.review.resolve import usable_key
from afschrift.domain.decision import REASONS
from afschrift.domain.errors import RefusedError
from afschrift.domain.extracted import SourceExtract, TableExtract
from afschrift.domain.overview import CELL
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan
from afschrift.domain.redaction import GIVEN_FILES, LineError, RedactionLine, Span, TablePointers, parse
from afschrift.extraction.manual_files import given_texts
from afschrift.extraction.staged_records import pointers_path, staged_pointers, staged_record, staged_samples
from afschrift.extraction.staged_rows import Row, StagedTable
from afschrift.formats.registry import FORMATS
from afschrift.inventory.model import Inventory
from afschrift.questions.view import Section
from afschrift.staging.encrypted import EncryptedStaging


@dataclass(frozen=True)
class ReviewColumn:
    """One column with its decision.

    Attributes:
        kind: of its values in the files; None where it does not leave.
        action: an `Action`.
        reason: code of the decision.
        words: the same in a sentence.
        masked: values that a mask of the whole column hides.
        redacted: cells and spans that a reviewer masked.
    """

    name: str
    kind: str | None
    action: str
    reason: str
    words: str
    rules: tuple[str, ...]
    masked: int = 0
    redacted: int = 0


@dataclass(frozen=True)
class ReviewRow:
    """One row of a table's files.

    Attributes:
        number: in the files, from 1.
        name: how a line names it: `#17` or `ticket_id=12`.
        cells: column -> value form; None for NULL. In an overview long ones are cut.
    """

    number: int
    name: str
    cells: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True)
class Pointed:
    """What the finder pointed out: a place to look at, no decision.

    Attributes:
        line: that would mask it, ready to copy.
        before, text, after: the span and the text around it; None for an account that may not see values.
    """

    line: str
    row: int
    column: str
    start: int
    end: int
    kind: str
    before: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    after: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ReviewTable:
    """One table of the plan.

    Attributes:
        name: `source.table`.
        rows: in the files; None where nothing is staged of it (any more).
        path: how it leads to the person.
        key: columns by which a line can name a row; empty: by number alone.
        first: rows; none for an account that may not see values.
        pointed: the first of what was pointed out; `pointed_counts` counts all, by kind.
        asked: something was asked about its columns.
        changed: its files differ from those of the bundle before.
    """

    name: str
    rows: int | None
    path: str
    columns: tuple[ReviewColumn, ...]
    key: tuple[str, ...] = ()
    files: int = 0
    first: tuple[ReviewRow, ...] = ()
    pointed: tuple[Pointed, ...] = ()
    pointed_counts: Mapping[str, int] = field(default_factory=dict)
    asked: bool = False
    changed: bool = False

    @property
    def places(self) -> int:
        """How many places were pointed out."""
        return sum(self.pointed_counts.values())

    @property
    def masked(self) -> int:
        """Values that masks of whole columns hide."""
        return sum(column.masked for column in self.columns)

    @property
    def redacted(self) -> int:
        """Cells and spans that a reviewer masked."""
        return sum(column.redacted for column in self.columns)

    @property
    def rank(self) -> tuple[int, ...]:
        """What differs in it, the most urgent first; without any it has nothing to judge."""
        return (self.places, self.asked, self.redacted, self.changed, self.masked)


@dataclass(frozen=True)
class ReviewView:
    """What will be sent for a request.

    Attributes:
        bundle, plan: SHA-256 digests; `bundle` is None while nothing is packed under the plan.
        question: id of the open question `review` about this bundle; None: none is open.
        why: codes why it is asked.
        refuted: a line for each way in which the answer refutes itself.
        tables: those of which something leaves.
        withheld: those of which nothing does.
        searched: system that a person searched -> the outcome, and the number of files.
        ledger: what the search beside the ways looked into; None: nothing was searched.
        hidden: tables, columns and systems that a restriction keeps back of which the person may not know;
            the person gets the answer of a person without data there (R84).
        grounds: ground on which a cell can be masked -> names of the fields that it takes.
        values: whether the officer may see values.
    """

    request: str
    right: str
    state: str
    plan: str
    bundle: str | None
    bytes: int
    question: str | None
    why: tuple[str, ...]
    refuted: tuple[str, ...]
    tables: tuple[ReviewTable, ...]
    withheld: tuple[ReviewTable, ...]
    searched: Mapping[str, tuple[str, int]]
    ledger: Section | None
    hidden: tuple[str, ...]
    grounds: Mapping[str, tuple[str, ...]]
    values: bool


AROUND = 60
"""Characters shown on either side of what was pointed out."""


@dataclass(frozen=True)
class StagedReview:
    """Reads the staged tables for one look.

    Attributes:
        values: whether the officer may see values.
        rows: of a table at most.
        table: this one alone, with whole values; None: all, from their samples.
        row: one row of it, as a line names it.
        counts: no rows and no places, but how many there are.
    """

    staging: EncryptedStaging
    inventory: Inventory
    plan: Plan
    values: bool
    rows: int
    table: str | None
    row: str | None = None
    counts: bool = False

    def tables(self) -> Iterator[ReviewTable]:
        """The tables of which something leaves."""
        for source in self.plan.sources:
            record = staged_record(self.staging, source)
            written = {table.table: table for table in record.tables} if record else {}
            found = staged_pointers(self.staging, source) if record else {}
            for part in self.plan.of_source(source):
                if self.table in (None, part.name):
                    yield self._table(part, written.get(part.table), found.get(part.table, TablePointers()))
        for system in self.plan.given:
            name, record = f"{system.source}.{GIVEN_FILES}", staged_record(self.staging, system.source)
            if self.table in (None, name) and record is not None:
                yield self._files(name, record)

    def _files(self, name: str, record: SourceExtract) -> ReviewTable:
        """The files of a system that people search: each text is a row, each part of a file a column."""
        pointers = pointers_path(record.source)  # without them the next run searches the files
        staged = staged_pointers(self.staging, record.source) if self.staging.exists(pointers) else {}
        pointed = staged.get(GIVEN_FILES, TablePointers())
        first, found, rows = list[ReviewRow](), list[Pointed](), 0
        for file in record.given if not self.counts else ():
            mine = [pointer for pointer in pointed.pointers if pointer.row == file.number]
            texts = given_texts(self.staging, file)
            rows += len(texts)
            for column, text in [*texts.items()][: self.rows - len(first)] if self.values else ():
                shown = text if self.table or text is None else text[:CELL]
                first.append(ReviewRow(file.number, f"#{file.number}", {"part": column, "text": shown}))
            for pointer in mine:
                span = (pointer.start, pointer.end) if pointer.end else None
                line = RedactionLine(1, name, pointer.column, "GROUND", file.number, span=span).text
                text = texts.get(pointer.column) or f"{file.name}: {pointer.column}"
                around = _around(text, span or (0, len(text))) if self.values else (None, None, None)
                found.append(Pointed(line, *astuple(pointer), *around))
        files = len(record.given)
        return ReviewTable(name, rows, "", (), (), files, tuple(first), tuple(found), pointed.counts)

    def _table(self, part: ExtractPlan, written: TableExtract | None, found: TablePointers) -> ReviewTable:
        redacted = Counter(redaction.column for redaction in part.redactions)
        masked = written.masked if written else {}
        columns = tuple(column(f, masked.get(f.name, 0), redacted[f.name]) for f in part.fields)
        if written is None:
            return ReviewTable(part.name, None, part.path, columns)
        if self.counts:
            files, counts = len(written.uploads), found.counts
            return ReviewTable(
                part.name, written.rows, part.path, columns, files=files, pointed_counts=counts
            )
        table = self.inventory.sources[part.source].tables[part.table]
        key = usable_key(part, table, written)
        staged = StagedTable(self.staging, written, part.selected, FORMATS)
        return ReviewTable(
            part.name,
            written.rows,
            part.path,
            columns,
            key,
            len(written.uploads),
            tuple(self._first(part, staged, key)) if self.values else (),
            tuple(self._pointed(part, staged, key, found)),
            found.counts,
        )

    def _first(self, part: ExtractPlan, staged: StagedTable, key: tuple[str, ...]) -> Iterator[ReviewRow]:
        if self.table is None:
            samples = staged_samples(self.staging, part.source).get(part.name, [])
            for number, row in enumerate(samples[: self.rows], 1):
                yield ReviewRow(number, _name(number, row, key), row)
            return
        found = staged.first(self.rows) if self.row is None else self._named(part, staged, key)
        for number, row in found:
            yield ReviewRow(number, _name(number, row, key), row)

    def _named(self, part: ExtractPlan, staged: StagedTable, key: tuple[str, ...]) -> list[tuple[int, Row]]:
        try:
            line = parse(1, f"{part.name} {self.row} x x")
        except LineError as error:
            raise RefusedError(f"This names no row: {error}.") from None
        if line.row is None and set(line.key) != set(key):
            raise RefusedError(
                "This is not the key of the table.",
                remedy=f"its key is {', '.join(key)}." if key else "name the row as #NUMBER.",
            )
        if line.row is not None:
            found = list(staged.numbered([line.row]).items())
        else:
            found = list(staged.keyed([{name: line.key[name] for name in key}]))
        if not found:
            raise RefusedError("The table has no such row in this answer.")
        return found

    def _pointed(
        self, part: ExtractPlan, staged: StagedTable, key: tuple[str, ...], found: TablePointers
    ) -> Iterator[Pointed]:
        pointers = found.pointers
        if self.row is not None:
            wanted = {number for number, _ in self._named(part, staged, key)}
            pointers = tuple(pointer for pointer in pointers if pointer.row in wanted)
        rows = staged.numbered({pointer.row for pointer in pointers}) if pointers else {}
        for pointer in pointers:
            row = rows.get(pointer.row, {})
            named = {name: row[name] or "" for name in key if name in row} if self.values else {}
            line = RedactionLine(
                1,
                part.name,
                pointer.column,
                "GROUND",
                None if named else pointer.row,
                named,
                (pointer.start, pointer.end),
            ).text
            text = row.get(pointer.column) if self.values else None
            around = (None, None, None) if text is None else _around(text, (pointer.start, pointer.end))
            yield Pointed(line, *astuple(pointer), *around)


def _around(text: str, span: Span) -> tuple[str, str, str]:
    start, end = span
    return text[max(0, start - AROUND) : start], text[start:end], text[end : end + AROUND]


def column(planned: FieldPlan, masked: int = 0, redacted: int = 0) -> ReviewColumn:
    """A column with its decision."""
    kind = planned.kind.value if planned.kind else None
    words = REASONS.get(planned.reason, planned.reason)
    return ReviewColumn(
        planned.name, kind, planned.action.value, planned.reason, words, planned.rules, masked, redacted
    )


def _name(number: int, row: Row, key: tuple[str, ...]) -> str:
    """How a line names a row. Values that an overview cut name nothing."""
    named = {name: row.get(name) or "" for name in key}
    if not key or any(len(value) > CELL for value in named.values()):
        return f"#{number}"
    return RedactionLine(1, "x", "x", "x", None, named).text.split()[1]


ROWS, MOST_ROWS = 5, 1_000


def review_view(
    officer: Officer, request_id: str, *, table: str | None = None, rows: int = ROWS, row: str | None = None
) -> ReviewView:
    """Look at what will be sent.

    Args:
        officer: who looks.
        request_id: the request.
        table: `source.table`: this one alone, with whole values; None: all, with values cut to `CELL`.
        rows: rows of each table at most.
        row: one row of the table, as a line names it.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they may not; the attempt is an event `answer_refused`.
        RefusedError: nothing is planned yet, or there is no such table or row.
        RetriableError: staging is down.
    """
    look = begin(officer, request_id, table)
    most = min(rows, MOST_ROWS)
    return view_of(
        look, StagedReview(look.staging, officer.inventory, look.plan, look.values, most, table, row)
    )


def view_of(look: ReviewLook, staged: StagedReview) -> ReviewView:
    """What will be sent, with the tables that are read of what is staged."""
    officer, plan, asked = look.officer, look.plan, look.question
    register, request_id = officer.register, look.request
    request = register.requests.get(request_id)
    return ReviewView(
        request=request_id,
        right=request.right.value,
        state=request.state.value,
        plan=look.digest,
        bundle=look.bundle,
        bytes=look.packed["bytes"] if look.packed else 0,
        question=asked.id if asked else None,
        why=tuple(asked.detail["why"]) if asked else (),
        refuted=tuple(refuted_lines(asked.detail)) if asked else (),
        tables=tuple(staged.tables()),
        withheld=tuple(
            ReviewTable(f"{table.source}.{table.table}", None, "", tuple(map(column, table.fields)))
            for table in plan.withheld
        ),
        searched={system.source: (system.status.value, len(system.files)) for system in plan.manual},
        ledger=of_events(register.trail.events(request_id)),
        hidden=tuple(sorted(hidden_places(register, request_id))),
        grounds={ground.code: ground.fields for ground in officer.grounds.redacting(request.right)},
        values=look.values,
    )
