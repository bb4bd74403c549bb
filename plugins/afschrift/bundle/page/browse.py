"""The rows that the page's script searches, sorts and pages: inert JSON, up to a limit of bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from afschrift.bundle.contents import Contents, Row
from afschrift.bundle.page.shown_rows import (
    code_meanings,
    column_style,
    fitting,
    is_upright,
    range_meaning,
    shares,
)
from afschrift.bundle.page.shown_values import LinkedWords, in_language, readable
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.extracted import TableExtract
from afschrift.domain.overview import CELL
from afschrift.domain.plan import FieldPlan

ROWS = 2_000_000
"""Bytes of rows on the page, for all tables."""

PAGE = 4_800_000
"""Maximum bytes of the page; rows fill what the texts leave."""

SEPARATOR = "\u001f"
"""Between the values of a reference to another row; these have no control characters."""

FEWEST = 2
"""A table of one row needs no search."""

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ODD = re.compile(r'[<>&]|\\(?!["\\])')
"""Characters that must be escaped in HTML, and JSON escapes other than of quotes and backslashes."""

_encoder = msgspec.json.Encoder()


def inert(document: Any) -> str:
    """Write JSON that can neither end a script element nor open a comment in HTML."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    for sign, escaped in _ESCAPES.items():  # `translate` looks up each character of each row
        if sign in text:
            text = text.replace(sign, escaped)
    return text


def script(anchor: str, json_text: str) -> str:
    """A script element with JSON, which browsers never run."""
    return f'<script type="application/json" id="{anchor}">{json_text}</script>\n'


def row_scripts(contents: Contents, anchors: dict[str, str], words: PageWords, left: int) -> Iterator[str]:
    """The rows of each table with more than one, unless the page has them all as lists.

    Args:
        contents: what is packed.
        anchors: `source.table` -> the table's anchor on the page.
        words: the language.
        left: bytes that the rest of the page leaves.
    """
    browsed = ((p, w) for p, w in contents.held if w.rows >= FEWEST and not is_upright(contents, p))
    sampled = [(w, LinkedWords(contents, p, words)) for p, w in browsed]
    tables = [(written, linked, *_rows(linked)) for written, linked in sampled]
    given = shares([sum(sizes) for *_, sizes in tables], min(ROWS, left))
    for (written, linked, rows, sizes), share in zip(tables, given, strict=True):
        shown = rows[: fitting(sizes, share)]
        if len(shown) >= FEWEST:
            head = inert(_head(linked, written, len(shown), anchors))
            anchor = anchors[linked.extract.name]
            yield script(f"{anchor}-data", f'{head[:-1]},"rows":[{",".join(shown)}]}}')


def _head(
    linked: LinkedWords, written: TableExtract, shown: int, anchors: Mapping[str, str]
) -> dict[str, Any]:
    contents, planned, words = linked.contents, linked.extract, linked.words
    if shown < written.rows:
        caption = words.say("browse_first", shown=words.number(shown), n=words.number(written.rows))
    else:
        caption = words.count("browse_all", written.rows)
    named = _labels(linked, shown, anchors)
    columns: list[list[Any]] = []
    for field in planned.selected:
        codes: dict[str, str | list[str]] = {**code_meanings(contents, planned, field, words)}
        ranges = contents.column(planned.source, planned.table, field.name).ranges
        for row in _sample_rows(linked)[:shown] if ranges else ():
            value = row.get(field.name) or ""
            if value not in codes and (means := range_meaning(contents, planned, field, value)):
                codes[value] = [means]  # the number stays first
        style = "masked" if field.action is Action.MASK else column_style(field)
        style = "redacted" if field.read_as is not None and style != "masked" else style
        columns.append([style, codes])
        if field.name in named:
            columns[-1].append(named[field.name])
    return {"caption": caption, "columns": columns, "part": shown < written.rows}


def _labels(linked: LinkedWords, shown: int, anchors: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """For each column with references: the table, the columns, and the label of each referenced row."""
    places = {field.name: number for number, field in enumerate(linked.extract.selected)}
    found: dict[str, dict[str, Any]] = {
        at: {"to": anchors[link.to.name], "by": [places[field.name] for field in link.own], "of": {}}
        for at, link in linked.links.items()
    }
    for row in _sample_rows(linked)[:shown] if found else ():
        for column, key, text in linked.keyed(row):
            found[column]["of"][SEPARATOR.join(key)] = text
    return found


def _rows(linked: LinkedWords) -> tuple[list[str], list[int]]:
    """Each row's JSON, and its bytes with those of labels that it is the first to need."""
    sampled = _sample_rows(linked)
    rows = _encode_at_once(linked) or [_row(row, linked) for row in sampled]
    sizes = [(len(row) if row.isascii() else len(row.encode())) + 1 for row in rows]
    known = set()
    for number, row in enumerate(sampled if linked.links else ()):
        for column, key, text in linked.keyed(row):
            if (column, key) not in known:
                known.add((column, key))
                sizes[number] += len(inert([SEPARATOR.join(key), text]).encode())
    return rows, sizes


def _encode_at_once(linked: LinkedWords) -> list[str]:
    """Encode all rows at once, with the same result as `_row`; only rows that need escaping use that.

    Empty if columns may have masks, if a row lacks a column, or if a value is no valid Unicode text.
    """
    fields = linked.extract.selected
    if any(_may_be_masked(field) for field in fields):
        return []
    sampled, values = _sample_rows(linked), itemgetter(*(field.name for field in fields))
    try:
        rows = map(values, sampled) if len(fields) > 1 else ([values(row)] for row in sampled)
        text = _encoder.encode_lines(rows).decode()
    except (KeyError, UnicodeEncodeError):
        return []
    lines = text.split("\n")[:-1]
    if _is_harmless(text.replace("\n", "")) and len(max(lines, key=len, default="")) <= CELL:
        return lines
    return [
        line if _is_harmless(line) and not _is_cut(line, row) else _row(row, linked)
        for line, row in zip(lines, sampled, strict=True)
    ]


def _is_harmless(text: str) -> bool:
    return text.isprintable() and not _ODD.search(text)


def _is_cut(line: str, row: Row) -> bool:
    return len(line) > CELL and any(value is not None and len(value) > CELL for value in row.values())


def _row(row: Row, linked: LinkedWords) -> str:
    return inert([_value(row.get(field.name), field, linked.words) for field in linked.extract.selected])


def _sample_rows(linked: LinkedWords) -> Sequence[Row]:
    return linked.contents.samples.get(linked.extract.name, ())


def _value(value: str | None, field: FieldPlan, words: PageWords) -> str | list[str] | None:
    """The text, with masks in the person's language; in a list if it is cut."""
    if value is not None and _may_be_masked(field):
        value = in_language(value, words)
    if value is not None and len(value) > CELL:
        return [readable(value[:CELL])]
    return None if value is None else readable(value)


def _may_be_masked(field: FieldPlan) -> bool:
    return field.action is Action.MASK or field.read_as is not None
