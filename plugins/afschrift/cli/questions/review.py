"""`afschrift review`: review a bundle before delivery: approve it, redact cells or spans, or hold it back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.casework.review.question import REVIEW
from afschrift.cli import given
from afschrift.cli.common import AsJson, officer, print_json, print_lines
from afschrift.cli.forms import from_file
from afschrift.cli.questions.questions import give
from afschrift.cli.running import CODES, Here, OnAirflow, RequestId, in_one_place
from afschrift.cli.terminal import one_line
from afschrift.domain.errors import ConfigurationError
from afschrift.questions.kind import GivenAnswer

if TYPE_CHECKING:
    from afschrift.casework.review.view import Pointed, ReviewTable, ReviewView

app = typer.Typer(no_args_is_help=True)

Words = Annotated[
    Path | None, typer.Option("--text-file", help="Reason in words, kept encrypted; `-`: standard input.")
]


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


@app.command(epilog=CODES)
def approve(
    request: RequestId, text_file: Words = None, here: Here = False, airflow: OnAirflow = False
) -> None:
    """Approve the bundle unchanged. The approval is for exactly this bundle and no other."""
    _answer(request, GivenAnswer("approved", text=given.text(text_file)), here=here, airflow=airflow)


@app.command("hold-back", epilog=CODES)
def hold_back(
    request: RequestId, text_file: Words = None, here: Here = False, airflow: OnAirflow = False
) -> None:
    """Send nothing, with a reason in words; the next run asks again."""
    text = given.text(text_file)
    if text is None and sys.stdin.isatty():
        text = typer.prompt("Why (kept encrypted)")
    _answer(request, GivenAnswer("hold_back", text=text), here=here, airflow=airflow)


@app.command(epilog=CODES)
def redact(
    request: RequestId,
    form: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="`detail` and `texts` as YAML or JSON: texts.redactions are the lines, the other fields are "
            "those of their grounds; `-`: standard input.",
        ),
    ],
    here: Here = False,
    airflow: OnAirflow = False,
) -> None:
    """Mask cells or spans: a line for each, and for each ground the three answers of R32, once.

    A line is `source.table ROW COLUMN [FROM:TO] GROUND`, as `review show` prints it.
    """
    _answer(request, from_file(form, choice="redact"), here=here, airflow=airflow)


def _answer(request: str, answer: GivenAnswer, *, here: bool, airflow: bool) -> None:
    in_one_place(here, airflow)
    who = officer()
    who.register.requests.get(request)
    asked = [q for q in who.register.questions.all(request_id=request) if q.kind == REVIEW]
    if not asked:
        raise ConfigurationError(
            f"No review of request {request} is open.",
            remedy="its run asks for one after packing a bundle that must be reviewed.",
        )
    give(who, asked[-1], answer, here=here, airflow=airflow)


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
