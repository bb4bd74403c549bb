"""The first rows of a table as the person sees them: shortened, inert, with codes and times explained.

`shares` divides what the page may weigh over its tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.redaction import A_MASK
from afschrift.domain.redaction import MASK as WHOLE
from afschrift.domain.value_kind import ValueKind

MAX_ROWS = 25
MAX_LENGTH = 160
MASK = re.compile(A_MASK)
"""How a masked value begins; where a mask goes by row, other values of the column stay whole."""

# Direction overrides and isolates could reorder the text around a cell.
_REORDER = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
_SPARED = 40  # bytes of markup around a cell
_NUMBERS = frozenset({ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.NUMBER})


@dataclass(frozen=True)
class Cell:
    """One value on the page.

    Attributes:
        text: what is shown; empty where only the note speaks.
        note: said beside or instead of it: the meaning of a code, the time in UTC, "not filled in".
        style: class of the style sheet.
    """

    text: str
    note: str = ""
    style: str = ""


@dataclass(frozen=True)
class Sample:
    """The first rows of a table; the columns as title and style."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def readable(text: str) -> str:
    """Text that cannot disturb the page: controls become visible, line ends become one sign."""
    if text.isprintable():  # most are: no controls, no overrides, no surrogates
        return text
    text = text.replace("\r\n", "\n").translate(_CONTROL)
    # A lone surrogate cannot be written as UTF-8.
    return _REORDER.sub("\ufffd", text).encode("utf-8", "replace").decode("utf-8")


def sample_sizes(contents: Contents, extract: ExtractPlan) -> list[int]:
    """About the bytes of each row that the page could show of a table."""
    return [
        sum(_SPARED + min(len(value or ""), MAX_LENGTH) for value in row.values())
        for row in contents.samples.get(extract.name, ())[:MAX_ROWS]
    ]


def sample(
    contents: Contents, extract: ExtractPlan, titles: tuple[str, ...], words: PageWords, most: int = MAX_ROWS
) -> Sample:
    """The rows that the page shows of a table without any script.

    Args:
        contents: what is packed.
        extract: the table.
        titles: titles of the selected columns, in their order.
        words: the language.
        most: rows at most.
    """
    rows = contents.samples.get(extract.name, ())[:most]
    return Sample(
        tuple(zip(titles, map(_class, extract.selected), strict=True)),
        tuple(
            tuple(_cell(contents, extract, field, row.get(field.name), words) for field in extract.selected)
            for row in rows
        ),
    )


def _cell(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, value: str | None, words: PageWords
) -> Cell:
    if value is None:
        return Cell("", words.say("null"), "none")
    if value == "":
        return Cell("", words.say("empty"), "none")
    if field.action is Action.MASK and MASK.match(value):
        return Cell(readable(in_language(value, words)), words.say("masked_cell"), "masked")
    if field.read_as is not None and value == WHOLE:
        return Cell(in_language(value, words), words.say("masked_cell"), "masked")
    if field.read_as is not None:
        value = in_language(value, words)
    if field.kind is ValueKind.INSTANT:
        local = words.local_time(value, contents.inventory.controller.zone)
        if local:
            return Cell(local, value, "time")
    codes = contents.column(extract.source, extract.table, field.name).codes or {}
    if value in codes:
        return Cell(readable(value), codes[value].get(contents.language))
    return _plain(value, _class(field), words)


def in_language(value: str, words: PageWords) -> str:
    """A value of a column with masks, as the person reads it: `[masked 3f9a2c41]` in their language."""
    return MASK.sub(lambda found: found[0].replace(WHOLE[1:-1], words.say("mask"), 1), value)


def column_style(field: FieldPlan) -> str:
    """How a column is shown: `time`, `number` or as text."""
    if field.action is Action.MASK:
        return ""
    return "time" if field.kind is ValueKind.INSTANT else "number" if field.kind in _NUMBERS else ""


def _class(field: FieldPlan) -> str:
    return "number" if column_style(field) == "number" else ""


def _plain(value: str, style: str, words: PageWords) -> Cell:
    if len(value) > MAX_LENGTH:
        return Cell(readable(value[:MAX_LENGTH]) + "…", words.say("cut"), style)
    return Cell(readable(value), style=style)


def shares(needs: Sequence[int], budget: int) -> list[int]:
    """A share for each need: small ones in full, and the large ones the same.

    >>> shares([5, 100, 40], 90)
    [5, 45, 40]
    """
    given = [0] * len(needs)
    left = budget
    for place, number in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        given[number] = min(needs[number], max(left, 0) // (len(needs) - place))
        left -= given[number]
    return given


def fitting(sizes: Sequence[int], share: int, *, least: int = 0) -> int:
    """How many of the first items fit into a share; `least` of them in any case."""
    taken = 0
    for number, size in enumerate(sizes):
        taken += size
        if taken > share:
            return max(number, min(least, len(sizes)))
    return len(sizes)
