"""`afschrift batch`: requests that are read in one pass."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import typer

from afschrift.airflow_ext.heartbeat import all_beating
from afschrift.app.settings import Settings
from afschrift.casework.run_findings import BatchPolicy
from afschrift.cli.common import open_register, print_lines, say, services
from afschrift.cli.running import CODES, leave, run_here
from afschrift.domain.request import BATCH_LIMIT, BATCHED

app = typer.Typer(no_args_is_help=True)
Requests = Annotated[list[str] | None, typer.Argument(help="Ids of requests; none: all that wait.")]


@app.command("list")
def listing() -> None:
    """List requests that had no run yet, the oldest first."""
    settings = Settings.from_environment()
    policy = BatchPolicy(settings.batch_requests, settings.batch_wait)
    found = policy.in_line(open_register().oversight.progress())
    for status in found:
        typer.echo(f"{status.request}  since {status.created_at[:16]}")
    if settings.batch_requests < 2:
        say("The sweep starts each one's own run: AFSCHRIFT_BATCH_REQUESTS is 1.")
    else:
        hours = settings.batch_wait.total_seconds() / 3600
        say(f"{len(found)} wait. The sweep starts {settings.batch_requests}, or all after {hours:g} hours.")


@app.command()
def explain(requests: Requests = None) -> None:
    """Dry run: which requests would read which source together, and why others read it alone."""
    from afschrift.batch.members import explain as lines

    print_lines(lines(services(), requests or _waiting()))


@app.command(epilog=CODES)
def start(
    requests: Requests = None,
    here: Annotated[bool, typer.Option("--here", help="In this process, without a running Airflow.")] = False,
) -> None:
    """Start a batch: by a run of `fulfil_batch` on a running Airflow, or in this process."""
    chosen = _at_most(list(dict.fromkeys(requests or _waiting())))
    for request in chosen:
        open_register().requests.get(request)
    if not chosen:
        say("No request waits.")
        return
    if here:
        from afschrift.batch.fulfil_batch import batch_run, fulfil_batch

        batch, opened = f"here-{uuid4().hex}", services()
        with all_beating(opened, {request: batch_run(batch, request) for request in chosen}):
            outcomes = fulfil_batch(opened, chosen, batch, "cli")
        leave(*(run_here(request) for request, outcome in outcomes.items() if outcome == BATCHED))
        return
    from afschrift.airflow_ext.trigger import trigger_batch

    say(f"Batch {trigger_batch(chosen)} started.")


def _at_most(requests: list[str]) -> list[str]:
    """Return the oldest requests, as many as one batch may have; report how many are left."""
    if (left := len(requests) - BATCH_LIMIT) > 0:
        say(
            f"One batch has at most {BATCH_LIMIT} requests; {left} are left: start the next batch afterwards."
        )
    return requests[:BATCH_LIMIT]


def _waiting() -> list[str]:
    return [status.request for status in BatchPolicy().in_line(open_register().oversight.progress())]
