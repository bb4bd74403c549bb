"""The cost of reading a table of a plan, in words for the officer who reviews the plan."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.domain.notation import count, size_in_words
from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.inventory.model import SourceFile

_MILLION = 1_000_000


def estimate_lines(estimate: Estimate, source: SourceFile) -> Iterator[str]:
    """A line for the statement, if the database estimates it, and a line for each table."""
    believed = [f"about {about(estimate.rows)} rows"] if estimate.rows is not None else []
    if estimate.cost is not None:
        believed.append(f"cost {estimate.cost:,.0f} in the database's own unit")
    if believed:
        yield ", ".join(believed)
    for reading in estimate.readings:
        yield f"{reading.table}: {_how(reading, source)}"
    if not estimate.readings:
        yield "the database does not say how it would read the table"


def about(number: int) -> str:
    """`20,000`, and `2.1 million` from a million on."""
    return f"{number:,}" if number < _MILLION else f"{number / _MILLION:,.1f} million"


def _how(reading: TableEstimate, source: SourceFile) -> str:
    if reading.whole is None:
        return "the database does not say how it would read it"
    if reading.files is not None:
        size = "" if reading.size is None else f" ({size_in_words(reading.size)})"
        of = f"{reading.files:,} of " if reading.of_files is not None else ""
        number = reading.files if reading.of_files is None else reading.of_files
        return f"looks through {of}{count(number, 'file')}{size}"
    held = "" if reading.rows is None else f" {about(reading.rows)}"
    size = "" if reading.size is None else f", {size_in_words(reading.size)}"
    if not reading.whole:
        of = f", of{held} rows{size}" if held else ""
        return f"by index{f' {reading.index}' if reading.index else ''}{of}"
    columns = _columns(reading.table, source)
    because = f" (no index on {' or '.join(columns)} is of use)" if columns else ""
    return f"reads all{held} rows{size}{because}"


def _columns(table: str, source: SourceFile) -> list[str]:
    """Columns by which a person's rows are found in a table."""
    found: dict[str, None] = {}
    for name, entry in source.tables.items():
        if source.in_source(name) == table:
            found |= dict.fromkeys(link.column for link in entry.subject.values())
            found |= dict.fromkeys(column for join in entry.join for column in join)
    return list(found)
