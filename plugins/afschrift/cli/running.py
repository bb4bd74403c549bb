"""`afschrift plan`, `run`, `up`: preview a request, run it here, start a local Airflow."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import typer

from afschrift.airflow_ext.local import run_here as run_dag
from afschrift.cli.common import open_register, print_lines, say, services
from afschrift.domain.errors import AfschriftError, ConfigurationError

commands = typer.Typer()


class Ended(IntEnum):
    """Exit codes of commands that store, answer or start; docs/operator/operations.md has the same table.

    2 is a mistake in the command line itself.
    """

    DONE = 0
    REFUSED = 1
    NOT_STARTED = 3
    WAITS = 4
    FAILED = 5


MEANING = {
    Ended.DONE: "done: stored or answered and, if requested, started or run to its end",
    Ended.REFUSED: "refused, or an error: nothing was stored, answered or started",
    Ended.NOT_STARTED: "stored or answered, and its run could not be started: the message has the command",
    Ended.WAITS: "the run stopped at a question, and the request waits for a person",
    Ended.FAILED: "the run began and a task failed: its last line says what to do",
}
CODES = "Exit codes: " + "; ".join(f"{code.value} {words}" for code, words in MEANING.items()) + "."
"""For the help of each of these commands."""

_WORST_FIRST = (Ended.REFUSED, Ended.FAILED, Ended.NOT_STARTED, Ended.WAITS, Ended.DONE)


def begin(request_id: str, *, airflow: bool) -> Ended:
    return start_on_airflow(request_id) if airflow else run_here(request_id)


def start_on_airflow(request_id: str) -> Ended:
    """Trigger the next run; if that fails, report that the request is stored and how to start it."""
    from afschrift.airflow_ext.trigger import RunGoesError, trigger

    try:
        run = trigger(request_id, {})
    except RunGoesError as error:
        say(str(error))
        return Ended.DONE
    except AfschriftError as error:
        say(f"afschrift: {error}")
        say(
            f"Request {request_id} is stored, but its run was not started. Once that is corrected: "
            f"`afschrift run {request_id} --airflow`. Otherwise the sweep starts it."
        )
        return Ended.NOT_STARTED
    say(f"Run {run} started.")
    return Ended.DONE


def run_here(request_id: str) -> Ended:
    """Run in this process, and report how it ended."""
    open_register().requests.get(request_id)
    outcome = run_dag(request_id, {}, say)
    register = open_register()
    state = register.requests.get(request_id).state
    say(f"{request_id} is {state} after {outcome.seconds:.1f} s.")
    for delivery in register.deliveries.of(request_id):
        say(f"The bundle is at {delivery.uri}")
    asked = register.questions.all(request_id=request_id)
    for question in asked:
        say(f"Open question {question.id} ({question.kind}): afschrift questions --request {request_id}")
    if outcome.state != "success":
        return Ended.FAILED
    return Ended.WAITS if asked else Ended.DONE


def leave(*ended: Ended) -> None:
    """End the command with the code of the worst outcome; return for `DONE`."""
    worst = min(ended, key=_WORST_FIRST.index, default=Ended.DONE)
    if worst is not Ended.DONE:
        raise typer.Exit(worst.value)


RequestId = Annotated[str, typer.Argument(help="Id of a request, such as req-7k3m9x2p4v0q.")]
Here = Annotated[bool, typer.Option("--run/--no-run", help="Run the request further in this process.")]
OnAirflow = Annotated[bool, typer.Option("--airflow", help="Trigger its next run on a running Airflow.")]


def in_one_place(here: bool, airflow: bool) -> None:
    """Refuse --run together with --airflow, before anything is recorded."""
    if here and airflow:
        raise ConfigurationError("A run starts here or on Airflow.", remedy="give --run or --airflow.")


@commands.command()
def plan(
    request: RequestId,
    sql: Annotated[bool, typer.Option("--sql", help="Show the statements too.")] = False,
) -> None:
    """Dry run: tables, decisions, rows and SQL of a request. Nothing is extracted or changed."""
    from afschrift.wiring.dry_run import preview

    print_lines(preview(services(), request, sql=sql))


@commands.command(epilog=CODES)
def run(request: RequestId, airflow: OnAirflow = False) -> None:
    """Run fulfil_request for a request: the real DAG in this process, or triggered on a running Airflow."""
    open_register().requests.get(request)
    leave(begin(request, airflow=airflow))


@commands.command()
def up(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8080,
) -> None:
    """Start a tuned local Airflow on loopback, with the trigger form ready; Ctrl-C ends it."""
    from afschrift.airflow_ext.up import up as start

    start(port)
