"""`afschrift plan`, `run`, `up`: see what a request would do, do it here, start a local Airflow."""

from __future__ import annotations

from typing import Annotated

import typer

from afschrift.cli.common import open_register, services
from afschrift.cli.starting import begin, leave

RequestId = Annotated[str, typer.Argument(help="Id of a request, such as req-7k3m9x2p4v0q.")]
Here = Annotated[bool, typer.Option("--run/--no-run", help="Run the request further in this process.")]
OnAirflow = Annotated[bool, typer.Option("--airflow", help="Trigger its next run on a running Airflow.")]


def plan(
    request: RequestId,
    sql: Annotated[bool, typer.Option("--sql", help="Show the statements too.")] = False,
) -> None:
    """Dry run: tables, decisions, rows and SQL of a request. Nothing is extracted or changed."""
    from afschrift.wiring.preview import preview

    for line in preview(services(), request, sql=sql):
        typer.echo(line)


def run(request: RequestId, airflow: OnAirflow = False) -> None:
    """Run fulfil_request for a request: the real DAG in this process, or triggered on a running Airflow."""
    open_register().requests.get(request)
    leave(begin(request, airflow=airflow))


def up(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8080,
) -> None:
    """Start a tuned local Airflow on loopback, with the trigger form ready; Ctrl-C ends it."""
    from afschrift.airflow_ext.up import up as start

    start(port)
