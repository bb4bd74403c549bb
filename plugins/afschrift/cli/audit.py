"""`afschrift audit`: read and verify the trail."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from afschrift.cli.common import ledger

app = typer.Typer(help="The audit trail: show it, verify the chain.", no_args_is_help=True)


@app.command()
def show(
    request: Annotated[str | None, typer.Option(help="Of one request only.")] = None,
) -> None:
    """Print the events as JSON lines: header, payload (null where erased)."""
    from dataclasses import asdict

    for header, payload in ledger().events(request):
        typer.echo(json.dumps({**asdict(header), "payload": payload}, ensure_ascii=False))


@app.command()
def verify() -> None:
    """Verify the whole chain and every payload against it; exit code 1 where something was altered."""
    register = ledger()
    findings = register.verify()
    for finding in findings:
        typer.echo(f"  {finding}")
    if findings:
        raise typer.Exit(1)
    seq, head = register.head()
    typer.echo(f"The trail is whole: {seq} events, head {head}.")
