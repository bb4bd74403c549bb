"""`afschrift plan`, `run`, `up`: see what a request would do, do it here, start a local Airflow."""

from __future__ import annotations

from typing import Annotated

import typer

from afschrift.cli.common import open_register, say, services

RequestId = Annotated[str, typer.Argument(help="Id of a request, such as req-7k3m9x2p4v0q.")]
Here = Annotated[bool, typer.Option("--run/--no-run", help="Run the request further in this process.")]
OnAirflow = Annotated[bool, typer.Option("--airflow", help="Trigger its next run on a running Airflow.")]


def plan(
    request: RequestId,
    sql: Annotated[bool, typer.Option("--sql", help="Show the statements too.")] = False,
) -> None:
    """Dry run: tables, decisions, rows and SQL of a request. Nothing is extracted or changed."""
    from afschrift.steps.preview import preview

    for line in preview(services(), request, sql=sql):
        typer.echo(line)


def run(request: RequestId) -> None:
    """Run fulfil_request for a request in this process, on the real DAG."""
    run_here(request)


def run_here(request: str) -> None:
    """Run and tell how it ended; exit code 1 where a task failed."""
    from afschrift.airflow_ext.local import run_here as run_dag

    open_register().requests.get(request)
    outcome = run_dag(request, {}, say)
    register = open_register()
    state = register.requests.get(request).state
    say(f"{request} is {state} after {outcome.seconds:.1f} s.")
    for delivery in register.deliveries.of(request):
        say(f"The bundle is at {delivery.uri}")
    for question in register.questions.all(request_id=request):
        say(f"Open question {question.id} ({question.kind}): afschrift questions --request {request}")
    if outcome.state != "success":
        raise typer.Exit(1)


def up(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8080,
) -> None:
    """Start a tuned local Airflow on loopback, with the trigger form ready; Ctrl-C ends it."""
    from afschrift.airflow_ext.up import up as start

    start(port)
