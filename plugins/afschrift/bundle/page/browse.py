"""The rows that the page's script searches, sorts and pages: inert JSON, up to what the page may weigh."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from afschrift.bundle.contents import Contents, Row
from afschrift.bundle.page.shown_rows import column_style, fitting, in_language, readable, shares
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.extracted import TableExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.profile import CELL

ROWS = 2_000_000
"""Bytes of rows on one page, all tables together."""

PAGE = 4_800_000
"""Bytes that the page should stay under: rows only fill what the texts leave."""

FEWEST = 2
"""A table of one row needs no search."""

_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def inert(document: Any) -> str:
    """JSON that ends no script element and opens no comment in HTML, and that escapes by its own rules."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def script(anchor: str, json_text: str) -> str:
    """An element that browsers keep and never run."""
    return f'<script type="application/json" id="{anchor}">{json_text}</script>\n'


def row_scripts(contents: Contents, anchors: dict[str, str], words: PageWords, left: int) -> Iterator[str]:
    """The rows of each table with more than one.

    Args:
        contents: what is packed.
        anchors: `source.table` -> the table's anchor on the page.
        words: the language.
        left: bytes that the rest of the page leaves.
    """
    tables = [(p, w, _rows(contents, p, words)) for p, w in contents.held if w.rows >= FEWEST]
    given = shares([sum(map(_size, rows)) for *_, rows in tables], min(ROWS, left))
    for (planned, written, rows), share in zip(tables, given, strict=True):
        shown = rows[: fitting([_size(row) for row in rows], share)]
        if len(shown) >= FEWEST:
            head = inert(_head(contents, planned, written, len(shown), words))
            yield script(f"{anchors[planned.name]}-data", f'{head[:-1]},"rows":[{",".join(shown)}]}}')


def _head(
    contents: Contents, planned: ExtractPlan, written: TableExtract, shown: int, words: PageWords
) -> dict[str, Any]:
    if shown < written.rows:
        caption = words.say("browse_first", shown=words.number(shown), n=words.number(written.rows))
    else:
        caption = words.count("browse_all", written.rows)
    columns = []
    for field in planned.selected:
        codes = contents.column(planned.source, planned.table, field.name).codes or {}
        style = "masked" if field.action is Action.MASK else column_style(field)
        style = "redacted" if field.read_as is not None and style != "masked" else style
        columns.append([style, {code: text.get(contents.language) for code, text in codes.items()}])
    return {"caption": caption, "columns": columns, "part": shown < written.rows}


def _rows(contents: Contents, planned: ExtractPlan, words: PageWords) -> list[str]:
    fields = planned.selected
    return [inert([_value(row.get(f.name), f, words) for f in fields]) for row in _held(contents, planned)]


def _held(contents: Contents, planned: ExtractPlan) -> Sequence[Row]:
    return contents.samples.get(planned.name, ())


def _value(value: str | None, field: FieldPlan, words: PageWords) -> str | list[str] | None:
    """The text, masks in the person's language; in a list of one where it goes on in the file."""
    if value is not None and (field.action is Action.MASK or field.read_as is not None):
        value = in_language(value, words)
    if value is not None and len(value) > CELL:
        return [readable(value[:CELL])]
    return None if value is None else readable(value)


def _size(row: str) -> int:
    return len(row.encode()) + 1
