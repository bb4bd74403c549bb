"""The gate is the register: each step reads the decisions it needs there, whatever Airflow says.

docs/gates.md tells an auditor what each attempt to get round it comes to.
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
    """Begun with the step; its event holds it."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def seconds(self) -> dict[str, float]:
        """`seconds` since the step began."""
        return {"seconds": round(time.monotonic() - self._begun, 1)}

    def of(self, basis: StepBasis, bundle: str | None = None) -> dict[str, Any]:
        """`rests_on` and `seconds`."""
        return {"rests_on": basis.rests_on(bundle), **self.seconds()}


class StepBasis:
    """The decisions and plans in the trail that a step may rest on."""

    def __init__(self, register: Register, request_id: str) -> None:
        self._events = register.evidence.of_types(request_id, "decision_taken", *PLANS)

    def rests_on(self, bundle: str | None = None) -> dict[str, dict[str, Any]]:
        """What a step rests on.

        Args:
            bundle: digest of the one that is handed over; its review is named where there was one.

        Returns:
            `identity`, `mandate`, `decision`, `plan` and `review`, as far as there is one -> `event`, its
            number in the trail, and `by`, the role or the channel that said it.
        """
        rests: dict[str, dict[str, Any]] = {}
        for header, payload in self._events:
            said = payload or {}
            kind = "plan" if header.type in PLANS else said.get("kind")
            if kind == REVIEW and (bundle is None or said.get("about") != bundle):
                continue
            if kind in ("plan", IDENTITY_KIND.name, MANDATE, DECISION, REVIEW):
                rests[kind] = {"event": header.seq, **_by(header.actor, said)}
        return rests


def _by(actor: str, payload: dict[str, Any]) -> dict[str, str]:
    """The role or channel; never the account, which names somebody."""
    role = (payload.get("held") or {}).get("role")
    if role:
        return {"by": role}
    return {"by": actor.replace(_CHANNEL, "channel ", 1)} if actor.startswith(_CHANNEL) else {}


_SHOWN = 20
"""So many differences stand in the event; `afschrift audit verify` lists all."""

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
    """The error to raise; the attempt stands in the trail.

    Args:
        services: of the step.
        request_id: whose gate it was; None, or an unknown one: the event concerns no request.
        step: name of the step.
        reason: a code.
        message: one sentence for the log.
        remedy: what to do.
        event: `gate_bypassed`, or `gate_refused` where the step merely came too late.
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
    """Begin the run that the services stand for, before anything of the request changes.

    Raises:
        GateError: the request is closed, another run of it goes, or this run began for another request.
    """
    with services.register.read_snapshot():
        open_request(services, request_id, "assess")
    must_be_witnessed(services, request_id, "assess", first=True)
    if services.run is not None:
        goes = services.register.runs.begin(request_id, services.run, services.patience, by=by)
        _must_be_ours(services, request_id, "assess", goes)


def enter(services: Services, request_id: str, step: str) -> Request:
    """Into a step: the request is open, and the run of this step is the one that goes.

    Raises:
        GateError: it is not.
    """
    request = open_request(services, request_id, step)
    in_run(services, request_id, step)
    return request


def open_request(services: Services, request_id: str, step: str) -> Request:
    """The request, whose rows follow from the trail.

    Raises:
        GateError: it is delivered, refused or withdrawn; or something in the register was written by somebody
            else than the service.
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
    """Hold what stands in the register about a request against its events, which only the service can make.

    Raises:
        GateError: it differs; names the places, never a value. Or the keys at hand are another register's:
            that is no attempt, and no event.
    """
    try:
        services.register.evidence.must_follow(request_id)
    except ForgedError as forged:
        if services.register.evidence.by_other_keys():  # an event of ours would close the request for all
            raise GateError(
                f"The keys on {socket.gethostname()} are not those that the register was written with, so "
                "nothing in it can be checked here; nothing was recorded.",
                remedy="see that AFSCHRIFT_KEYS names the same keys in every process, then clear this task.",
            ) from None
        raise _forged(services, request_id, step, forged) from None


def must_be_witnessed(services: Services, request_id: str, step: str, *, first: bool = False) -> None:
    """See that the register was not set back, by what the witness places know of it.

    Args:
        services: of the step.
        request_id: whose gate it is.
        step: name of the step.
        first: it is the first gate of a run: the places are moved on.

    Raises:
        GateError: it was set back.
        RetriableError: no place answers, and nothing is kept beside the keys either.
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
        differences=[str(one) for one in forged.found[:_SHOWN]],
        found=len(forged.found),
    )


def in_run(services: Services, request_id: str, step: str) -> None:
    """Mark the run of this step as alive.

    Raises:
        GateError: it never began for this request, or another run of the request goes.
    """
    if services.run is None:
        return
    goes = services.register.runs.see(request_id, services.run, services.patience)
    if goes is None:
        raise refusal(
            services,
            request_id,
            step,
            "run_not_begun",
            f"Step {step} was started in a run that never began for request {request_id}.",
        )
    _must_be_ours(services, request_id, step, goes)


def _must_be_ours(services: Services, request_id: str, step: str, goes: Run) -> None:
    if goes.request != request_id:
        message = f"Run {services.run} began for another request than {request_id}."
        raise refusal(services, request_id, step, "run_of_another_request", message)
    if goes.id != services.run:
        raise refusal(
            services,
            request_id,
            step,
            "another_run",
            f"Run {goes.id} of request {request_id} is still going; two at once would work in one staging.",
            "wait for its end, or clear what failed in it. Where it is gone, it counts as lost "
            f"{services.patience} after {goes.seen_at}.",
            going=goes.id,
        )
