"""The first rows of a table as the page shows them: shortened, inert, with codes and times explained.

`shares` divides the bytes of the page over its tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from afschrift.bundle.contents import Contents, Row
from afschrift.bundle.page.shown_values import MASK, LinkedWords, in_language, local_time, readable
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.redaction import MASK as WHOLE
from afschrift.domain.value_kind import ValueKind

MAX_ROWS = 25
MAX_LENGTH = 160
_SPARED, _LINKED = 40, 60  # bytes of markup around a cell, and around one that links to another row
_NUMBERS = frozenset({ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.NUMBER})


@dataclass(frozen=True)
class Cell:
    """One value on the page.

    Attributes:
        text: text; empty if there is only a note.
        note: shown after or instead of it: the meaning of a code, the time in UTC, "not filled in", the
            number of the row that `text` names.
        style: class of the style sheet.
        to: anchor of the table with the row that `text` names; empty if it names none.
    """

    text: str
    note: str = ""
    style: str = ""
    to: str = ""


@dataclass(frozen=True)
class ShownSample:
    """The first rows of a table; the columns as title and style."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def sample_sizes(contents: Contents, extract: ExtractPlan, linked: LinkedWords) -> list[int]:
    """Approximate bytes of each row that the page could show of a table."""
    return [
        sum(_SPARED + min(len(value or ""), MAX_LENGTH) for value in row.values())
        + sum(_LINKED + len(text) for _, _, text in linked.keyed(row))
        for row in contents.samples.get(extract.name, ())[:MAX_ROWS]
    ]


def sample(
    linked: LinkedWords, titles: tuple[str, ...], anchors: Mapping[str, str], most: int = MAX_ROWS
) -> ShownSample:
    """The rows of a table that the page shows without script.

    Args:
        linked: the table, and the labels of rows that it refers to.
        titles: titles of the selected columns, in their order.
        anchors: `source.table` -> the table's anchor on the page.
        most: rows at most.
    """
    extract = linked.extract
    rows = linked.contents.samples.get(extract.name, ())[:most]
    styles = ["" if field.name in linked.links else _class(field) for field in extract.selected]
    unclear = [f"{extract.name}.{field.name}" in linked.contents.marks for field in extract.selected]
    styles = [
        f"{style} unclear".strip() if mark else style for style, mark in zip(styles, unclear, strict=True)
    ]
    return ShownSample(
        tuple(zip(titles, styles, strict=True)),
        tuple(tuple(_shown(linked, field, row, anchors) for field in extract.selected) for row in rows),
    )


def _shown(linked: LinkedWords, field: FieldPlan, row: Row, anchors: Mapping[str, str]) -> Cell:
    cell = shown_cell(linked.contents, linked.extract, field, row.get(field.name), linked.words)
    if field.name not in linked.links:
        return cell
    text = linked.name(field.name, row)
    if not text:
        return replace(cell, style="" if cell.style == "number" else cell.style)
    return Cell(text, cell.text, to=anchors[linked.links[field.name].to.name])


def shown_cell(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, value: str | None, words: PageWords
) -> Cell:
    """A value in words: its mask, its time, and what a code or a number means."""
    if value is None:
        return Cell("", words.say("null"), "none")
    if value == "":
        return Cell("", words.say("empty"), "none")
    if field.action is Action.MASK and MASK.search(value):  # first words may stay before it
        return Cell(readable(in_language(value, words)), words.say("masked_cell"), "masked")
    if field.read_as is not None and value == WHOLE:
        return Cell(in_language(value, words), words.say("masked_cell"), "masked")
    if field.read_as is not None:
        value = in_language(value, words)
    if local := local_time(contents, field, value, words):
        return Cell(local, value, "time")
    if means := contents.column(extract.source, extract.table, field.name).meaning_of(value):
        return Cell(readable(value), means.get(contents.language))
    return _plain(value, _class(field), words)


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
    """Divide a budget: small needs in full, and equal shares for large ones.

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
    """How many of the first items fit into a share; at least `least`."""
    taken = 0
    for number, size in enumerate(sizes):
        taken += size
        if taken > share:
            return max(number, min(least, len(sizes)))
    return len(sizes)
