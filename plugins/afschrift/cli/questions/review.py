"""`afschrift review`: look at a bundle before it is delivered. It is answered as every question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.cli.common import AsJson, officer, print_found
from afschrift.cli.running import RequestId
from afschrift.cli.terminal import one_line

if TYPE_CHECKING:
    from afschrift.casework.review.table_page import ReviewCard, TablePage
    from afschrift.casework.review.view import ReviewTable, ReviewView

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(
    request: RequestId,
    table: Annotated[str | None, typer.Option(help="source.table: its rows, those with marks first.")] = None,
    first: Annotated[int, typer.Option(min=1, help="With a table: position of the first row shown.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show what will be sent: tables, columns and why, rows, marked places. This is recorded as an event."""
    from afschrift.casework.review.look import begin
    from afschrift.casework.review.review_overview import overview
    from afschrift.casework.review.table_page import table_page

    if table is not None:
        page = table_page(officer(), request, table, first)
        rows = sorted((*page.cards, *page.others), key=lambda card: card.number)
        print_found(lambda: {"table": table, "rows": list(map(asdict, rows))}, _page(page, rows), as_json)
        return
    found = overview(begin(officer(), request, None))
    lines = _lines(found.view, (*found.differing, *found.others))
    print_found(lambda: asdict(found.view), lines, as_json)


def _lines(seen: ReviewView, tables: tuple[ReviewTable, ...]) -> Iterator[str]:
    asked = f"question {seen.question} ({', '.join(seen.why)})" if seen.question else "no review is open"
    yield f"Request {seen.request}: {seen.right}, state {seen.state}; {asked}"
    yield f"Plan    {seen.plan}"
    yield f"Bundle  {seen.bundle or 'not packed'}" + (f", {seen.bytes} bytes" if seen.bundle else "")
    yield from (f"Refuted {line}" for line in seen.refuted)
    for table in tables:
        rows = "nothing is staged of it" if table.rows is None else f"{table.rows} rows"
        files = f", {table.files} files" if table.files else ""
        yield f"\n{table.name}: {rows}{files} ({table.path})"
        yield from _columns(table)
        if table.pointed_counts:
            counts = ", ".join(f"{kind} {count}" for kind, count in table.pointed_counts.items())
            yield f"  marked: {counts}; --table {table.name} shows them"
    for table in seen.withheld:
        yield f"\n{table.name}: nothing is given"
        yield from _columns(table)
    for source, (status, number) in seen.searched.items():
        yield f"\n{source}: {status}, {number} files"
    if seen.hidden:
        yield f"\nKept back by a restriction of which the person may not know (R84): {', '.join(seen.hidden)}"
        yield "They get the same as a person who has nothing there."
    if any(table.places for table in tables):
        yield "\nMarked places are hints to look at, and decide nothing. GROUND is one of:"
        for code, fields in seen.grounds.items():
            yield f"  {code}: needs {', '.join(fields)}"
    if not seen.values:
        yield "\nValues are not shown to your role."


def _page(page: TablePage, rows: list[ReviewCard]) -> Iterator[str]:
    yield f"{page.read.name}: rows {page.first} to {page.last} of {page.read.rows or 0}, {page.places} marked"
    of_files = not page.read.part and page.read.look.values
    found = page.read.numbered([row.number for row in rows]) if of_files else {}
    for row in rows:
        yield f"  row #{row.number}"
        for name, value in (row.rest or found.get(row.number, {})).items():
            yield f"      {name}: {'NULL' if value is None else one_line(value)}"
        for cell in row.cells:
            around = "".join(f"{place.before}[{place.text}]" for place in cell.places) + cell.after
            yield f"      {cell.column}: {one_line(around)}"
            yield from (f"    {place.line} GROUND    {place.kind}" for place in cell.places)
        yield from (f"    {file.line} GROUND    file {one_line(file.name)}" for file in row.files)


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
