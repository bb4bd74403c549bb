"""Store a request for each line of a CSV file; faults are named by line and column, and repeat nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from afschrift.app.settings import Settings
from afschrift.casework.intake.entry import field_at, listed, names, read_entry
from afschrift.casework.intake.receive import receive
from afschrift.domain.errors import FormError, RefusedError
from afschrift.domain.language import gettext
from afschrift.domain.nearest import did_you_mean
from afschrift.domain.notation import count
from afschrift.services import Services

MOST_LINES = 20_000
_LONGEST_FIELD = 131_072
_DELIMITERS = ";,\t"
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass
class ImportReport:
    """What became of the lines of a file.

    Attributes:
        opened: ids of the requests that were stored now.
        found: lines whose message was stored before, by this file or earlier.
        faults: line (the first is 1), column and what is wrong.
    """

    opened: list[str] = field(default_factory=list)
    found: int = 0
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    requests: dict[str, None] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The same in sentences."""
        yield from (f"line {line}, {column}: {fault}." for line, column, fault in self.faults)
        yield f"Stored: {count(len(self.opened), 'request')}. Stored before: {count(self.found, 'line')}."
        if wrong := len({line for line, _, _ in self.faults}):
            yield (
                f"Not stored: {count(wrong, 'line')}. Correct the file and load it again as a whole: what is "
                "stored is recognised."
            )


def import_csv(
    settings: Settings, services: Services, content: bytes, by: str, most: int = MOST_LINES
) -> ImportReport:
    """Store the lines that can be stored.

    Args:
        settings: of the installation.
        services: of the installation.
        content: CSV with a first line of names, as `entry.names`; in UTF-8, UTF-16 or Windows-1252,
            separated by semicolons, commas or tabs.
        by: who enters it.
        most: lines that are taken.

    Raises:
        RefusedError: nothing can be read of it; nothing was stored.
    """
    text = _text(content)
    first = text.partition("\n")[0]
    rows = _lines(text, max(_DELIMITERS, key=first.count))
    report = ImportReport()
    if text.count("\n") > most:
        raise RefusedError(
            f"The file has more than the {most:,} lines that are taken here.",
            remedy=f"split it; `afschrift submit --csv` takes {MOST_LINES:,}. Nothing was stored.",
        )
    heads = _heads([name.strip() for name in next(rows, (1, None))[1] or ()], names(services.inventory))
    for line, row in rows:
        try:
            given = _given(heads, row)
            stored = (
                receive(settings, services, read_entry(given, services.inventory), by, _unsaid)
                if given
                else None
            )
        except FormError as error:
            report.faults += ((line, _column(heads, name), fault) for name, fault in error.fields.items())
        except RefusedError as error:
            report.faults.append((line, gettext("the line"), str(error).rstrip(".")))
        else:
            if stored is not None:
                report.opened += stored.opened
                report.found += stored.found
                report.requests |= dict.fromkeys(stored.requests)
    return report


def _heads(heads: list[str], known: Collection[str]) -> list[str]:
    wrong = [number for number, name in enumerate(heads, 1) if name not in known]
    if heads and not wrong and len(set(heads)) == len(heads):
        return heads
    hints = [did_you_mean(heads[number - 1], known) or "it is none of the names" for number in wrong[:9]]
    listing = "; ".join(f"column {n}: {hint}" for n, hint in zip(wrong, hints, strict=False))
    raise RefusedError(
        f"The first line does not name the fields: {listing or 'it is empty, or names one twice'}.",
        remedy=f"give it names among {', '.join(known)}. Nothing was stored.",
    )


def _given(heads: list[str], row: list[str] | None) -> dict[str, Any]:
    """The fields of a line; none: it is empty."""
    if row is None:
        raise FormError("A line is wrong.", {"": gettext("has a field that is longer than is taken")})
    if not any(cell.strip() for cell in row):
        return {}
    if len(row) != len(heads):
        fault = gettext("has {found} columns, not {needed}", found=len(row), needed=len(heads))
        raise FormError("A line is wrong.", {"": fault})
    return {name: listed(name, cell) for name, cell in zip(heads, row, strict=True)}


def _column(heads: list[str], of: str) -> str:
    """The column of a field, in words."""
    name = field_at((of,)) if of else ""
    if name in heads:
        return gettext("column {number} ({name})", number=heads.index(name) + 1, name=name)
    return name or gettext("the line")


def _unsaid(_: str) -> None:
    """No line has a log-in, so no letter is made of which something could be said."""


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Each line with the number at which it begins; None: it cannot be split."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:  # by the limit of the module, which another library may have raised
            yield line, None
        else:
            yield line, row if all(len(cell) <= _LONGEST_FIELD for cell in row) else None


def _text(content: bytes) -> str:
    encodings = [_BOMS[content[:2]]] if content[:2] in _BOMS else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            if "\0" not in text:
                return text
    raise RefusedError("This is no CSV file.", remedy="save it as CSV in UTF-8. Nothing was stored.")
