"""The command line. Errors end with one message that names the place and the way out."""

from __future__ import annotations

import os
import sys

import typer

from afschrift import (
    __version__,
    airflow_ext,  # noqa: F401  (keys in a secrets backend)
)
from afschrift.app.private_files import UMASK
from afschrift.app.project import enter_project, has_home
from afschrift.cli import (
    audit,
    batch,
    bundle,
    canary,
    due,
    grounds,
    health,
    inventory,
    inventory_review,
    keys,
    project,
    register,
    running,
    scan,
    submit,
    sweep,
)
from afschrift.cli.case import case
from afschrift.cli.case import referral as handover
from afschrift.cli.letters import letter
from afschrift.cli.questions import manual, partial, questions, review
from afschrift.cli.request import overview
from afschrift.cli.request import request as requests
from afschrift.cli.starting import CODES, Ended
from afschrift.cli.terminal import guard
from afschrift.domain.errors import AfschriftError
from afschrift.wiring.demo import set_demo_data

app = typer.Typer(
    name="afschrift",
    help="Fulfil people's requests for their own data (GDPR Art. 15 and 20) on Apache Airflow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
inventory.app.command(epilog=scan.CODES)(scan.scan)
inventory.app.command()(inventory_review.review)
app.add_typer(inventory.app, name="inventory")
app.add_typer(keys.app, name="key")
app.add_typer(register.app, name="register")
app.add_typer(audit.app, name="audit")
app.add_typer(batch.app, name="batch")
app.add_typer(canary.app, name="canary")
app.add_typer(requests.app, name="request")
for name, command in handover.COMMANDS.items():
    case.app.command(name)(command)
app.add_typer(case.app, name="case")
app.add_typer(letter.app, name="letter")
app.add_typer(questions.app, name="questions")
app.add_typer(grounds.app, name="grounds")
app.add_typer(manual.app, name="manual")
app.add_typer(review.app, name="review")
app.command()(project.init)
app.command()(project.check)
app.command(epilog=CODES)(submit.submit)
app.command()(running.plan)
app.command(epilog=CODES)(running.run)
app.command()(running.up)
app.command()(sweep.sweep)
app.command(epilog=health.CODES)(health.health)
app.command()(due.due)
app.command("requests")(overview.listing)
app.command(epilog=CODES)(questions.answer)
app.command(epilog=CODES)(partial.partial)
app.command()(bundle.verify)
app.command()(bundle.unpack)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    """Fulfil people's requests for their own data (GDPR Art. 15 and 20) on Apache Airflow."""
    guard()
    if show:
        typer.echo(f"afschrift {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the `afschrift` command."""
    os.umask(UMASK)  # of logs, and of what others write for us: Airflow's own database, what somebody unpacks
    guard()
    try:
        enter_project()
        if has_home(os.environ):
            set_demo_data()
        app()
    except AfschriftError as error:
        typer.echo(f"afschrift: {error}", err=True)
        sys.exit(Ended.REFUSED)
