"""Find what runs left, in staging and at destinations; report it, and act where that is safe. Idempotent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

from rich.table import Table

from afschrift.app.settings import Settings
from afschrift.casework.notices.report import table_text
from afschrift.casework.run_findings import (
    BatchPolicy,
    SweepFinding,
    SweepLimits,
    batch_id,
    next_free,
    of_run,
    of_staging,
)
from afschrift.destinations.registry import open_destination
from afschrift.domain.errors import AfschriftError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.files import StagedRequest
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.request import LOST, Hold, RequestStatus
from afschrift.law.dispute import under_hold
from afschrift.operations.portal_receipts import Portals
from afschrift.operations.remove_copies import Copies
from afschrift.register.open import open_register
from afschrift.register.register import Register
from afschrift.staging.staged_requests import destroy, staged_requests, staging_root

_STAYS = "what is staged of it stays"
_REMAINS = ("not removed", "kept")
START_AT_MOST = 100
"""Most runs that one sweep starts: after a long outage the others wait for the next sweep."""


Start = Callable[[str, str], str]
"""Starts a run of a request under exactly this id; returns what was done, in words.

Raises RefusedError if a run of this id exists, or this request cannot be started; another AfschriftError if
nothing can be started now.
"""


StartBatch = Callable[[Sequence[str], str], str]
"""Starts a batch of requests under exactly this id; as `Start`."""


@dataclass(frozen=True)
class SweepResult:
    """A finding and its outcome.

    Attributes:
        hours: its age.
        action: what was done, or what a person must do; no personal data.
    """

    finding: SweepFinding
    hours: float
    action: str

    def row(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self.finding) | {"hours": self.hours, "action": self.action}


@dataclass(frozen=True)
class Sweep:
    """One sweep over the register and the staging.

    Attributes:
        staged: lists everything in staging.
        destroy: removes the staged files of a request; returns what it was, or None if nothing was left.
        start: starts a run.
        now: the present instant, with a zone.
        dry: only report.
        batches: when requests that never had a run are read in one batch.
        start_batch: starts a batch; None: no batch can be started here.
        copies: the files at destinations; None: they are left.
        at_portals: what was found when the receipts of portals were fetched, which is before `now`.
    """

    register: Register
    staged: Callable[[], Sequence[StagedRequest]]
    destroy: Callable[[str], StagedRequest | None]
    start: Start
    now: datetime
    limits: SweepLimits
    dry: bool = False
    batches: BatchPolicy = field(default_factory=BatchPolicy)
    start_batch: StartBatch | None = None
    copies: Copies | None = None
    at_portals: Sequence[tuple[SweepFinding, str]] = ()

    def run(self) -> list[SweepResult]:
        """Sweep; return every finding with its outcome: staging first, then what lies at destinations."""
        from_portals = [self._swept(f, action) for f, action in self.at_portals]
        self._record([s for s in from_portals if s.finding.delivery])
        held = {h.request: h for h in self.staged()}
        delivered = self.register.deliveries.remaining() if self.copies else ()
        asked = {*held, *(row.request for row in delivered)}
        statuses = self.register.oversight.progress(asked)
        runs = self._runs(statuses)
        lost = [runs[s.request] for s in statuses if s.going and s.request in runs]
        if lost and not self.dry:
            ended = {f.request: f for f in lost if self._end(f)}
            statuses = self.register.oversight.progress(asked)
            runs = ended | self._runs(statuses)
        staged = [f for s in statuses if s.request in held and (f := self._staged(s, held[s.request]))]
        if not self.dry:
            self.register.oversight.record_findings(
                [(f.request, _payload(f)) for f in (*staged, *runs.values())]
            )
        held_back = {s.request: s.holds for s in statuses if s.holds}
        swept = [
            self._swept(f, self._destroy(f, held[f.request], held_back.get(f.request, ()))) for f in staged
        ]
        if self.copies:
            by_request = {status.request: status for status in statuses}
            swept += [self._swept(f, action) for f, action in self.copies.sweep(delivered, by_request)]
            self._record([s for s in swept if s.finding.delivery and s.action.startswith(_REMAINS)])
        return from_portals + swept + self._start(runs.values())

    def _record(self, swept: Iterable[SweepResult]) -> None:
        """Record what remains at a destination past its time, once, and what a portal says."""
        found = [s.finding for s in swept]
        if found and not self.dry:
            self.register.oversight.record_findings([(f.request, _payload(f)) for f in found])

    def _end(self, lost: SweepFinding) -> bool:
        """End a lost run; False if it showed a sign of life meanwhile, or another sweep was first."""
        return self.register.runs.end(lost.request, str(lost.run), LOST, seen_at=lost.since)

    def _runs(self, statuses: Iterable[RequestStatus]) -> dict[str, SweepFinding]:
        return {s.request: f for s in statuses if (f := of_run(s, self.now, self.limits))}

    def _staged(self, status: RequestStatus, held: StagedRequest) -> SweepFinding | None:
        code = of_staging(status, held.touched, self.now, self.limits)
        if code is None:
            return None
        since = rfc3339(held.touched)
        return SweepFinding(code, status.request, since, step=status.step, bytes=held.bytes)

    def _destroy(self, finding: SweepFinding, held: StagedRequest, holds: Sequence[Hold]) -> str:
        if holds:
            return f"kept: {under_hold(finding.request, holds, _STAYS)}"
        if self.dry:
            return f"would destroy {held.bytes} encrypted bytes"

        def act(status: RequestStatus) -> NewEvent | None:
            """Judge again: a run may have begun and ended since the first look."""
            if of_staging(status, held.touched, self.now, self.limits) is None:
                return None
            if status.holds:
                raise under_hold(status.request, status.holds, _STAYS)
            was = self.destroy(status.request)
            return NewEvent("staging_destroyed", payload={"reason": finding.code.value}) if was else None

        try:
            done = self.register.oversight.while_no_run_goes(finding.request, act)
        except AfschriftError as error:
            return f"not destroyed: {error}"
        return f"destroyed {held.bytes} encrypted bytes" if done else "left: another process is using it"

    def _start(self, findings: Iterable[SweepFinding]) -> list[SweepResult]:
        findings = list(findings)
        waiting = self.batches.waiting(findings, self.now) if self.start_batch else []
        swept, started, hindrance = self._batch(waiting), 0, ""
        settled = {result.finding.request for result in swept}
        for finding in (f for f in findings if f.request not in settled):
            action = finding.hindrance
            if finding.start is not None:
                run_id = next_free(self.register, finding.request, finding.start)
                action = hindrance or f"would start run {run_id}"
                if started >= START_AT_MOST:
                    action = "left for the next sweep: this one has started the most it may"
                elif not self.dry and not hindrance:
                    try:
                        action, started = self.start(finding.request, run_id), started + 1
                    except RefusedError as error:
                        action = f"not started: {error}"
                    except AfschriftError as error:  # it would fail for the others too: do not try them
                        action = hindrance = f"not started: {error}"
            swept.append(self._swept(finding, action))
        return swept

    def _batch(self, waiting: Sequence[SweepFinding]) -> list[SweepResult]:
        """Start a batch if one is due; return its requests, and those that still wait for others.

        Empty for a single request: it starts alone.
        """
        chosen = self.batches.batch(waiting, self.now)
        if len(chosen) == 1:
            return []
        swept = [
            self._swept(f, f"waits for others until {self.batches.until(f):%Y-%m-%d %H:%M} UTC")
            for f in waiting
            if f not in chosen
        ]
        if not chosen:
            return swept
        requests = [finding.request for finding in chosen]
        action = f"would start batch {batch_id(requests)}"
        if not self.dry and self.start_batch is not None:
            try:
                action = self.start_batch(requests, batch_id(requests))
            except RefusedError:  # this batch was started before and failed: each request starts alone
                return swept
            except AfschriftError as error:
                action = f"not started: {error}"
        return [self._swept(finding, action) for finding in chosen] + swept

    def _swept(self, finding: SweepFinding, action: str) -> SweepResult:
        age = self.now - datetime.fromisoformat(finding.since)
        return SweepResult(finding, round(age.total_seconds() / 3600, 1), action)


def _payload(finding: SweepFinding) -> dict[str, Any]:
    """Return what the trail keeps of a finding: nothing that changes from hour to hour, and no size.

    If the request's key is destroyed this is never erased, and the staged size could identify the person.

    The event is written before anything is destroyed: a sweep that is killed in between has recorded why.
    """
    f = finding
    payload = {"code": f.code.value, "since": f.since, "run": f.run, "step": f.step}
    payload |= {"delivery": f.delivery, "why": f.why}
    return {name: value for name, value in payload.items() if value is not None}


def sweep(
    start: Start,
    start_batch: StartBatch | None = None,
    *,
    dry: bool = False,
    settings: Settings | None = None,
) -> list[SweepResult]:
    """Sweep over register and staging of this installation.

    Args:
        start: starts a run, or returns why not.
        start_batch: the same for a batch.
        dry: only report.
        settings: default: from the environment.

    Raises:
        ConfigurationError: keys or register cannot be used; names the remedy.
        RetriableError: register or staging does not answer.
    """
    settings = settings or Settings.from_environment()
    staging, register = staging_root(settings), open_register(settings)
    destination = cache(lambda name: open_destination(name, settings.destination(name)))
    at_portals = list(Portals(register, settings.portals, destination, utc_now(), dry).sweep())
    now = utc_now()
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
        batches=BatchPolicy(settings.batch_requests, settings.batch_wait),
        start_batch=start_batch,
        copies=Copies(
            register,
            destination,
            cache(settings.days),
            now,
            dry,
        ),
        at_portals=at_portals,
    ).run()
    if not dry:  # a sign of life: `afschrift health` asks for the last one
        register.trail.record(None, NewEvent("swept", payload={"found": len(found)}))
    return found


def table(found: Sequence[SweepResult]) -> str:
    """Render the findings, one line each."""
    if not found:
        return "Nothing found: no run is missing, and nothing lies in staging or at a destination too long."
    shown = Table()
    for title in ("Request", "Found", "Since (UTC)", "Hours", "Run", "Last step", "Done"):
        shown.add_column(title, justify="right" if title == "Hours" else "left", overflow="fold")
    for swept in found:
        f = swept.finding
        cells = (f.request, f.code.value, f.since[:16], f"{swept.hours:.1f}", f.run or "-", f.step or "-")
        shown.add_row(*cells, swept.action)
    return table_text(shown)
