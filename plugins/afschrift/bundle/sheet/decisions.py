"""The decisions of a computer about this person, explained by their own values (Art. 15(1)(h), C-203/22).

Every value is one that the bundle gives, so what is masked there stays masked, and others' data never appear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from afschrift.bundle.contents import Contents, Row
from afschrift.bundle.page.shown_rows import Cell, shown_cell
from afschrift.bundle.page.words import SheetWords, local_day
from afschrift.domain.plan import Place
from afschrift.inventory.joins import find_table, references
from afschrift.inventory.processing import AutomatedDecision

EARLIER = 100
"""Earlier decisions that the sheet lists."""


@dataclass(frozen=True)
class InputValue:
    """A value that counted: its title, and the value, or why it is not known."""

    title: str
    text: str
    known: bool


@dataclass(frozen=True)
class Taken:
    """A decision as it was taken: the outcome, what it means, and its day; each may be empty."""

    value: str
    means: str
    day: str


@dataclass(frozen=True)
class Explanation:
    """A decision, by the person's own values.

    Attributes:
        title: of the outcome.
        newest: None: no outcome is among the data of the answer.
        inputs: of the newest.
        otherwise: what would have changed it, in sentences.
        earlier: other decisions, newest first.
        older: title of the table with those that are not listed; empty: all are.
    """

    title: str
    newest: Taken | None
    inputs: tuple[InputValue, ...]
    otherwise: tuple[str, ...]
    earlier: tuple[Taken, ...]
    older: str


def newest_first(rows: Iterable[Row], day: str) -> list[Row]:
    """Sort rows by a column of days or instants; those without one are last."""
    return sorted(rows, key=lambda row: (row.get(day) or "").removesuffix("Z"), reverse=True)


class Explainer:
    """Explains a decision of a source."""

    def __init__(
        self, contents: Contents, words: SheetWords, source: str, decision: AutomatedDecision
    ) -> None:
        self._contents, self._words, self._decision = contents, words, decision
        self._source = source
        self._outcome = self._place(decision.outcome or "")
        self._day = self._place(decision.at) if decision.at else None

    def explain(self) -> Explanation:
        """Explain the newest decision, and list the others."""
        contents, at = self._contents, self._outcome
        rows = newest_first(
            (row for row in self._rows(at) if row.get(at.column) is not None),
            self._day.column if self._day else "",
        )
        newest = rows[0] if rows else {}
        return Explanation(
            contents.column_title(*at),
            self._taken(newest) if newest else None,
            tuple(self._input(self._place(path), newest) for path in self._decision.inputs),
            tuple(self._otherwise(newest.get(at.column) or "")),
            tuple(map(self._taken, rows[1 : EARLIER + 1])),
            contents.table_title(at.source, at.table) if len(rows) > EARLIER + 1 else "",
        )

    def _place(self, path: str) -> Place:
        table, _, column = path.rpartition(".")
        found = find_table(self._contents.inventory, self._source, table)
        return Place(*(found or (self._source, table)), column)

    def _rows(self, at: Place) -> Sequence[Row]:
        name = f"{at.source}.{at.table}"
        return self._contents.decided.get(name) or self._contents.samples.get(name, ())

    def _taken(self, row: Row) -> Taken:
        value = row.get(self._outcome.column) or ""
        cell, means = (
            self._cell(self._outcome, value),
            self._contents.column(*self._outcome).meaning_of(value),
        )
        days = (
            {other.get(self._day.column) for other in self._linked(self._day, row)} if self._day else {None}
        )
        day = local_day(days.pop(), self._contents.inventory.controller.zone) if len(days) == 1 else None
        return Taken(
            cell.text if cell else "",
            means.get(self._contents.language) if means else "",
            self._words.date(day) if day else "",
        )

    def _input(self, at: Place, row: Row) -> InputValue:
        contents, table = self._contents, self._contents.table_title(at.source, at.table)
        values = {other.get(at.column) for other in self._linked(at, row)}
        written = contents.extracted(at.source, at.table)
        cut = at[:2] != self._outcome[:2] and written and len(self._rows(at)) < written.rows
        value = values.pop() if len(values) == 1 and not cut else None
        cell = self._cell(at, value)
        text = self._shown(at, cell) if cell and value is not None else ""
        if any(later.name in (at.source, str(at)) for later in contents.plan.later):
            why = "input_later"
        elif values or cut:
            why = "input_many"
        else:
            why = "input_empty" if self._linked(at, row) and cell else "input_absent"
        return InputValue(contents.column_title(*at), text or self._words.say(why, table=table), bool(text))

    def _linked(self, at: Place, row: Row) -> Sequence[Row]:
        """The rows with an input of a decision: its own row, those that the map links to it, or else all."""
        if at[:2] == self._outcome[:2]:
            return [row] if row else []
        rows = self._rows(at)
        pairs = next(self._links(at), ()) if len(rows) > 1 else ()
        return [other for other in rows if all(row.get(own) == other.get(to) for own, to in pairs)]

    def _links(self, at: Place) -> Iterator[tuple[tuple[str, str], ...]]:
        """Columns of a decision and of the other table by which the map links them."""
        if at.source == self._outcome.source:
            source, known = self._contents.source(at.source), self._contents.structure(at.source).foreign_keys
            here, there = self._outcome.table, at.table
            yield from (hop.pairs for hop in references(source, here, known) if hop.parent == there)
            back = (hop.pairs for hop in references(source, there, known) if hop.parent == here)
            yield from (tuple((theirs, own) for own, theirs in pairs) for pairs in back)

    def _cell(self, at: Place, value: str | None) -> Cell | None:
        """A value as the page shows it; None: the bundle does not give the column."""
        for extract in self._contents.plan.of_source(at.source):
            for field in extract.selected if extract.table == at.table else ():
                if field.name == at.column:
                    return shown_cell(self._contents, extract, field, value, self._words)
        return None

    def _shown(self, at: Place, cell: Cell) -> str:
        """A cell in a line of text, with the meaning of a code, and its unit."""
        note = cell.note if cell.style != "time" else ""
        text = ": ".join(filter(None, [cell.text, note]))
        unit = self._contents.column(*at).unit
        return f"{text} {self._words.unit(unit)}" if unit and unit != "1" and not note else text

    def _otherwise(self, value: str) -> Iterator[str]:
        """What the next number above and below would have meant, and what the map says of a change."""
        column, language = self._contents.column(*self._outcome), self._contents.language
        part = column.range_of(value)
        for lower, upper in pairwise(column.ranges or ()):
            if part is lower:
                means = upper.means.get(language)
                yield self._words.say("with_more", number=upper.from_, means=means)
            elif part is upper:
                means = lower.means.get(language)
                yield self._words.say("with_less", number=upper.from_, means=means)
        if self._decision.change:
            yield self._decision.change.get(language)
