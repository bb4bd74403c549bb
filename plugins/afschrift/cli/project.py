"""`afschrift init`, `check`: make a project of one's own, and see what it lacks before a request comes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from afschrift.app.draft_project import draft_project
from afschrift.cli.common import say
from afschrift.domain.instants import rfc3339, utc_now


def init(folder: Annotated[Path, typer.Argument(help="Empty, or not there yet.")]) -> None:
    """Make a project: inventory, policy, controller, settings, a DAG file, a test, a CI file.

    Its inventory describes an example that works, a shop of two people in a SQLite file.
    """
    for name in draft_project(folder, rfc3339(utc_now())):
        typer.echo(f"  {name}")
    say(f"The project is in {folder}. Next:")
    for command, why in (
        (f"cd {folder}", ""),
        ("afschrift key new", "keys and register, in .afschrift"),
        ("afschrift check", "what is still to do"),
        ("afschrift submit request.yml --start here", "a first answer, on the example"),
    ):
        say(f"  {command:<44}{'# ' + why if why else ''}".rstrip())
    say("Then put your own source into inventory/ (docs/inventory.md), in place of example.yml. How it is")
    say("reached goes into afschrift.env (AIRFLOW_CONN_SHOP=...), afschrift inventory scan shop drafts it,")
    say("and afschrift inventory check --live says what it lacks.")
    say("Mend controller.yml and policy.yml.")


def check() -> None:
    """Say what this installation has and what it lacks; exit code 1 where something is to do.

    No source is opened: `afschrift inventory check --live` compares with the databases.
    """
    from afschrift.operations.check_installation import check_installation

    steps = list(check_installation())
    for one in steps:
        typer.echo(f"{one.mark}  {one.says}")
    if not all(one.done for one in steps):
        raise typer.Exit(1)
