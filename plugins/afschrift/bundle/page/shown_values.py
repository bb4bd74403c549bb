"""Values as the page shows them: inert, with masks in the person's language, codes and times in words.

A number that refers to a row is shown with that row's label: `Academy Dinosaur` for film 12. Only values that
the answer gives unchanged are used: without the other row, or if its columns are left out or masked, only the
number is shown. A label column that refers to a further row is shown with that row's label: the copy that was
rented, with its film. Other references of the other row are shown in its own table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from afschrift.bundle.contents import Contents, Linked, Row
from afschrift.bundle.page.words import PageWords
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.redaction import A_MASK
from afschrift.domain.redaction import MASK as WHOLE_MASK
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.base import Text
from afschrift.inventory.column import Column
from afschrift.inventory.joins import labelled_ways

MASK = re.compile(A_MASK)
"""Pattern of a masked value; if masking depends on the row, other values of the column are not masked."""

# Direction overrides and isolates could reorder the text around a cell.
_REORDER = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"} | {0x7F: 0x2421}


def readable(text: str) -> str:
    """Make text harmless for the page: controls become visible, and line ends a single character."""
    if text.isprintable():  # most are: no controls, no overrides, no surrogates
        return text
    text = text.replace("\r\n", "\n").translate(_CONTROL)
    # A lone surrogate cannot be written as UTF-8.
    return _REORDER.sub("\ufffd", text).encode("utf-8", "replace").decode("utf-8")


def in_language(value: str, words: PageWords) -> str:
    """Translate masks such as `[masked 3f9a2c41]` in a value into the person's language."""
    return MASK.sub(lambda found: found[0].replace(WHOLE_MASK[1:-1], words.say("mask"), 1), value)


def local_time(contents: Contents, field: FieldPlan, value: str, words: PageWords) -> str | None:
    """A date, or an instant in the organisation's time zone, in words; None if the value is neither."""
    if field.kind is ValueKind.DATE:
        return words.calendar_day(value)
    if field.kind is not ValueKind.INSTANT:
        return None
    return words.local_time(value, contents.inventory.controller.zone)


def in_words(contents: Contents, extract: ExtractPlan, field: FieldPlan, value: str, words: PageWords) -> str:
    """A value within a line of text: the meaning of a code, or a time in the organisation's zone."""
    means = contents.column(extract.source, extract.table, field.name).meaning_of(value)
    return means.get(contents.language) if means else local_time(contents, field, value, words) or value


def coded(column: Column, words: PageWords) -> dict[str, Text]:
    """Codes, and ranges in words, each with its meaning."""
    found = dict(column.codes or {})
    for part in column.ranges or ():
        word = "range_below" if part.from_ is None else "range_from" if part.below is None else "range"
        first, below = (words.written(str(end)) for end in (part.from_, part.below))
        found[words.say(word, first=first, below=below)] = part.means
    return found


LENGTH = 80
"""Characters of a row's label; the whole text is in its own table."""

KEY_LENGTH = 160
"""Characters of a referring value; a longer one is shown without label."""

_NO_WORDS = frozenset({ValueKind.BINARY, ValueKind.JSON})


@dataclass(frozen=True)
class RowLink:
    """Columns of a table that refer to a row of another table.

    Attributes:
        own: the referring columns; the label is shown at the last one.
        to: the other table.
        theirs: the referenced columns, in the order of `own`.
        label: columns of the other table that identify a row for people.
    """

    own: tuple[FieldPlan, ...]
    to: ExtractPlan
    theirs: tuple[FieldPlan, ...]
    label: tuple[FieldPlan, ...]

    @property
    def target(self) -> tuple[str, tuple[str, ...]]:
        """`source.table` and referenced columns: the key of these rows in `Contents.linked`."""
        return self.to.name, tuple(field.name for field in self.theirs)

    def key(self, row: Row) -> tuple[str, ...] | None:
        """The referring values of a row; None if one is missing, masked or very long."""
        return key_of(row, self.own)


def key_of(row: Row, fields: tuple[FieldPlan, ...]) -> tuple[str, ...] | None:
    """The values of some columns, if they are shown unchanged and so identify a row; else None."""
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
    """The links of a table, by the column at which each is shown; the first one if a column has several.

    Columns with `codes` and columns of times are already shown in words, and get no link.
    """
    held = {planned.table: planned for planned, _ in contents.held if planned.source == extract.source}
    source, known = contents.source(extract.source), contents.structure(extract.source).foreign_keys
    found: dict[str, RowLink] = {}
    for hop in labelled_ways(source, extract.table, known):
        if (other := held.get(hop.parent)) is None:
            continue
        own = _unmasked(extract, tuple(column for column, _ in hop.pairs))
        theirs = _unmasked(other, tuple(column for _, column in hop.pairs))
        label = _unmasked(other, source.tables[hop.parent].label)
        if not (own and theirs and label) or any(field.kind in _NO_WORDS for field in label):
            continue
        at = [field for field in extract.selected if field in own][-1]
        in_words_already = (
            contents.column(extract.source, extract.table, at.name).codes or at.kind is ValueKind.INSTANT
        )
        if not in_words_already:
            found.setdefault(at.name, RowLink(own, other, theirs, label))
    return found


def further_links(contents: Contents, link: RowLink) -> Mapping[str, RowLink | None]:
    """The label columns that refer to a further labelled row, with their link; None: it has no label."""
    known = contents.structure(link.to.source).foreign_keys
    ways = labelled_ways(contents.source(link.to.source), link.to.table, known)
    referring = {hop.pairs[0][0] for hop in ways if len(hop.pairs) == 1}
    links = row_links(contents, link.to)
    return {field.name: links.get(field.name) for field in link.label if field.name in referring}


def _unmasked(extract: ExtractPlan, columns: tuple[str, ...]) -> tuple[FieldPlan, ...]:
    """The columns, if all are given and none is masked; else empty."""
    whole = extract.whole
    return tuple(whole[name] for name in columns) if set(columns) <= whole.keys() else ()


HOPS = 4
"""References that a label is followed along."""

Further = tuple[RowLink | None, Mapping[tuple[str, ...], str]]
"""The link of a label column, and the labels of the rows that it refers to."""


@dataclass(frozen=True)
class LinkedWords:
    """Labels of the rows that a table refers to, in the person's language."""

    contents: Contents
    extract: ExtractPlan
    words: PageWords

    @cached_property
    def links(self) -> Mapping[str, RowLink]:
        """By column, the links to tables of which the answer has some row."""
        every = row_links(self.contents, self.extract)
        return {at: link for at, link in every.items() if self.contents.linked.get(link.target)}

    @cached_property
    def _names(self) -> Mapping[str, Mapping[tuple[str, ...], str]]:
        return {at: self._labels(link) for at, link in self.links.items()}

    def _labels(self, link: RowLink, left: int = HOPS) -> Mapping[tuple[str, ...], str]:
        """The labels of the linked rows of a table, by their key."""
        further = {
            at: (onward, self._labels(onward, left - 1) if onward and left > 1 else {})
            for at, onward in further_links(self.contents, link).items()
        }
        linked = self.contents.linked.get(link.target, {})
        return {key: self._label(link, label, further) for key, label in linked.items()}

    def name(self, column: str, row: Row) -> str:
        """Label of the row that a cell refers to; empty if there is none."""
        link = self.links.get(column)
        key = link.key(row) if link else None
        return self._names[column].get(key, "") if key else ""

    def keyed(self, row: Row) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """For each column that refers to a labelled row: the referring values and the label."""
        for column, link in self.links.items():
            key = link.key(row)
            if key and (text := self._names[column].get(key)):
                yield column, key, text

    def _label(self, link: RowLink, label: Linked, further: Mapping[str, Further]) -> str:
        given = []
        for field, value in zip(link.label, label, strict=True):
            if field.read_as is not None and MASK.search(value or ""):
                return ""
            if field.name in further:
                onward, names = further[field.name]
                key = onward.key({field.name: value}) if onward else None
                given.append(names.get(key, "") if key else "")
            elif value:
                given.append(in_words(self.contents, link.to, field, value, self.words))
        text = " ".join(readable(" ".join(given)).split())
        return text if len(text) <= LENGTH else text[:LENGTH].rstrip() + "…"
