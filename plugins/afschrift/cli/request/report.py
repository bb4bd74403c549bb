"""`afschrift report`: figures of a period, the register of requests, and an authority's questions."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.app.catalogs import load_language
from afschrift.cli.common import officer, right_of, say
from afschrift.cli.given import date_, write
from afschrift.domain.language import serve_in
from afschrift.domain.nearest import choose
from afschrift.domain.right import Right
from afschrift.domain.state import State

commands = typer.Typer()
_OUTCOMES = ("open", *(state.value for state in State if not state.open))


def _outcome_of(text: str) -> str:
    if text not in _OUTCOMES:
        raise typer.BadParameter(f"this is no outcome: {choose(text, _OUTCOMES)}")
    return text


@commands.command()
def report(
    file: Annotated[
        Path | None,
        typer.Argument(help="A new file: .html (to print), .csv, .json or .parquet. None: the figures here."),
    ] = None,
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="First day of receipt.")] = "",
    until: Annotated[
        str, typer.Option("--to", metavar="DATE", help="Last day of receipt; default: today.")
    ] = "",
    what: Annotated[
        str, typer.Option(help="figures, visit (an authority's questions) or requests.")
    ] = "figures",
    outside: Annotated[
        bool, typer.Option("--outside", help="For readers outside: no figure below five, and no request.")
    ] = False,
    language: Annotated[str, typer.Option(help="Of the words: en or nl.")] = "en",
    right: Annotated[
        Right | None,
        typer.Option(parser=right_of, metavar="RIGHT", help="Of `requests`: this right alone."),
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(parser=_outcome_of, metavar="OUTCOME", help="Of `requests`: this outcome alone."),
    ] = None,
) -> None:
    """Report on the requests that were received in a period, from one read of the register.

    Requests that do not follow from the trail are named and counted in no figure. `requests` exports the
    register of requests, which is an event. docs/report.md has the SQL of each figure.
    """
    from afschrift.report.document import ReportPeriod  # pandas is loaded for this command alone
    from afschrift.report.report_files import FORMATS, KINDS, made

    if what not in KINDS:
        raise typer.BadParameter(f"write one of {', '.join(KINDS)}.", param_hint="--what")
    form = file.suffix[1:] if file else "json"
    if form not in FORMATS:
        raise typer.BadParameter(f"its name ends in one of .{', .'.join(FORMATS)}", param_hint="FILE")
    who = officer()
    last = date_(until, "--to") if until else who.now.date()
    period = ReportPeriod(date_(since, "--from") if since else date(last.year, 1, 1), last)
    only = {name: value for name, value in (("right", right), ("outcome", outcome)) if value is not None}
    serve_in(load_language(language))
    content = made(who, what, period, form, outside=outside, only=only)
    if file is None:
        _show(json.loads(content), what)
        return
    write(file, [content])
    say(f"Written to {file}.")


def _show(document: object, what: str) -> None:
    if what == "requests" or not isinstance(document, dict):
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for note in document["notes"]:
        typer.echo(note)
    for asked in document.get("questions", ()):
        typer.echo(asked["asks"])
        for figure in asked["figures"]:
            _line(f"{figure['subject']}: {figure['title']}", figure)
        typer.echo(f"  {asked['evidence']}")
    for group in document["groups"] if what == "figures" else ():
        typer.echo(f"{group['title']} ({group['unit']})")
        for figure in group["figures"]:
            _line(figure["title"], figure)


def _line(title: str, figure: dict[str, Any]) -> None:
    value = "-" if figure["value"] is None else figure["value"]
    typer.echo(f"  {title:<56} {value:>8}")
