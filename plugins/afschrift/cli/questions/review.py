"""`afschrift review`: look at a bundle before it is delivered. It is answered as every question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.cli.common import AsJson, officer, print_json, print_lines
from afschrift.cli.running import RequestId
from afschrift.cli.terminal import one_line
from afschrift.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from afschrift.casework.review.view import Pointed, ReviewTable, ReviewView

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(
    request: RequestId,
    table: Annotated[str | None, typer.Option(help="source.table: only this one, with whole values.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="Rows of each table at most.")] = 5,
    row: Annotated[str | None, typer.Option(help="One row of the table: #NUMBER or key=value.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what will be sent: tables, columns and why, rows, marked places. This is recorded as an event."""
    from afschrift.casework.review.view import review_view

    if row is not None and table is None:
        raise ConfigurationError("A row is one of a table.", remedy="give --table too.")
    seen = review_view(officer(), request, table=table, rows=rows, row=row)
    if as_json:
        print_json(asdict(seen), ascii=False)
        return
    print_lines(_lines(seen, whole=table is not None))


def _lines(seen: ReviewView, *, whole: bool) -> Iterator[str]:
    asked = f"question {seen.question} ({', '.join(seen.why)})" if seen.question else "no review is open"
    yield f"Request {seen.request}: {seen.right}, state {seen.state}; {asked}"
    yield f"Plan    {seen.plan}"
    yield f"Bundle  {seen.bundle or 'not packed'}" + (f", {seen.bytes} bytes" if seen.bundle else "")
    yield from (f"Refuted {line}" for line in seen.refuted)
    for table in seen.tables:
        yield from _table(table, whole=whole)
    if not whole:
        for table in seen.withheld:
            yield f"\n{table.name}: nothing is given"
            yield from _columns(table)
        for source, (status, files) in seen.searched.items():
            yield f"\n{source}: {status}, {files} files"
    if seen.hidden:
        yield f"\nKept back by a restriction of which the person may not know (R84): {', '.join(seen.hidden)}"
        yield "They get the same as a person who has nothing there."
    if any(table.pointed for table in seen.tables):
        yield "\nMarked places are hints to look at, and decide nothing. GROUND is one of:"
        for code, fields in seen.grounds.items():
            yield f"  {code}: needs {', '.join(fields)}"
    if not seen.values:
        yield "\nValues are not shown to your role."


def _table(table: ReviewTable, *, whole: bool) -> Iterator[str]:
    rows = "nothing is staged of it" if table.rows is None else f"{table.rows} rows"
    files = f", {table.files} uploaded files" if table.files else ""
    yield f"\n{table.name}: {rows}{files} ({table.path})"
    yield from _columns(table)
    for row in table.first:
        yield f"  row {row.name}" + ("" if row.name.startswith("#") else f"  #{row.number}")
        for name, value in row.cells.items():
            shown = "NULL" if value is None else one_line(value if whole else value[:100])
            yield f"      {name}: {shown}"
    if table.pointed_counts:
        counts = ", ".join(f"{kind} {count}" for kind, count in table.pointed_counts.items())
        yield f"  marked: {counts}"
    yield from map(_pointed, table.pointed)


def _columns(table: ReviewTable) -> Iterator[str]:
    groups: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for column in table.columns:
        marks = [f"{column.masked} masked"] * bool(column.masked)
        marks += [f"{column.redacted} redacted"] * bool(column.redacted)
        name = f"{column.name} ({', '.join(marks)})" if marks else column.name
        groups.setdefault((column.action, column.words, column.rules), []).append(name)
    for (action, words, rules), names in groups.items():
        yield f"  {action:<11} {', '.join(names)}"
        yield f"              {words} [{', '.join(rules)}]"


def _pointed(place: Pointed) -> str:
    around = "" if place.text is None else f"  …{place.before}[{place.text}]{place.after}…"
    return f"    {place.line}    {place.kind}{one_line(around)}"
