"""What several commands need."""

from __future__ import annotations

import getpass

import typer

from afschrift.ledger.register import Ledger
from afschrift.pipeline.services import Services


def say(line: str) -> None:
    """A line for the person at the terminal; standard output stays for results."""
    typer.echo(line, err=True)


def services() -> Services:
    """The services of this installation."""
    from afschrift.wiring.services import build

    return build(say)


def ledger() -> Ledger:
    """The register alone, for what needs no inventory."""
    from afschrift.wiring.services import open_ledger

    return open_ledger()


def actor() -> str:
    """Who is at the terminal, for the trail."""
    return f"cli:{getpass.getuser()}"
