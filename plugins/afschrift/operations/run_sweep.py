"""Puts a sweep together, and shows what it found as a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rich.table import Table

from afschrift.app.settings import Settings
from afschrift.casework.notices.report import drawn
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import utc_now
from afschrift.operations.company import Company
from afschrift.operations.findings import SweepLimits
from afschrift.operations.sweep import Start, StartBatch, Sweep, SweepResult
from afschrift.register.open import open_register
from afschrift.staging.staged_requests import destroy, staged_requests, staging_root


def sweep(
    start: Start,
    start_batch: StartBatch | None = None,
    *,
    dry: bool = False,
    settings: Settings | None = None,
) -> list[SweepResult]:
    """Sweep over register and staging of this installation.

    Args:
        start: starts a run, or says why not.
        start_batch: the same of a batch.
        dry: find and name only.
        settings: default: from the environment.

    Raises:
        ConfigurationError: keys or register cannot be used; says what to do.
        RetriableError: register or staging does not answer.
    """
    settings = settings or Settings.from_environment()
    now, staging, register = utc_now(), staging_root(settings), open_register(settings)
    found = Sweep(
        register=register,
        staged=partial(staged_requests, staging),
        destroy=partial(destroy, staging),
        start=start,
        now=now,
        limits=SweepLimits(
            settings.sweep_unstarted, settings.sweep_lost, settings.staging_hold, review=settings.review_hold
        ),
        dry=dry,
        company=Company(settings.batch_requests, settings.batch_wait),
        start_batch=start_batch,
    ).run()
    if not dry:  # a sign of life: `afschrift health` asks for the last one
        register.trail.record(None, NewEvent("swept", payload={"found": len(found)}))
    return found


def table(found: Sequence[SweepResult]) -> str:
    """What was found, one line a finding: request, what, since when, run, last step, what was done."""
    if not found:
        return "Nothing found: every request has its run or its question, and staging holds nothing stray."
    shown = Table()
    for title in ("Request", "Found", "Since (UTC)", "Hours", "Run", "Last step", "Done"):
        shown.add_column(title, justify="right" if title == "Hours" else "left", overflow="fold")
    for swept in found:
        f = swept.finding
        cells = (f.request, f.code.value, f.since[:16], f"{swept.hours:.1f}", f.run or "-", f.step or "-")
        shown.add_row(*cells, swept.action)
    return drawn(shown)
