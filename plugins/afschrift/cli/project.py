"""`afschrift init`, `check`: make a project, and see what it lacks before the first request."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from afschrift import __version__
from afschrift.app.private_files import private_folder
from afschrift.app.project import SHIPPED, STATE
from afschrift.cli.common import say
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.instants import rfc3339, utc_now

commands = typer.Typer()
_DOT = "dot-"
"""Replaces a dot at the beginning of a name in the package: not all tools package hidden files."""
_EXAMPLE = """
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email TEXT, name TEXT, score INTEGER);
CREATE TABLE purchase (purchase_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer,
                       bought_at TEXT, product TEXT, cents INTEGER);
INSERT INTO customer VALUES (1, 'ann@example.org', 'Ann Example', 71),
  (2, 'bob@example.org', 'Bob Example', 12);
INSERT INTO purchase VALUES (10, 1, '2026-02-01T10:00:00', 'Paddle', 4995),
  (11, 1, '2026-03-05T17:30:00', 'Dry bag', 1950), (12, 2, '2026-03-07T09:15:00', 'Canoe', 89900);
"""


def draft_project(folder: Path, now: str) -> list[str]:
    """Write a project into a folder that is empty or does not exist.

    Args:
        folder: of the project.
        now: the present instant (RFC 3339), for the request to try out.

    Returns:
        The files, relative to the folder.

    Raises:
        ConfigurationError: the folder is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is no empty folder, and nothing in it was changed.",
            remedy="name an empty folder, or one that does not exist.",
        )
    template, made = SHIPPED / "project", []
    try:
        for file in sorted(path for path in template.rglob("*") if path.is_file()):
            if file.suffix == ".pyc":
                continue
            name = str(file.relative_to(template)).replace(_DOT, ".", 1)
            text = file.read_text(encoding="utf-8").replace("VERSION", __version__).replace("RECEIVED", now)
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            made.append(name)
        private_folder(folder / STATE)
        with closing(sqlite3.connect(folder / STATE / "example.db")) as example:
            example.executescript(_EXAMPLE)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written ({type(error).__name__}).", remedy="name a folder of your own."
        ) from None
    return sorted(made)


@commands.command()
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
    say("Then put your own source into inventory/ (docs/datamap/inventory.md), in place of example.yml.")
    say("How it is reached goes into afschrift.env (AIRFLOW_CONN_SHOP=...), afschrift inventory scan shop")
    say("drafts it, and afschrift inventory check --live says what it lacks.")
    say("Adapt controller.yml and policy.yml to your organisation.")


@commands.command()
def check() -> None:
    """Report what this installation has and what it lacks; exit code 1 if something is to do.

    No source is opened: `afschrift inventory check --live` compares with the databases.
    """
    from afschrift.operations.check_installation import check_installation

    steps = list(check_installation())
    for step in steps:
        typer.echo(f"{step.mark}  {step.says}")
    if not all(step.done for step in steps):
        raise typer.Exit(1)
