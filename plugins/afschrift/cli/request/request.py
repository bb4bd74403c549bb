"""`afschrift request`: one request. Its timeline is in `overview`, what moves its clock in `timekeeping`."""

from __future__ import annotations

from typing import Annotated

import typer

from afschrift.casework.identity.risk import needed_level
from afschrift.cli.common import officer
from afschrift.cli.request import identity, representing, timekeeping
from afschrift.cli.request.overview import show
from afschrift.cli.running import RequestId

app = typer.Typer(
    help="One request: show it, confirm the identity, record what moves its clock.", no_args_is_help=True
)
app.command()(show)
for name, command in (
    *timekeeping.COMMANDS.items(),
    *representing.COMMANDS.items(),
    *identity.COMMANDS.items(),
):
    app.command(name)(command)


@app.command("confirm-identity")
def confirm_identity(
    request: RequestId,
    method: Annotated[str, typer.Option(help="How it was checked: login, eid, call_back, counter, ...")],
    level: Annotated[str, typer.Option(help="How sure it is: low, substantial, high.")],
) -> None:
    """Record that the requester is who they say. No copy of an identity document is kept (R11).

    The level must do for the risk of the request (R12): `afschrift questions` names it where it was asked.
    """
    from afschrift.casework.identity.confirm import confirm_identity as record

    who = officer()
    needed = needed_level(who.register, request)
    record(who, request, detail={"method": method, "level": level}, needed=needed)
    typer.echo(f"Identity confirmed for {request}. Start the run again to go on.")
