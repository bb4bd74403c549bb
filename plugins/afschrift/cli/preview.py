"""`afschrift preview`: the page of an answer with the map as it is, without a request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.private_files import private_file
from afschrift.app.settings import Settings
from afschrift.cli import submit
from afschrift.cli.common import officer, print_lines, say, services
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.notation import count
from afschrift.domain.right import Right

if TYPE_CHECKING:
    from afschrift.datamap.preview import Preview

commands = typer.Typer()


class Whose(StrEnum):
    """Whose rows are shown."""

    INVENTED = "invented"
    CANARY = "canary"
    PERSON = "person"


@commands.command()
def preview(
    right: Annotated[Right, typer.Argument(help="Of the answer.")] = Right.ACCESS,
    whose: Annotated[
        Whose, typer.Option("--of", help="Whose rows; of a real person only counts and masked samples.")
    ] = Whose.INVENTED,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="Keys of the person: YAML with name: value; - for standard input."),
    ] = None,
    language: Annotated[str, typer.Option(help="Of the page; default: the first of controller.yml.")] = "",
    html: Annotated[bool, typer.Option("--html", help="Print the page itself.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the page to a file; of the invented person alone.")
    ] = None,
) -> None:
    """Show the page of an answer with the map as it is, and what a reader would not understand in it.

    Nothing is staged or sent, and no request is made.
    """
    from afschrift.canary.check_canary import require_canary
    from afschrift.canary.signature import require_signed
    from afschrift.datamap.preview import preview_canary, preview_invented, preview_person

    if out is not None and whose is not Whose.INVENTED:
        raise ConfigurationError(
            "Only an invented person's page is written to a file.", remedy="leave `--out` out."
        )
    made = services()
    inventory = made.inventory
    languages = inventory.controller.languages
    if (language := language or languages[0]) not in languages:
        raise ConfigurationError(
            "controller.yml does not have this language.", remedy=f"choose one of {', '.join(languages)}."
        )
    if whose is Whose.PERSON:
        found = preview_person(officer(), made, right, language, _keys(keys, inventory.identity.person))
    elif whose is Whose.CANARY:
        canary = require_canary(Settings.from_environment(), inventory)
        require_signed(canary, made.register)
        found = preview_canary(made, right, language, canary.file.keys)
    else:
        found = preview_invented(made, right, language)
    if out is not None:
        with private_file(out) as file:
            file.write(found.page)
        say(f"Written: {out}")
    if html:
        sys.stdout.buffer.write(found.page)
    else:
        print_lines(_lines(found))


def _keys(file: Path | None, person: str) -> dict[str, str]:
    """Return the keys from a file or a prompt; never from an argument, which others see."""
    if file is None:
        return {person: typer.prompt(person, err=True, hide_input=True).strip()}
    content = submit.from_file(file).content
    if not all(isinstance(value, str) for value in content.values()):
        raise ConfigurationError("A key is no text.", remedy="put its value in quotes: 0046 is not 46.")
    return {str(name): str(value) for name, value in content.items()}


def _lines(found: Preview) -> Iterator[str]:
    for table, rows in found.rows.items():
        yield f"{table}: {count(rows, 'row')}"
        for name, marks in found.marks.items():
            if f"{name}.".startswith(f"{table}."):
                yield f"  {name.removeprefix(f'{table}.')}: {'; '.join(marks)}"
    if found.waiting:
        yield f"Left out, as a person must decide first: {', '.join(found.waiting)}"
