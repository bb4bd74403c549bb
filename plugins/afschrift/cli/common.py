"""Options and helpers that several commands share."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.officer import Officer
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import choose
from afschrift.domain.right import Right
from afschrift.register import open as opening
from afschrift.register.register import Register
from afschrift.services import Services

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory
    from afschrift.register.keys.store import KeyStore


def right_of(text: str) -> Right:
    """A right by its name.

    Raises:
        typer.BadParameter: no right has it.
    """
    if text not in list(Right):
        raise typer.BadParameter(f"this is no right: {choose(text, Right)}")
    return Right(text)


AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="Folder of the inventory; default: the settings'.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def say(line: str) -> None:
    """Write a line to standard error for the user; standard output is for results."""
    typer.echo(line, err=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print results, one per line."""
    for line in lines:
        typer.echo(line)


def print_json(found: Any, *, ascii: bool = True) -> None:
    """Print a result as JSON; types that JSON does not have (dates, paths) as text."""
    typer.echo(json.dumps(found, indent=2, ensure_ascii=ascii, default=str))


def print_found(rows: Callable[[], Any], lines: Iterable[str], as_json: bool, nothing: str = "") -> None:
    """Print what was found: as JSON, or its lines, or that there is nothing."""
    if as_json:
        print_json(rows(), ascii=False)
        return
    found = list(lines)
    print_lines(found or filter(None, [nothing]))


def confirm(question: str, yes: bool) -> None:
    """Ask before something that cannot be undone, unless `--yes` was given."""
    if not yes:
        typer.confirm(question, abort=True, err=True)


def agreed(sign: bool, turn_down: bool) -> bool | None:
    """What a second person says by `--sign` or `--turn-down`; None where neither was given.

    Raises:
        ConfigurationError: both were given.
    """
    if sign and turn_down:
        raise ConfigurationError(
            "A second person agrees or turns it down.",
            remedy="give --sign or --turn-down; nothing was changed.",
        )
    return sign if sign or turn_down else None


def services() -> Services:
    from afschrift.wiring.build_services import build  # lazy: slow to import

    return build(say)


def load_inventory(folder: Path | None = None) -> Inventory:
    """Load the inventory of a folder; default: that of the settings."""
    from afschrift.wiring import build_services  # lazy: slow to import

    return build_services.load_inventory(folder)


def open_register() -> Register:
    """Open the register without the inventory."""
    return opening.open_register()


def open_keys() -> KeyStore:
    return opening.open_keys(Settings.from_environment())


def officer() -> Officer:
    """Return the user at the terminal as an officer of this installation."""
    return Officer(open_register(), load_roles(), actor())


def actor() -> str:
    """Return the account of the user, for the trail and for roles.

    It is that of the process: an environment variable could be set to another name.
    """
    number = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(number).pw_name}"
    except KeyError:  # a container may run under an account without a name
        return f"cli:uid-{number}"
