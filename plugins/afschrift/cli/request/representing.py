"""`afschrift request reading` and `mandate-withdrawn`: which right a message means, and a mandate's end."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.app.roles_file import load_roles
from afschrift.casework.intake.read_right import Reading, read_right
from afschrift.cli.common import actor, officer, say, services
from afschrift.cli.request import given
from afschrift.cli.running import RequestId
from afschrift.domain.errors import RefusedError


class ReadingChoice(StrEnum):
    """Which right the message means."""

    ACCESS = "access"
    PORTABILITY = "portability"
    BOTH = "both"


def reading(
    request: RequestId,
    right: Annotated[ReadingChoice, typer.Option(help="Which right the message means.")],
    text_file: Annotated[
        Path,
        typer.Option(
            help="The person's own words that say so, kept encrypted: a file, or - for standard input."
        ),
    ],
) -> None:
    """Record which right a message means that did not say so (R05). Until then it is read as access.

    The words must stand in what the person wrote; a reply is added with `afschrift case add --kind received`.
    `both` opens a request for portability beside it, of the same receipt. A letter that asks the person is
    `afschrift letter make REQUEST right_question`; it stops no clock.
    """
    quote = given.text(text_file)
    if quote is None:
        raise RefusedError("The quotation is empty.", remedy="write the words of the person (R05).")
    done = read_right(services(), load_roles(), request, Reading(right), quote, actor())
    typer.echo(f"{request}: {done.timeline.right}.")
    if done.other is not None:
        say(f"A request for portability stands beside it; start its run too: {done.other}")
        typer.echo(done.other)


def mandate_withdrawn(
    request: RequestId,
    text_file: Annotated[
        Path | None,
        typer.Option(help="How it was told, in words, kept encrypted: a file, or - for standard input."),
    ] = None,
) -> None:
    """Record that the person took a mandate back: nothing is delivered on it, and it is asked anew (R15)."""
    from afschrift.casework.identity.answer import take_back

    take_back(officer(), request, given.text(text_file))
    typer.echo(f"Recorded: the mandate of {request} does not hold any more.")
    say("The next run asks for another one; where the person goes on alone, that is a request of their own.")


COMMANDS: dict[str, Callable[..., Any]] = {"reading": reading, "mandate-withdrawn": mandate_withdrawn}
