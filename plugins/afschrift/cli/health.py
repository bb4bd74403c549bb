"""`afschrift health`: whether the installation can do its work, for people, monitors and probes."""

from __future__ import annotations

import json
from typing import Annotated

import typer

MEANING = {
    0: "all is well",
    1: "something it needs does not work",
    3: "it works, and somebody should look",
}
CODES = "Exit codes: " + "; ".join(f"{code} {words}" for code, words in MEANING.items()) + "."


def health(
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Only what this process itself needs: for a readiness or liveness probe."
        ),
    ] = False,
    sources: Annotated[
        bool, typer.Option("--sources", help="Also open each source of the inventory; nothing is read.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look at register, keys, staging, clock, destinations and witness places, and when checks last ran.

    A file of one byte is written to staging and removed; nothing else is changed, and no request is read.
    """
    from afschrift.operations.health import Health
    from afschrift.operations.health import health as look

    looks = look(probe=probe, sources=sources)
    if as_json:
        typer.echo(json.dumps([one.row() for one in looks], indent=2))
    else:
        width = max(len(one.name) for one in looks)
        for one in looks:
            typer.echo(f"{one.name:{width}}  {one.health:7}  {one.says}")
    worst = {one.health for one in looks}
    if worst != {Health.OK}:
        raise typer.Exit(1 if Health.FAILED in worst else 3)
