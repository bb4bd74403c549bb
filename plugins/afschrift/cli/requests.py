"""`afschrift requests` and `afschrift request`: what is open, one request's timeline, identity."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from afschrift.cli.common import actor, ledger
from afschrift.cli.running import RequestId

app = typer.Typer(help="One request: show it, confirm the identity.", no_args_is_help=True)


def listing(
    all_: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List the requests in the order of their receipt."""
    from dataclasses import asdict

    found = ledger().requests(open_only=not all_)
    if as_json:
        typer.echo(json.dumps([asdict(r) for r in found], indent=2))
        return
    if not found:
        typer.echo("No open request." if not all_ else "No request yet: `afschrift submit`.")
    for r in found:
        typer.echo(f"{r.id}  {r.right:<12} {r.state:<16} received {r.received_at[:10]}  case {r.case}")


@app.command()
def show(
    request: RequestId,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show a request: its state, decisions and every event of its trail, in order."""
    from dataclasses import asdict

    register = ledger()
    found = register.request(request)
    decisions = register.decisions(request)
    events = register.events(request)
    if as_json:
        document = {
            "request": asdict(found),
            "decisions": [asdict(d) for d in decisions],
            "events": [{**asdict(header), "payload": payload} for header, payload in events],
        }
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(f"{found.id}: {found.right} (Art. {found.right.article}), {found.state}")
    typer.echo(f"  received {found.received_at}, case {found.case}, language {found.language}")
    typer.echo(f"  formats {', '.join(found.formats)}, destination {found.destination}")
    for decision in decisions:
        typer.echo(f"  decision {decision.kind}: {decision.choice}, by {decision.by}, {decision.at}")
    for header, payload in events:
        words = "(erased)" if payload is None else json.dumps(payload, ensure_ascii=False)
        typer.echo(f"  {header.seq:>6} {header.at} {header.type:<18} {header.actor}  {words[:160]}")


@app.command("confirm-identity")
def confirm_identity(
    request: RequestId,
    method: Annotated[str, typer.Option(help="How it was checked: login, eid, call_back, counter, ...")],
    level: Annotated[str, typer.Option(help="How sure it is: low, substantial, high.")],
) -> None:
    """Record that the requester is who they say. No copy of an identity document is kept (R11)."""
    from afschrift.pipeline.answer import confirm_identity as record
    from afschrift.wiring.roles import load_roles

    record(ledger(), load_roles(), request, actor(), detail={"method": method, "level": level})
    typer.echo(f"Identity confirmed for {request}. Start the run again to go on.")
