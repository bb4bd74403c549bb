"""`afschrift partial`: give now what there is, and leave a source that is down for later."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from afschrift.casework.partial_response.answer import PartialResponseService
from afschrift.cli.common import officer, say
from afschrift.cli.questions.questions import go_on
from afschrift.cli.request import given
from afschrift.cli.running import Here, OnAirflow, RequestId
from afschrift.domain.errors import ConfigurationError


def partial(
    request: RequestId,
    source: Annotated[str, typer.Option(help="Name of the source in the inventory.")],
    rest_by: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Day by which the rest follows; the last day of the request at most."
        ),
    ] = None,
    text_file: Annotated[
        Path | None,
        typer.Option(help="Why, in words, kept encrypted: a file, or - for standard input."),
    ] = None,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="The source is back: it is not left for later.")
    ] = False,
    here: Here = False,
    airflow: OnAirflow = False,
) -> None:
    """Leave a source that is down for later: the next run delivers the rest of the systems (R44).

    The request stays open, and its clock goes on. The run after that one gives what is missing. A source in
    which the person's keys are looked up, or that holds consents for others, cannot be left for later.
    """
    if here and airflow:
        raise ConfigurationError("A run starts here or on Airflow.", remedy="give --run or --airflow.")
    if take_back == (rest_by is not None):
        raise ConfigurationError(
            "A source is left for later, or that is taken back.",
            remedy="give --rest-by DATE, or --take-back.",
        )
    who = officer()
    parts = PartialResponseService(who, who.inventory, who.jurisdiction)
    if rest_by is None:
        parts.take_back(request, source)
        typer.echo(f"Recorded: the next run opens {source} again.")
    else:
        parts.leave(request, source, rest_by, given.text(text_file) or _asked())
        typer.echo(f"Recorded: {source} is left for later, the rest follows by {rest_by}.")
        say(f"After the delivery tell the person: `afschrift letter make {request} partial_delivery`.")
    go_on(who.register, request, here=here, airflow=airflow)


def _asked() -> str | None:
    """The reason at a terminal; None where there is none."""
    if not sys.stdin.isatty():
        return None
    return typer.prompt("Why (kept encrypted)", default="", show_default=False) or None
