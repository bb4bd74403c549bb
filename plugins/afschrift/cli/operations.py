"""`afschrift health` and `sweep`: check the installation, and clear up abandoned runs and staging."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from afschrift.cli.common import AsJson, Folder, load_inventory, print_json, print_lines
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import choose

commands = typer.Typer()
app = typer.Typer(no_args_is_help=True)
"""The group `source`."""
MEANING = {
    0: "all is well",
    1: "something it needs does not work",
    3: "it works, and a person should look",
}
CODES = "Exit codes: " + "; ".join(f"{code} {words}" for code, words in MEANING.items()) + "."


@commands.command(epilog=CODES)
def health(
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Check only what this process itself needs: for a readiness or liveness probe."
        ),
    ] = False,
    sources: Annotated[
        bool, typer.Option("--sources", help="Also open each source of the inventory; nothing is read.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check register, keys, staging, clock, destinations, witness places and the last scheduled jobs.

    A file of one byte is written to staging and removed; nothing else is changed, and no request is read.
    """
    from afschrift.operations.health import Health
    from afschrift.operations.health import health as look

    looks = look(probe=probe, sources=sources)
    if as_json:
        print_json([found.row() for found in looks])
    else:
        width = max(len(found.name) for found in looks)
        for found in looks:
            typer.echo(f"{found.name:{width}}  {found.health:7}  {found.says}")
    worst = {found.health for found in looks}
    if worst != {Health.OK}:
        raise typer.Exit(1 if Health.FAILED in worst else 3)


@commands.command()
def sweep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; nothing is changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find requests without a run, lost and failed runs and stray staging; act where that is safe.

    The DAG `sweep` does the same every hour. Runs are started through Airflow's REST API; if it cannot be
    reached, they are only reported.
    """
    from afschrift.airflow_ext.trigger import trigger, trigger_batch
    from afschrift.operations.sweep import sweep as whole
    from afschrift.operations.sweep import table

    def start(request_id: str, run_id: str) -> str:
        return f"run {trigger(request_id, {}, run_id=run_id)} is started"

    def start_batch(requests: Sequence[str], run_id: str) -> str:
        return f"batch {trigger_batch(requests, run_id=run_id)} is started"

    found = whole(start, start_batch, dry=dry_run)
    typer.echo(json.dumps([swept.row() for swept in found], indent=2) if as_json else table(found))


@app.callback()
def _source() -> None:
    """A source."""


@app.command("test")
def test_source(
    source: Annotated[str, typer.Argument(help="Name of the source in the inventory.")],
    write_schema: Annotated[
        str | None,
        typer.Option(
            help="An empty schema (a new file; a new folder of a lake), for two tables that are dropped."
        ),
    ] = None,
    write_connection: Annotated[
        str | None, typer.Option(help="Connection of an account that may write there.")
    ] = None,
    folder: Folder = None,
) -> None:
    """Print a report: types, read-only, snapshot, keys, reconciliation, cancelling. Exit code 1: not kept.

    Without --write-schema it reads a row of each table, and writes nothing.
    """
    from afschrift.testing.source_report import lines_of_report

    sources = load_inventory(folder).sources
    if source not in sources:
        raise ConfigurationError(f"There is no source {source}.", remedy=choose(source, sources))
    lines = list(lines_of_report(sources[source], write_schema, write_connection))
    print_lines(line for line, _ in lines)
    if not all(good for _, good in lines):
        raise typer.Exit(1)
