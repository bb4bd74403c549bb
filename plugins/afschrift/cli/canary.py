"""`afschrift canary`: make, sign and check a synthetic person in the sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from afschrift.app.settings import Settings
from afschrift.canary.canary_file import example
from afschrift.canary.signature import SIGNATURE, sign_canary
from afschrift.cli.common import (
    AsJson,
    actor,
    load_inventory,
    officer,
    open_register,
    print_json,
    say,
    services,
)
from afschrift.domain.instants import utc_now
from afschrift.domain.notation import fingerprint

app = typer.Typer(no_args_is_help=True)


@app.command()
def plan() -> None:
    """Print an example of `canary.yml` with some tables of the data map, for a team to fill in."""
    inventory = load_inventory(Settings.from_environment().inventory)
    typer.echo(example(inventory, utc_now().date()), nl=False)


@app.command()
def sign() -> None:
    """Sign the present `canary.yml`: only a signed file is used. Needs the role officer."""
    from afschrift.canary.check_canary import require_canary

    settings, who = Settings.from_environment(), officer()
    canary = require_canary(settings, load_inventory(settings.inventory))
    signed = sign_canary(canary, who.register, who.register.store.keys, who.roles, who.by)
    rows = len(canary.file.planted)
    typer.echo(
        f"{rows} rows in {len(canary.tables)} tables are signed with key {fingerprint(signed.key_id)}."
    )
    say(f"The signature is {canary.folder / SIGNATURE}: keep both files together.")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Answer a request of the canary now and count the result; exit code 1 if data is missing or too much.

    Nothing is delivered. The DAG `check_canary` does the same every day.
    """
    from afschrift.canary.check_canary import check_canary
    from afschrift.wiring.build_services import build

    settings = Settings.from_environment()
    checked = check_canary(build(lambda _line: None, settings), settings, actor())
    if as_json:
        print_json(checked.payload())
    else:
        for line in checked.lines:
            typer.echo(f"{line}.")
    if not checked.whole:
        raise typer.Exit(1)


@app.command()
def search_logs(
    folder: Annotated[Path, typer.Argument(help="Of Airflow's task logs, or a copy of it.")],
) -> None:
    """Search every log below a folder for the canary's values; exit code 1 if one is found."""
    from afschrift.audit.against_logs import log_files
    from afschrift.canary.check_canary import search_logs as search

    files = log_files(folder)
    found = search(services(), Settings.from_environment(), files, (), actor())
    typer.echo(f"{len(files)} task logs were searched; values of the canary found: {found}.")
    if found:
        raise typer.Exit(1)


@app.command()
def history(as_json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False) -> None:
    """List every check in the trail, the oldest first."""
    from afschrift.canary.history import history as checks

    for check_ in checks(open_register()):
        if as_json:
            typer.echo(json.dumps({"at": check_.at, **check_.payload()}))
        else:
            result = "whole" if check_.whole else "NOT AS IT SHOULD BE"
            typer.echo(f"{check_.at[:16]}  {result}  {'; '.join(check_.lines)}")
