"""What the page names first: what was guessed about the person, and what others passed on.

By its values, not by the names of tables: a reader asks what is held about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.shown_rows import UPRIGHT_ROWS, Cell, shown_cell
from afschrift.bundle.page.words import PageWords
from afschrift.bundle.sheet.sheet import has_values
from afschrift.domain.extracted import TableExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin


@dataclass(frozen=True)
class Highlight:
    """What one table holds of a kind: its anchor and title, and each row's values in a line."""

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
    fields = [f for f in planned.selected if origin in (f.origin, *f.origins) and has_values(written, f)]
    if not fields or (origin is Origin.THIRD_PARTY and 2 * len(fields) < len(planned.selected)):
        return  # a table of others' data, not one with a note of a carrier
    titles = {f.name: contents.column_title(planned.source, planned.table, f.name) for f in fields}
    if written.rows > UPRIGHT_ROWS:
        yield ", ".join(titles.values())
        return
    for row in contents.samples.get(planned.name, ()):
        shown = ((f, shown_cell(contents, planned, f, row.get(f.name), words)) for f in fields)
        values = [f"{titles[f.name]}: {cell.line}" for f, cell in shown if _is_read(f, cell)]
        if values:
            yield "; ".join(values)


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
