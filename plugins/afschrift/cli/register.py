"""`afschrift register`: the register's tables."""

from __future__ import annotations

import typer

from afschrift.cli.common import say

app = typer.Typer(help="The register: bring its tables to the newest version.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the tables to the version of this software; nothing that stands there is lost."""
    from afschrift.ledger.schema import upgrade as bring_up
    from afschrift.wiring.settings import Settings

    bring_up(Settings.from_environment().register)
    say("The register is at its newest version.")


@app.callback()
def _keep_as_group() -> None:
    """Keep `upgrade` a command of its own."""
