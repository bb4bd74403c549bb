"""Keep what is ticked on the page of a table; it masks nothing until the review is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from afschrift.casework.officer import Officer
from afschrift.casework.review.answer import staged_of
from afschrift.casework.review.look import begin, must_be, read_draft, write_draft
from afschrift.casework.review.read_table import ReadTable, line_of, read_tables
from afschrift.casework.review.resolve import SPANS
from afschrift.casework.review.table_page import overlap, place_of
from afschrift.domain.errors import FormError, RefusedError, TooLateError
from afschrift.domain.redaction import MOST_LINES, LineError, Span

_OVERLAPS = re.compile(r"(?<=it overlaps )line \d+")


@dataclass(frozen=True)
class Ticks:
    """What was filled in on the page of a table.

    Attributes:
        shown: the places of the page, as lines without a ground.
        masked: of them those that are ticked -> their ground.
        words: to mask wherever they are in a text of the table.
        cell: number of a row and column to mask whole.
        ground: of words and cell.
        version: of what was kept when the page was opened.
    """

    shown: tuple[str, ...]
    masked: Mapping[str, str]
    words: tuple[str, ...] = field(default=(), repr=False)
    cell: tuple[int, str] | None = None
    ground: str = ""
    version: str = ""


def keep_ticks(officer: Officer, request_id: str, table: str, ticks: Ticks) -> None:
    """Keep what was judged on a page of a table.

    Raises:
        NotAllowedError: they may not answer the review.
        TooLateError: it was answered, or another officer kept something of this table meanwhile.
        FormError: a place cannot be masked; named by its line, `ground`, `words` or `cell`.
    """
    look = begin(officer, request_id, table, unseen=True)
    if look.question is None:
        raise TooLateError("This review is not open any more: it was answered, or packed anew.")
    officer.answering(look.question)
    before = must_be(read_draft(look), table, ticks.version)
    right = officer.register.requests.get(request_id).right
    grounds = {ground.code: ground for ground in officer.grounds.redacting(right)}
    named = ticks.words or ticks.cell
    if not {*ticks.masked.values(), *([ticks.ground] if named else [])} <= grounds.keys():
        raise FormError("A ground is missing.", {"ground": "choose on which ground this is masked"})
    if not all(_is_of(table, line) for line in (*ticks.shown, *ticks.masked)):
        raise RefusedError(
            "The form names a place that is none of this table.", remedy="open the table anew."
        )
    places = before.places | dict.fromkeys(ticks.shown, "") | dict(ticks.masked)
    read = next(read_tables(look, table))
    new: list[tuple[int, str, Span | None]] = [*_of_words(read, ticks.words)]
    for row, column, span in [*new, *([(*ticks.cell, None)] if ticks.cell else [])]:
        _add(places, table, row, column, span, ticks.ground)
    lines = [(line, ground) for line, ground in places.items() if ground]
    staged = staged_of(officer, look.question, grounds)
    texts = [f"{line} {ground}" for line, ground in lines]
    faults = staged.resolved(look.question.id, texts)[1] if texts else {}
    if faults:
        raise FormError(
            "Not every place can be masked.",
            {
                lines[min(n, len(lines)) - 1][0]: _OVERLAPS.sub("another masked place", fault)
                for n, fault in faults.items()
            },
        )
    known = {*before.places, *ticks.shown}
    write_draft(look, table, before, places, [*before.named, *(line for line in places if line not in known)])


def _is_of(table: str, line: str) -> bool:
    try:
        return line == line_of(table, *place_of(line))
    except LineError:
        return False


def _add(places: dict[str, str], table: str, row: int, column: str, span: Span | None, ground: str) -> None:
    """Mask a place, together with what is masked already and overlaps it."""
    for line in [line for line, of in places.items() if of]:
        at, name, known = place_of(line)
        if (at, name) == (row, column) and overlap(known, span):
            places[line] = ""
            span = (min(span[0], known[0]), max(span[1], known[1])) if span and known else None
    places[line_of(table, row, column, span)] = ground


def _of_words(read: ReadTable, words: Sequence[str]) -> Iterator[tuple[int, str, Span]]:
    """Where words are, each as a whole word in small or capital letters."""
    if not words:
        return
    found, number = {word.casefold() for word in words}, 0
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(w)}(?!\w)" for w in words), re.IGNORECASE)
    for row, column, text in _texts(read):
        for match in pattern.finditer(text):
            found.discard(match[0].casefold())
            number += 1
            if number > MOST_LINES:
                raise FormError(
                    "Too many places.",
                    {"words": f"are in more than {MOST_LINES} places: leave the column out"},
                )
            yield row, column, match.span()
    if found:
        raise FormError("Not found.", {"words": f"{len(found)} of them are in no text of this table"})


def _texts(read: ReadTable) -> Iterator[tuple[int, str, str]]:
    if read.part is None:
        for number in range(1, (read.rows or 0) + 1):
            texts = read.numbered([number]).get(number, {})
            yield from ((number, column, text) for column, text in texts.items() if text)
        return
    columns = [f.name for f in read.part.selected if (f.read_as or f.kind) in SPANS]
    kept = {*read.described.key} if read.described else set()
    for first, batch in read.staged.batches() if read.staged else ():
        for column in (name for name in columns if name not in kept):
            for number, text in enumerate(batch.column(column).to_pylist(), first):
                if text:
                    yield number, column, text
