"""`afschrift preview`: the page of an answer with the map as it is, without a request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from afschrift.app.settings import Settings
from afschrift.canary.check_canary import require_canary
from afschrift.canary.signature import require_signed
from afschrift.cli import submit
from afschrift.cli.common import officer, print_lines, services
from afschrift.datamap.preview import Preview, Whose, preview_canary, preview_invented, preview_person
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.notation import count
from afschrift.domain.right import Right

commands = typer.Typer()


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
    sheet: Annotated[bool, typer.Option("--sheet", help="Print the information sheet.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Name each column that is not clear, by its table.")
    ] = False,
) -> None:
    """Show the page of an answer with the map as it is, and what a reader would not understand in it.

    Nothing is staged or sent, and no request is made.
    """
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
    if html or sheet:
        sys.stdout.buffer.write(found.sheet(made.letters) if sheet else found.page)
    else:
        print_lines(_lines(found) if everything else _short_lines(found))


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
        yield from (f"  {name.removeprefix(f'{table}.')}: {'; '.join(m)}" for name, m in _marks(found, table))
    if found.waiting:
        yield f"Left out, as a person must decide first: {', '.join(found.waiting)}"


_NAMED = 3


def _short_lines(found: Preview) -> Iterator[str]:
    """Yield a line for each table and each mark, with the first places that have it."""
    for table, rows in found.rows.items():
        unclear = len(list(_marks(found, table)))
        yield f"{table}: {count(rows, 'row')}" + (f", {unclear} not clear" if unclear else "")
    places: dict[str, list[str]] = {}
    for name, marks in found.marks.items():
        for mark in marks:
            places.setdefault(mark, []).append(name)
    places["left out, as a person must decide first"] = [*found.waiting]
    for mark, names in places.items():
        more = f" and {len(names) - _NAMED} more (--all)" if len(names) > _NAMED else ""
        if names:
            yield f"{mark}: {', '.join(names[:_NAMED])}{more}"


def _marks(found: Preview, table: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((name, m) for name, m in found.marks.items() if f"{name}.".startswith(f"{table}."))
