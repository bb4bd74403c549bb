"""What a row is called that a number points to: `Academy Dinosaur` beside film 12, from the answer itself.

Only what the answer gives as it stands is used: a row that is not in it, and a column that is left out or
masked, leave the number alone. One hop: what the other row points to in turn is read in its own table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from afschrift.bundle.contents import Contents, Linked, Row
from afschrift.bundle.page.shown_values import MASK, in_words, readable
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.joins import labelled_ways

LENGTH = 80
"""Characters of what a row is called; the whole text stands in its own table."""

KEY_LENGTH = 160
"""Characters of a value that points: a longer one stands alone."""

_NO_WORDS = frozenset({ValueKind.BINARY, ValueKind.JSON})


@dataclass(frozen=True)
class RowLink:
    """Columns of one table that point to a row of another one.

    Attributes:
        own: the columns here; what the row is called stands at the last one of the file.
        to: the other table.
        theirs: its columns, in the order of `own`.
        label: its columns that say which row it is.
    """

    own: tuple[FieldPlan, ...]
    to: ExtractPlan
    theirs: tuple[FieldPlan, ...]
    label: tuple[FieldPlan, ...]

    @property
    def target(self) -> tuple[str, tuple[str, ...]]:
        """`source.table` and its columns that are pointed to: under which `Contents.linked` has the rows."""
        return self.to.name, tuple(field.name for field in self.theirs)

    def key(self, row: Row) -> tuple[str, ...] | None:
        """The values by which a row points; None where one is missing, masked or very long."""
        return key_of(row, self.own)


def key_of(row: Row, fields: tuple[FieldPlan, ...]) -> tuple[str, ...] | None:
    """The values of some columns, where they tell a row apart as they stand on the page."""
    found = []
    for field in fields:
        value = row.get(field.name)
        if not value or len(value) > KEY_LENGTH or readable(value) != value:
            return None
        if field.read_as is not None and MASK.search(value):
            return None
        found.append(value)
    return tuple(found)


def row_links(contents: Contents, extract: ExtractPlan) -> Mapping[str, RowLink]:
    """The links of a table by the column at which each is shown; of a column with several the first.

    A column with `codes`, or of times, is told in words already.
    """
    held = {planned.table: planned for planned, _ in contents.held if planned.source == extract.source}
    source, known = contents.source(extract.source), contents.structure(extract.source).foreign_keys
    found: dict[str, RowLink] = {}
    for hop in labelled_ways(source, extract.table, known):
        if (other := held.get(hop.parent)) is None:
            continue
        own = _as_it_stands(extract, tuple(column for column, _ in hop.pairs))
        theirs = _as_it_stands(other, tuple(column for _, column in hop.pairs))
        label = _as_it_stands(other, source.tables[hop.parent].label)
        if not (own and theirs and label) or any(field.kind in _NO_WORDS for field in label):
            continue
        at = [field for field in extract.selected if field in own][-1]
        told = contents.column(extract.source, extract.table, at.name).codes or at.kind is ValueKind.INSTANT
        if not told:
            found.setdefault(at.name, RowLink(own, other, theirs, label))
    return found


def _as_it_stands(extract: ExtractPlan, columns: tuple[str, ...]) -> tuple[FieldPlan, ...]:
    """Columns that are given, none of them masked; nothing where one is not."""
    fields = {field.name: field for field in extract.selected if field.action is Action.INCLUDE}
    return tuple(fields[name] for name in columns) if set(columns) <= fields.keys() else ()


@dataclass(frozen=True)
class LinkedWords:
    """What the rows are called to which one table points, in the person's language."""

    contents: Contents
    extract: ExtractPlan
    words: PageWords

    @cached_property
    def links(self) -> Mapping[str, RowLink]:
        """By column, those of which the answer names some row."""
        every = row_links(self.contents, self.extract)
        return {at: link for at, link in every.items() if self.contents.linked.get(link.target)}

    @cached_property
    def _names(self) -> Mapping[str, Mapping[tuple[str, ...], str]]:
        return {
            at: {key: self._called(link, label) for key, label in self.contents.linked[link.target].items()}
            for at, link in self.links.items()
        }

    def name(self, column: str, row: Row) -> str:
        """What the row is called to which a cell points; empty: nothing but its value is told."""
        link = self.links.get(column)
        key = link.key(row) if link else None
        return self._names[column].get(key, "") if key else ""

    def keyed(self, row: Row) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """Of each column that points to a row with a name: the values by which it does, and the name."""
        for column, link in self.links.items():
            key = link.key(row)
            if key and (text := self._names[column].get(key)):
                yield column, key, text

    def _called(self, link: RowLink, label: Linked) -> str:
        given = []
        for field, value in zip(link.label, label, strict=True):
            if field.read_as is not None and MASK.search(value or ""):
                return ""
            if value:
                given.append(in_words(self.contents, link.to, field, value, self.words))
        text = " ".join(readable(" ".join(given)).split())
        return text if len(text) <= LENGTH else text[:LENGTH].rstrip() + "…"
