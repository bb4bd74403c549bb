"""The gate of each step: it reads the decisions that it needs from the register, whatever Airflow says.

docs/gates.md lists the attempts to bypass it and their outcomes.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from afschrift.casework.decision.in_force import DECISION
from afschrift.casework.identity.question import IDENTITY_KIND, MANDATE
from afschrift.casework.review.question import REVIEW
from afschrift.domain.errors import GateError, UnknownRequestError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request, Run
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError
from afschrift.services import Services

PLANS = ("plan_frozen", "plan_kept")
_CHANNEL = "channel:"


class StepEvidence:
    """What a step's event records of the step itself. Create it when the step begins: it measures time."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def seconds(self) -> dict[str, float]:
        return {"seconds": round(time.monotonic() - self._begun, 1)}

    def of(self, basis: StepBasis, bundle: str | None = None) -> dict[str, Any]:
        """Return `rests_on` and `seconds`."""
        return {"rests_on": basis.rests_on(bundle), **self.seconds()}


class StepBasis:
    """The decisions and plans in the trail on which a step may rest."""

    def __init__(self, register: Register, request_id: str) -> None:
        self._events = register.evidence.of_types(request_id, "decision_taken", *PLANS)

    def rests_on(self, bundle: str | None = None) -> dict[str, dict[str, Any]]:
        """Return the events on which a step rests.

        Args:
            bundle: digest of the bundle that is delivered; its review is included where there was one.

        Returns:
            `identity`, `mandate`, `decision`, `plan` and `review`, as far as present -> `event`, its number
            in the trail, and `by`, the role or the channel it came from.
        """
        rests: dict[str, dict[str, Any]] = {}
        for header, payload in self._events:
            content = payload or {}
            kind = "plan" if header.type in PLANS else content.get("kind")
            # A review is of one bundle: that of another one says nothing about this one.
            if kind == REVIEW and (bundle is None or content.get("about") != bundle):
                continue
            if kind in ("plan", IDENTITY_KIND.name, MANDATE, DECISION, REVIEW):
                rests[kind] = {"event": header.seq, **_by(header.actor, content)}
        return rests


def _by(actor: str, payload: dict[str, Any]) -> dict[str, str]:
    """Return the role or the channel; never the account, which identifies an employee."""
    role = (payload.get("held") or {}).get("role")
    if role:
        return {"by": role}
    return {"by": actor.replace(_CHANNEL, "channel ", 1)} if actor.startswith(_CHANNEL) else {}


_SHOWN = 20
"""Number of differences that the event lists; `afschrift audit verify` lists all."""

NEW_RUN = "start a new run of `fulfil_request`; it goes as far as the register allows."


def refusal(
    services: Services,
    request_id: str | None,
    step: str,
    reason: str,
    message: str,
    remedy: str = NEW_RUN,
    *,
    event: str = "gate_bypassed",
    **more: Any,
) -> GateError:
    """Record the attempt in the trail and return the error to raise.

    Args:
        services: of the step.
        request_id: of the gate; None or an unknown id: the event belongs to no request.
        step: name of the step.
        reason: a code.
        message: one sentence for the log.
        remedy: what to do.
        event: `gate_bypassed`, or `gate_refused` where the step only came too late.
        more: further codes for the event.
    """
    payload: dict[str, Any] = {"step": step, "reason": reason, "run": services.run}
    if event == "gate_bypassed" and services.run is not None:
        payload["clicked_by"] = services.clicked(reason, step)
    new = NewEvent(event, payload=payload | more)
    try:
        services.register.trail.record(request_id, new)
    except UnknownRequestError:
        services.register.trail.record(None, new)
    return GateError(message, remedy=remedy)


def begin(services: Services, request_id: str, by: str) -> None:
    """Begin the run of these services, before anything of the request changes.

    Raises:
        GateError: the request is closed, another run of it goes, or this run began for another request.
    """
    with services.register.read_snapshot():
        open_request(services, request_id, "assess")
    must_be_witnessed(services, request_id, "assess", first=True)
    if services.run is not None:
        active = services.register.runs.begin(request_id, services.run, services.patience, by=by)
        _must_be_this_run(services, request_id, "assess", active)


def enter(services: Services, request_id: str, step: str) -> Request:
    """Open the gate of a step that reads no personal data.

    Raises:
        GateError: the request is closed, or this run is not its active run.
    """
    request = open_request(services, request_id, step)
    in_run(services, request_id, step)
    return request


def open_request(services: Services, request_id: str, step: str) -> Request:
    """Return the request, after checking that its rows follow from the trail.

    Raises:
        GateError: it is delivered, refused or withdrawn; or the register holds rows that the service did not
            write.
    """
    must_follow_from_trail(services, request_id, step)
    request = services.register.requests.get(request_id)
    if not request.state.open:
        raise refusal(
            services,
            request_id,
            step,
            "closed",
            f"Request {request.id} is closed ({request.state}).",
            "a new request of the person gets its own id: `afschrift submit`.",
            event="gate_refused",
        )
    return request


def must_follow_from_trail(services: Services, request_id: str, step: str) -> None:
    """Compare the register's rows of a request with its events, which only the service can write.

    Raises:
        GateError: they differ; names the places, never a value. Or the keys belong to another register, which
            is no attempt and writes no event.
    """
    try:
        services.register.evidence.must_follow(request_id)
    except ForgedError as forged:
        # With the wrong keys every row looks forged. An event would then close the request for every worker,
        # also for those with the right keys.
        if services.register.evidence.by_other_keys():
            raise GateError(
                f"The register was written with other keys than those on {socket.gethostname()}, so "
                "nothing in it can be checked here; nothing was recorded.",
                remedy="let AFSCHRIFT_KEYS name the same keys in every process, then clear this task.",
            ) from None
        raise _forged(services, request_id, step, forged) from None


def must_be_witnessed(services: Services, request_id: str, step: str, *, first: bool = False) -> None:
    """Check with the witnesses that the register was not restored to an earlier state.

    Args:
        services: of the step.
        request_id: of the gate.
        step: name of the step.
        first: this is the first gate of a run: the witnesses receive the current height.

    Raises:
        GateError: it was restored to an earlier state.
        RetriableError: no witness answers, and no height is kept with the keys either.
    """
    try:
        services.witnessed(first)
    except ForgedError as forged:
        raise _forged(services, request_id, step, forged) from None


def _forged(services: Services, request_id: str, step: str, forged: ForgedError) -> GateError:
    return refusal(
        services,
        request_id,
        step,
        forged.found[0].code,
        str(forged.args[0]),
        forged.remedy,
        differences=[str(difference) for difference in forged.found[:_SHOWN]],
        found=len(forged.found),
    )


def in_run(services: Services, request_id: str, step: str) -> None:
    """Mark the run of this step as alive.

    Raises:
        GateError: it never began for this request, or another run of the request is active.
    """
    if services.run is None:
        return
    active = services.register.runs.see(request_id, services.run, services.patience)
    if active is None:
        raise refusal(
            services,
            request_id,
            step,
            "run_not_begun",
            f"Step {step} was started in a run that never began for request {request_id}.",
        )
    _must_be_this_run(services, request_id, step, active)


def _must_be_this_run(services: Services, request_id: str, step: str, active: Run) -> None:
    if active.request != request_id:
        message = f"Run {services.run} began for another request than {request_id}."
        raise refusal(services, request_id, step, "run_of_another_request", message)
    if active.id != services.run:
        raise refusal(
            services,
            request_id,
            step,
            "another_run",
            f"Run {active.id} of request {request_id} is still going; two would write to the same staging.",
            "wait for its end, or clear what failed in it. If it is gone, it counts as lost "
            f"{services.patience} after {active.seen_at}.",
            going=active.id,
        )
