"""The first rows of a table as the page shows them: shortened, inert, with codes and times explained.

`shares` divides the bytes of the page over its tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from afschrift.bundle.contents import Contents, Row
from afschrift.bundle.page.shown_values import MASK, LinkedWords, in_language, local_time, readable
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.redaction import MASK as WHOLE
from afschrift.domain.value_kind import ValueKind

MAX_ROWS = 10
MAX_LENGTH = 160
UPRIGHT_ROWS, UPRIGHT_COLUMNS, UPRIGHT_LENGTH = 3, 6, 1000
"""A table of at most so many rows and at least so many columns is shown as a list of names and values."""
_SPARED, _LINKED = 40, 60  # bytes of markup around a cell, and around one that links to another row
_STYLES = {
    ValueKind.INSTANT: "time",
    ValueKind.DATE: "date",
    ValueKind.DURATION: "duration",
    ValueKind.JSON: "list",
}
_NUMBERS = frozenset({ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.NUMBER})


@dataclass(frozen=True)
class Cell:
    """One value on the page.

    Attributes:
        text: text; empty if there is only a note.
        note: shown after or instead of it: a code or duration as stored, what a number means, "not
            filled in", the number of the row that `text` names.
        style: class of the style sheet.
        to: anchor of the table with the row that `text` names; empty if it names none.
        exact: the stored time, where `text` is a readable one.
    """

    text: str
    note: str = ""
    style: str = ""
    to: str = ""
    exact: str = ""

    @property
    def line(self) -> str:
        """The value within a line of text; without the stored form of what `text` already says."""
        return self.text if self.style == "coded" else ": ".join(filter(None, [self.text, self.note]))


@dataclass(frozen=True)
class ShownSample:
    """The first rows of a table; the columns as title and style; `upright`: one value a line."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    upright: bool


def is_upright(contents: Contents, extract: ExtractPlan) -> bool:
    """Whether a table has few rows and many columns, so that a table of it would not fit a screen."""
    written = contents.extracted(extract.source, extract.table)
    few = written is not None and written.rows <= UPRIGHT_ROWS
    return few and len(extract.selected) >= UPRIGHT_COLUMNS


def sample_sizes(contents: Contents, extract: ExtractPlan, linked: LinkedWords) -> list[int]:
    """Approximate bytes of each row that the page could show of a table."""
    longest = UPRIGHT_LENGTH if is_upright(contents, extract) else MAX_LENGTH
    return [
        sum(_SPARED + min(len(value or ""), longest) for value in row.values())
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
        is_upright(linked.contents, extract),
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
        return Cell(local, style="time", exact=value)
    if means := code_meanings(contents, extract, field, words).get(value):
        return Cell(means, readable(value), "coded")
    number = words.written(value) if _class(field) else value
    if means := range_meaning(contents, extract, field, value):
        return Cell(readable(number), means)
    if field.kind is ValueKind.DURATION and (lasted := words.lasted(value)):
        return Cell(lasted, value, "coded")
    if field.kind is ValueKind.JSON and (items := list_items(value)) is not None:
        number = joined_items(items, words)
        if not number:
            return Cell("", words.say("empty"), "none")
    longest = UPRIGHT_LENGTH if is_upright(contents, extract) else MAX_LENGTH
    return _plain(number, _class(field), words, longest)


def code_meanings(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, words: PageWords
) -> dict[str, str]:
    """The meanings of a column's codes, or of `true` and `false`."""
    codes = contents.column(extract.source, extract.table, field.name).codes or {}
    if field.kind is ValueKind.BOOLEAN and not codes:
        return {value: words.phrase("truth", value) for value in ("true", "false")}
    return {code: text.get(contents.language) for code, text in codes.items()}


def range_meaning(contents: Contents, extract: ExtractPlan, field: FieldPlan, value: str) -> str:
    """What a number means; empty if the map names no range for it."""
    part = contents.column(extract.source, extract.table, field.name).range_of(value)
    return part.means.get(contents.language) if part else ""


def list_items(document: str) -> list[str] | None:
    """The items of a JSON list of texts and numbers; None of any other document."""
    try:
        items = json.loads(document, parse_float=str, parse_int=str)
    except ValueError:
        return None
    return items if isinstance(items, list) and all(isinstance(item, str) for item in items) else None


def joined_items(items: list[str], words: PageWords) -> str:
    """The items of a list in a line; numbers with the language's signs."""
    shown = [words.written(item) for item in items]
    return ("; " if any("," in item for item in shown) else ", ").join(shown)


def column_style(field: FieldPlan) -> str:
    """How a column is shown: `time`, `number`, `duration`, `list` or as text."""
    if field.action is Action.MASK:
        return ""
    return "number" if field.kind in _NUMBERS else _STYLES.get(field.kind or ValueKind.TEXT, "")


def _class(field: FieldPlan) -> str:
    return "number" if column_style(field) == "number" else ""


def _plain(value: str, style: str, words: PageWords, longest: int) -> Cell:
    if len(value) > longest:
        return Cell(readable(value[:longest]) + "…", words.say("cut"), style)
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
