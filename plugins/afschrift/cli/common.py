"""What several commands need."""

from __future__ import annotations

import os
import pwd

import typer

from afschrift.app.roles_file import load_roles
from afschrift.casework.officer import Officer
from afschrift.register.register import Register
from afschrift.services import Services


def say(line: str) -> None:
    """A line for the person at the terminal; standard output stays for results."""
    typer.echo(line, err=True)


def services() -> Services:
    """The services of this installation."""
    from afschrift.wiring.build_services import build

    return build(say)


def open_register() -> Register:
    """The register alone, for what needs no inventory."""
    from afschrift.register import open as opening

    return opening.open_register()


def officer() -> Officer:
    """Who is at the terminal, at work in this installation."""
    return Officer(open_register(), load_roles(), actor())


def actor() -> str:
    """Who is at the terminal, for the trail and for their roles: by the process, not by a variable."""
    number = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(number).pw_name}"
    except KeyError:  # a container may run under an account without a name
        return f"cli:uid-{number}"
