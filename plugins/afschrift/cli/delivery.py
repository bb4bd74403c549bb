"""`afschrift delivery`: what was delivered, and what is done with it."""

from __future__ import annotations

from typing import Annotated

import typer

from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import actions_of
from afschrift.casework.delivery.view import seen_deliveries
from afschrift.cli.actions import add_actions
from afschrift.cli.common import AsJson, officer, print_found

app = typer.Typer(no_args_is_help=True)
add_actions(app, actions_of(Subject.DELIVERY))


@app.command("list")
def listing(
    request: Annotated[str | None, typer.Option(help="Of one request; else all that lies anywhere.")] = None,
    as_json: AsJson = False,
) -> None:
    """List deliveries: where each lies, until when, and whether its words went."""
    me = officer()
    of = [request] if request else sorted({row.request for row in me.register.deliveries.remaining()})
    found = [seen for name in of for seen in seen_deliveries(me, name) if request or seen.lies]
    lines = (seen.line for seen in found)
    print_found(lambda: [seen.document() for seen in found], lines, as_json, "No delivery.")


@app.command()
def show(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Id of a delivery: `delivery list`.")],
    as_json: AsJson = False,
) -> None:
    """Show where a delivery lies, until when, and whether its words went."""
    me = officer()
    request = me.register.deliveries.get(delivery).request
    [seen] = [seen for seen in seen_deliveries(me, request) if seen.row.id == delivery]
    found = seen.document()
    print_found(lambda: found, (f"{name}: {value}" for name, value in found.items() if value), as_json)
