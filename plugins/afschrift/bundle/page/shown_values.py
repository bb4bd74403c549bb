"""A value as the page shows it: inert, masks in the person's language, codes and times in words.

A number that points to a row is shown with what that row is called: `Academy Dinosaur` beside film 12. Only
what the answer gives as it stands is used: a row that is not in it, and a column that is left out or masked,
leave the number alone. One hop: what the other row points to in turn is read in its own table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from afschrift.bundle.contents import Contents, Linked, Row
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.redaction import A_MASK
from afschrift.domain.redaction import MASK as WHOLE_MASK
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.joins import labelled_ways

MASK = re.compile(A_MASK)
"""How a masked value begins; where a mask goes by row, other values of the column stay whole."""

# Direction overrides and isolates could reorder the text around a cell.
_REORDER = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"} | {0x7F: 0x2421}


def readable(text: str) -> str:
    """Text that cannot disturb the page: controls become visible, line ends become one sign."""
    if text.isprintable():  # most are: no controls, no overrides, no surrogates
        return text
    text = text.replace("\r\n", "\n").translate(_CONTROL)
    # A lone surrogate cannot be written as UTF-8.
    return _REORDER.sub("\ufffd", text).encode("utf-8", "replace").decode("utf-8")


def in_language(value: str, words: PageWords) -> str:
    """A value of a column with masks, as the person reads it: `[masked 3f9a2c41]` in their language."""
    return MASK.sub(lambda found: found[0].replace(WHOLE_MASK[1:-1], words.say("mask"), 1), value)


def local_time(contents: Contents, field: FieldPlan, value: str, words: PageWords) -> str | None:
    """An instant where the organisation is; None where the value is none."""
    if field.kind is not ValueKind.INSTANT:
        return None
    return words.local_time(value, contents.inventory.controller.zone)


def in_words(contents: Contents, extract: ExtractPlan, field: FieldPlan, value: str, words: PageWords) -> str:
    """A value as it reads within a line: the meaning of a code, a time where the organisation is."""
    codes = contents.column(extract.source, extract.table, field.name).codes or {}
    if value in codes:
        return codes[value].get(contents.language)
    return local_time(contents, field, value, words) or value


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

    A column with `codes`, or of times, is in words already.
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
        in_words_already = (
            contents.column(extract.source, extract.table, at.name).codes or at.kind is ValueKind.INSTANT
        )
        if not in_words_already:
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
        """What the row is called to which a cell points; empty: the value alone is shown."""
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
