"""Turn the lines that a reviewer wrote into redactions that apply to a later reading of the source too.

Each line is checked against what is staged: the text that the reviewer looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from afschrift.domain.errors import FormError
from afschrift.domain.extracted import TableExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan, ManualPlan, Plan
from afschrift.domain.redaction import (
    GIVEN_FILES,
    MOST_LINES,
    SHAPE,
    WHOLE,
    LineError,
    Mac,
    Redaction,
    RedactionLine,
    Span,
    before_masking,
    check_span,
    mask,
    overlapping,
    parse,
    row_bytes,
)
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.file_texts import Texts
from afschrift.extraction.staged_rows import Row, StagedTable
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table

SPANS = frozenset({ValueKind.TEXT, ValueKind.JSON})
"""Kinds whose values are texts, of which a span can be masked."""

_SHOWN = 20

Faults = dict[int, str]


@dataclass(frozen=True)
class Staged:
    """The staged data that a reviewer looked at.

    Attributes:
        open_table: opens the staged rows of a table of the plan; None where nothing is staged of it.
        texts: the staged texts of a file of a system that people searched, by its number; None: no such file.
        mac: HMAC under the request's key.
        rules: ground that a redaction may rest on -> its rules.
    """

    plan: Plan
    inventory: Inventory
    open_table: Callable[[ExtractPlan], StagedTable | None]
    mac: Mac
    rules: Mapping[str, tuple[str, ...]]
    texts: Callable[[str, int], Texts | None] = lambda _source, _number: None

    def resolve(self, question: str, texts: Sequence[str]) -> tuple[Redaction, ...]:
        """The redactions of an answer.

        Args:
            question: id of the question; with the number of a line it is the id of a redaction.
            texts: the lines; empty ones are passed over.

        Raises:
            FormError: names each line that is wrong and what is; repeats nothing of its text.
            RetriableError: what was staged is gone.
        """
        found, faults = self.resolved(question, texts)
        if faults or not found:
            raise _form_error(faults)
        return tuple(redaction for _, redaction in found)

    def resolved(
        self, question: str, texts: Sequence[str]
    ) -> tuple[list[tuple[RedactionLine, Redaction]], Faults]:
        """The lines with their redactions, and number of a line -> what is wrong with it."""
        faults: Faults = {}
        lines = list(_parsed(texts, faults))
        parts = {part.name: part for part in self.plan.extracts}
        systems = {f"{system.source}.{GIVEN_FILES}": system for system in self.plan.given}
        found: list[tuple[RedactionLine, Redaction]] = []
        by_table: dict[str, list[RedactionLine]] = {}
        for line in lines:
            by_table.setdefault(line.table, []).append(line)
        for name, some in by_table.items():
            if name in systems:
                found += self._of_files(question, systems[name], some, faults)
                continue
            if name not in parts:
                words = "this answer has no such table (named as source.table)"
                faults |= dict.fromkeys((line.number for line in some), words)
                continue
            found += self._of_table(question, parts[name], some, faults)
        cells: dict[tuple[object, ...], list[tuple[RedactionLine, Redaction]]] = {}
        for line, redaction in found:
            cells.setdefault(redaction.cell_id, []).append((line, redaction))
        for of_cell in cells.values():
            if pair := overlapping([(redaction.span, line.number) for line, redaction in of_cell]):
                faults[pair[1]] = f"it overlaps line {pair[0]}"
        return found, faults

    def _of_files(
        self, question: str, system: ManualPlan, lines: Sequence[RedactionLine], faults: Faults
    ) -> Iterator[tuple[RedactionLine, Redaction]]:
        for line in lines:
            try:
                yield line, self._of_file(f"{question}.{line.number}", system, line)
            except LineError as error:
                faults[line.number] = str(error)

    def _of_file(self, id_: str, system: ManualPlan, line: RedactionLine) -> Redaction:
        texts = self.texts(system.source, line.row) if line.row else None
        if texts is None:
            raise LineError("this answer has no such file: name it as #NUMBER")
        whole = line.column == WHOLE and line.span is None
        if line.ground not in self.rules:
            raise LineError(f"the last word is a ground: {' | '.join(self.rules)}")
        if not whole and line.column not in texts:
            raise LineError(f"the file has no such part: name one that the review shows, or {WHOLE}")
        text, key = texts.get(line.column), {WHOLE: system.files[(line.row or 1) - 1]}
        new = Redaction(
            id_, line.table, line.column, line.ground, self.rules[line.ground], line.row or 1, "", key
        )
        if line.span and not text:
            raise LineError("this part has no text: leave it out whole, without a span")
        return self.placed(new, text or "", line.span, system.masks)

    def placed(self, new: Redaction, text: str, span: Span | None, before: Sequence[Redaction]) -> Redaction:
        """The redaction by offsets in the text of the source."""
        earlier = [past for past in before if past.cell_id == new.cell_id]
        if any(past.span is None for past in earlier) or mask("", [None]) == text:
            raise LineError("the cell is masked already")
        if span is not None:
            check_span(text, span)
            span = before_masking(span, [past.span for past in earlier if past.span])
        start, end = span or (None, None)
        cell = earlier[0].cell if earlier else self.mac(text.encode())
        return replace(new, cell=cell, start=start, end=end)

    def _of_table(
        self, question: str, part: ExtractPlan, lines: Sequence[RedactionLine], faults: Faults
    ) -> Iterator[tuple[RedactionLine, Redaction]]:
        staged = self.open_table(part)
        source = self.inventory.sources[part.source]
        table = source.tables[part.table]
        if staged is None or not staged.written.rows:
            faults |= dict.fromkeys((line.number for line in lines), "this answer has no row of this table")
            return
        of_table = _TableLines(
            self, part, table, staged, sheet_source_columns(self.inventory, self.plan, part)
        )
        good = [line for line in lines if of_table.may(line, faults)]
        for line, number, row in of_table.rows(good, faults):
            try:
                yield line, of_table.redaction(f"{question}.{line.number}", line, number, row)
            except LineError as error:
                faults[line.number] = str(error)


@dataclass
class _TableLines:
    """The lines about one table."""

    staged: Staged
    part: ExtractPlan
    table: Table
    rows_of: StagedTable
    sheet_columns: frozenset[str]
    fields: dict[str, FieldPlan] = field(init=False)
    key: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.fields = {planned.name: planned for planned in self.part.selected}
        self.key = usable_key(self.part, self.table, self.rows_of.written)

    def may(self, line: RedactionLine, faults: Faults) -> bool:
        """Whether a line fits this table, as far as can be checked without its row."""
        fault = self._fault(line)
        if fault:
            faults[line.number] = fault
        return not fault

    def _fault(self, line: RedactionLine) -> str:
        column, planned = line.column, self.fields.get(line.column)
        if planned is None:
            known = any(other.name == column for other in self.part.fields)
            return "this column does not leave" if known else "the table has no such column"
        if line.ground not in self.staged.rules:
            return f"the last word is a ground: {' | '.join(self.staged.rules)}"
        if column in self.table.key or column in {link.column for link in self.table.subject.values()}:
            return "a column of the key, or one that ties the rows to the person, is not redacted"
        if column in self.sheet_columns:
            return "the information sheet shows the values of this column: leave the whole column out instead"
        if line.span and (planned.read_as or planned.kind) not in SPANS:
            kind = planned.read_as or planned.kind
            return f"a {kind} has no spans: mask the whole cell"
        if line.span and column in {file.column for file in self.table.file}:
            return "this column says where a file lies: mask the whole cell, and the file stays too"
        if line.key and set(line.key) != set(self.key):
            if self.key:
                return f"the key of this table is {', '.join(self.key)}"
            return "the rows of this table have no key in this answer: name a row as #NUMBER"
        return ""

    def rows(
        self, lines: Sequence[RedactionLine], faults: Faults
    ) -> Iterator[tuple[RedactionLine, int, Row]]:
        """Each line with the row that it names and that row's number."""
        numbered = [line for line in lines if line.row is not None]
        by_number = self.rows_of.numbered({line.row for line in numbered if line.row}) if numbered else {}
        for line in numbered:
            row = by_number.get(line.row or 0)
            if row is None:
                faults[line.number] = f"the table has {self.rows_of.written.rows} rows"
            else:
                yield line, line.row or 0, row
        keyed = [line for line in lines if line.row is None]
        found: dict[tuple[str, ...], list[tuple[int, Row]]] = {}
        wanted = [{name: line.key[name] for name in self.key} for line in keyed]
        for number, row in self.rows_of.keyed(wanted):
            found.setdefault(tuple(row[name] or "" for name in self.key), []).append((number, row))
        for line, key in zip(keyed, wanted, strict=True):
            hits = found.get(tuple(key.values()), [])
            if len(hits) == 1:
                yield line, *hits[0]
            else:
                several = "the key names more than one row: name it as #NUMBER"
                faults[line.number] = several if hits else "no row has this key"

    def redaction(self, id_: str, line: RedactionLine, number: int, row: Row) -> Redaction:
        """The redaction that a line asks for, by offsets in the text of the source."""
        key = {name: row[name] or "" for name in self.key}
        text, span = row[line.column], line.span
        if text is None or text == "":
            raise LineError("the cell is empty")
        new = Redaction(
            id_, self.part.name, line.column, line.ground, self.staged.rules[line.ground], number, "", key
        )
        found = self.staged.placed(new, text, span, self.part.redactions)
        return replace(found, row="" if key else self._row_mac(number, row))

    def _row_mac(self, number: int, row: Row) -> str:
        same = (past.row for past in self.part.redactions if not past.key and past.number == number)
        return next(same, None) or self.staged.mac(row_bytes([row[name] for name in self.fields]))


def usable_key(part: ExtractPlan, table: Table, written: TableExtract | None) -> tuple[str, ...]:
    """The columns of the key, if they are in the files and each value names one row; else empty."""
    seen = written.seen if written else None
    unique = seen is None or (seen.key_unique and not set(table.key) & seen.nulls.keys())
    return table.key if unique and set(table.key) <= part.whole.keys() else ()


def sheet_source_columns(inventory: Inventory, plan: Plan, part: ExtractPlan) -> frozenset[str]:
    """Columns whose values the information sheet of this answer shows in clear, whatever is masked."""
    if not plan.facts:
        return frozenset()
    source = inventory.sources[part.source]
    columns: set[str] = set()
    for purpose in source.purposes.values():
        paths = [purpose.retention.from_ if purpose.retention else None]
        paths += [recipient.from_ for recipient in purpose.recipients or ()]
        columns |= {p.rpartition(".")[2] for p in paths if p and p.rpartition(".")[0] == part.table}
    table = source.tables[part.table]
    sources = [table.source, *(column.source for column in table.columns.values())]
    return frozenset(columns | {source.from_ for source in sources if source and source.from_})


def _parsed(texts: Sequence[str], faults: Faults) -> Iterator[RedactionLine]:
    numbered = [(number, text) for number, text in enumerate(texts, 1) if text.strip()]
    if len(numbered) > MOST_LINES:
        faults[MOST_LINES + 1] = f"there are more than {MOST_LINES} lines: leave the column out instead"
        return
    for number, text in numbered:
        try:
            yield parse(number, text)
        except LineError as error:
            faults[number] = str(error)


def _form_error(faults: Faults) -> FormError:
    lines = [f"line {number}: {fault}" for number, fault in sorted(faults.items())]
    more = [f"and {len(lines) - _SHOWN} more"] * (len(lines) > _SHOWN)
    listing = "; ".join([*lines[:_SHOWN], *more]) or f"give a line for each: {SHAPE}"
    return FormError(
        f"The redactions cannot be made. {listing}.",
        {"redactions": listing},
        remedy="`afschrift review show REQUEST --table TABLE` shows rows with lines ready to copy. "
        "Nothing was changed; the question is open.",
    )
