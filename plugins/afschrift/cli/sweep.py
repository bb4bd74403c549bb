"""`afschrift sweep`: what runs left behind, found and put right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer


def sweep(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Find and name only; nothing is changed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Find requests without a run, lost and failed runs and stray staging; act where that is safe.

    The DAG `sweep` does the same every hour. Runs are started through Airflow's REST API; where it cannot be
    reached, they are only named.
    """
    from afschrift.airflow_ext.trigger import trigger, trigger_batch
    from afschrift.operations.run_sweep import sweep as whole
    from afschrift.operations.run_sweep import table

    def start(request_id: str, run_id: str) -> str:
        return f"run {trigger(request_id, {}, run_id=run_id)} is started"

    def start_batch(requests: Sequence[str], run_id: str) -> str:
        return f"batch {trigger_batch(requests, run_id=run_id)} is started"

    found = whole(start, start_batch, dry=dry_run)
    typer.echo(json.dumps([swept.row() for swept in found], indent=2) if as_json else table(found))
