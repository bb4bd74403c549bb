"""The command line. An error ends it with one message that names the place and the remedy."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from afschrift import (
    __version__,
    airflow_ext,  # noqa: F401  (keys in a secrets backend)
)
from afschrift.app.private_files import UMASK
from afschrift.app.project import enter_project, has_home, set_demo_data
from afschrift.cli.terminal import guard
from afschrift.domain.errors import AfschriftError

HELP = {
    "init": "Make a project: inventory, policy, controller, settings, a DAG file, a test, a CI file.",
    "check": "Report what this installation has and what it lacks; exit code 1 if something is to do.",
    "submit": "Store a request (message, channel, receipt, right, identity keys) and trigger its run by "
    "its id.",
    "plan": "Dry run: tables, decisions, rows and SQL of a request.",
    "preview": "Show the page of an answer with the map as it is, and what a reader would not "
    "understand in it.",
    "run": "Run fulfil_request for a request: the real DAG in this process, or triggered on a running "
    "Airflow.",
    "up": "Start a tuned local Airflow on loopback, with the trigger form ready; Ctrl-C ends it.",
    "sweep": "Find requests without a run, lost and failed runs and stray staging; act where that is safe.",
    "health": "Check register, keys, staging, clock, destinations, witness places and the last scheduled "
    "jobs.",
    "due": "Compute the last day for an answer, with every step and its rule (R37-R43).",
    "requests": "List the requests with what is due first: id, right, state, receipt, due date, days left, "
    "colour, next.",
    "answer": "Answer a question.",
    "verify": "Verify a bundle offline.",
    "unpack": "Verify a bundle and unpack it.",
    "bundle": "A bundle as it was delivered: open the encrypted file by its words.",
    "inventory": "The data map: check it, explain a decision, get its JSON Schema.",
    "source": "A source: test that it keeps the contract.",
    "key": "Keys: make, list, rotate, retire, forget, revoke; print the public signing keys.",
    "register": "The register: bring its tables to the newest version, back it up, restore it, shred a "
    "request.",
    "audit": "The audit trail: show it, verify the chain, sign checkpoints, export it.",
    "report": "Report on the requests that were received in a period, from one read of the register.",
    "batch": "Read several requests in one pass over each table (docs/operator/batch.md).",
    "canary": "A synthetic person, planted in the sources: whether an answer has all their data, and no one "
    "else's.",
    "request": "One request: show it, confirm the identity, record what moves its clock.",
    "case": "The case file: list cases, show what was written, add notes, letters and documents.",
    "delivery": "What was delivered: where it lies, renew or revoke it, give it again, or say it went wrong.",
    "letter": "Letters to the person: see which there are, make one, send it, or enter that it was sent.",
    "questions": "Questions that only a person may answer: list them, assign one, or open a decision.",
    "grounds": "Grounds of decisions: list them, or show one with its form.",
    "manual": "Systems that people search: a mailbox, paper, a processor, a service on the web, a back-up.",
    "review": "What will be sent, before it is.",
}
"""Command or group -> the first sentence of its help, so that the list of commands imports none of them."""
_PLACES = {
    "init": "project:commands",
    "check": "project:commands",
    "submit": "submit:commands",
    "plan": "running:commands",
    "preview": "preview:commands",
    "run": "running:commands",
    "up": "running:commands",
    "sweep": "operations:commands",
    "health": "operations:commands",
    "due": "request.due:commands",
    "requests": "request.request:commands",
    "answer": "questions.questions:commands",
    "verify": "bundle:commands",
    "unpack": "bundle:commands",
    "bundle": "bundle:app",
    "inventory": "inventory:app",
    "source": "operations:app",
    "key": "keys:app",
    "register": "register:app",
    "audit": "audit:app",
    "report": "request.report:commands",
    "batch": "batch:app",
    "canary": "canary:app",
    "request": "request.request:app",
    "case": "case.case:app",
    "letter": "letter:app",
    "delivery": "delivery:app",
    "questions": "questions.questions:app",
    "grounds": "grounds:app",
    "manual": "questions.manual:app",
    "review": "questions.review:app",
}
"""Command or group -> the module below this package, and its `commands`, or the `app` that is the group."""


class LazyGroup(TyperGroup):
    """The root command. It imports a subcommand only when it is used: all of them would take long."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  (as Typer calls it)
        """Return the names in the order of the help."""
        return [*HELP]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Return a command or group; None: unknown, and all are imported so that Typer can suggest one."""
        for name in [cmd_name] if cmd_name in HELP else HELP:
            if name not in self.commands:
                self.add_command(_imported(name))
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """List the commands with the beginning of their help, as Typer does."""
        most = formatter.width - 6 - max(map(len, HELP))
        found = (TyperCommand(name, help=words) for name, words in HELP.items())
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, command.get_short_help_str(most)) for command in found])


def _imported(name: str) -> Any:
    module, _, attribute = _PLACES[name].partition(":")
    found = getattr(import_module(f"afschrift.cli.{module}"), attribute)
    place = typer.Typer(rich_markup_mode=None)
    if attribute == "app":
        place.add_typer(found, name=name, help=HELP[name])
    else:
        place.add_typer(found)
    return get_group(place).commands[name]


app = typer.Typer(
    name="afschrift",
    cls=LazyGroup,
    help="Fulfil people's requests for their own data (GDPR Art. 15 and 20) on Apache Airflow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    """Fulfil people's requests for their own data (GDPR Art. 15 and 20) on Apache Airflow."""
    guard()
    if show:
        typer.echo(f"afschrift {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the `afschrift` command."""
    os.umask(UMASK)  # of logs, and of files written for us: Airflow's own database, an unpacked bundle
    guard()
    try:
        enter_project()
        if has_home(os.environ):
            set_demo_data()
        app()
    except AfschriftError as error:
        typer.echo(f"afschrift: {error}", err=True)
        sys.exit(1)  # `Ended.REFUSED` of `cli.running`, which is not imported for this
