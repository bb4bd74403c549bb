"""What the page names first: what was guessed about the person, and what others passed on.

By its values, not by the names of tables: a reader asks what is held about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.shown_rows import Cell, shown_cell
from afschrift.bundle.page.words import PageWords
from afschrift.bundle.sheet.sheet import has_values
from afschrift.domain.extracted import TableExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin


@dataclass(frozen=True)
class Highlight:
    """What one table holds of a kind: its anchor and title, and a line for each column."""

    anchor: str
    title: str
    lines: tuple[str, ...]


def highlights(
    contents: Contents, words: PageWords, anchors: Mapping[str, str]
) -> dict[Origin, tuple[Highlight, ...]]:
    """What was guessed, and what others passed on; empty where only what is from the person is given."""
    found: dict[Origin, list[Highlight]] = {Origin.INFERRED: [], Origin.THIRD_PARTY: []}
    for planned, written in contents.held if not contents.plan.right.terms.provided_only else ():
        for origin, entries in found.items():
            lines = tuple(_lines(contents, planned, written, origin, words))
            if lines:
                title = contents.table_title(planned.source, planned.table)
                givers = ", ".join(_givers(contents, planned)) if origin is Origin.THIRD_PARTY else ""
                entries.append(
                    Highlight(anchors[planned.name], f"{title} ({givers})" if givers else title, lines)
                )
    return {origin: tuple(entries) for origin, entries in found.items()}


def _lines(
    contents: Contents, planned: ExtractPlan, written: TableExtract, origin: Origin, words: PageWords
) -> Iterator[str]:
    selected = planned.selected
    fields = [f for f in selected if _only(f) is origin and has_values(written, f)]
    if origin is Origin.THIRD_PARTY and 2 * len(fields) < len(selected):
        return  # a table of others' data, not one with a note of a carrier
    [*rows] = contents.samples.get(planned.name, ())[:1]
    for field in fields:
        title = contents.column_title(planned.source, planned.table, field.name)
        if written.rows != 1 or not rows:
            yield f"{title} ({words.count('rows', written.rows)})"
        elif _is_read(field, cell := shown_cell(contents, planned, field, rows[0].get(field.name), words)):
            note = f" ({cell.note.rstrip('.')})" if cell.note and cell.style != "coded" else ""
            yield f"{title}: {cell.text}{note}"


def _only(field: FieldPlan) -> Origin | None:
    """The origin of a column; None where it differs by row."""
    return field.origin or (field.origins[0] if len(field.origins) == 1 else None)


def _givers(contents: Contents, planned: ExtractPlan) -> dict[str, None]:
    """Names in the map of who gave the rows or values; where the rows name them, a value does."""
    columns = (contents.column(planned.source, planned.table, field.name) for field in planned.selected)
    sources = (contents.table(planned.source, planned.table).source, *(column.source for column in columns))
    names = (source.name for source in sources if source and source.name)
    return dict.fromkeys(name.get(contents.language) for name in names)


def _is_read(field: FieldPlan, cell: Cell) -> bool:
    """Whether a reader learns something from a value: not from a mask, or a document of numbers alone."""
    if not cell.text or cell.style == "masked":
        return False
    return field.kind is not ValueKind.JSON or (cell.text[0] not in "[{" and any(map(str.isalpha, cell.text)))
