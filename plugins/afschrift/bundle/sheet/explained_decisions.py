"""Decisions by a computer about this person, explained by their own values (Art. 15(1)(h), R76, C-203/22).

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
        self._contents, self._words, self._source, self._decision = contents, words, source, decision
        self._outcome = self._place(decision.outcome or "")
        self._day = self._place(decision.at) if decision.at else None

    def explain(self) -> Explanation:
        """Explain the newest decision, and list the others."""
        contents, at = self._contents, self._outcome
        taken = (row for row in self._rows(at) if row.get(at.column) is not None)
        rows = newest_first(taken, self._day.column if self._day else "")
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
        contents, at, day = self._contents, self._outcome, None
        value = row.get(at.column) or ""
        cell, means = self._cell(at, value), contents.column(*at).meaning_of(value)
        text = cell.text if cell and cell.text != self._words.written(value) else value  # the page writes it
        if self._day is not None:
            [*days] = {other.get(self._day.column) for other in self._linked(self._day, row)}
            day = local_day(days[0], contents.inventory.controller.zone) if len(days) == 1 else None
        return Taken(
            (cell.note if cell.style == "coded" else text) if cell else "",
            means.get(contents.language) if means else "",
            self._words.date(day) if day else "",
        )

    def _input(self, at: Place, row: Row) -> InputValue:
        contents, written = self._contents, self._contents.extracted(at.source, at.table)
        values = {other.get(at.column) for other in self._linked(at, row)}
        cell = self._cell(at, next(iter(values), None))
        cut = at[:2] != self._outcome[:2] and written and len(self._rows(at)) < written.rows
        if any(later.name in (at.source, str(at)) for later in contents.plan.later):
            why = "input_later"
        elif len(values) > 1 or cut:
            why = "input_many"
        elif not values or cell is None:
            why = "input_absent"
        elif None in values:
            why = "input_empty"
        else:
            return InputValue(contents.column_title(*at), self._shown(at, cell), known=True)
        text = self._words.say(why, table=contents.table_title(at.source, at.table))
        return InputValue(contents.column_title(*at), text, known=False)

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
            source, here, there = self._contents.source(at.source), self._outcome.table, at.table
            yield from (hop.pairs for hop in references(source, here) if hop.parent == there)
            back = (hop.pairs for hop in references(source, there) if hop.parent == here)
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
        unit = self._contents.column(*at).unit or "1"
        return cell.line if unit == "1" or cell.note else f"{cell.line} {self._words.unit(unit)}"

    def _otherwise(self, value: str) -> Iterator[str]:
        """What the next number above and below would have meant, and what the map says of a change."""
        column, language = self._contents.column(*self._outcome), self._contents.language
        part = column.range_of(value)
        for lower, upper in pairwise(column.ranges or ()):
            if part in (lower, upper):
                word, other = ("with_more", upper) if part is lower else ("with_less", lower)
                number = self._words.written(str(upper.from_))
                yield self._words.say(word, number=number, means=other.means.get(language))
        if self._decision.change:
            yield self._decision.change.get(language)
