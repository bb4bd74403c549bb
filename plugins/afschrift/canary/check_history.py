"""Checks of the canary in the trail."""

from __future__ import annotations

from afschrift.canary.history import CanaryCheck, from_payload
from afschrift.domain.event import NewEvent
from afschrift.domain.notation import count as counted
from afschrift.register.register import Register

CHECKED = "canary_checked"
SEARCHED = "canary_logs_searched"


def record(register: Register, checked: CanaryCheck, by: str) -> None:
    """Append a check to the trail: it concerns no request."""
    register.trail.record(None, NewEvent(CHECKED, by, checked.payload()))


def history(register: Register) -> tuple[CanaryCheck, ...]:
    """Every check that the trail tells of, the oldest first."""
    events = register.trail.of_types(None, CHECKED)
    return tuple(from_payload(payload, header.at) for header, payload in events if payload is not None)


def record_search(register: Register, files: int, found: int, by: str) -> None:
    """Append that task logs, and what tasks handed on, were searched; `found`: values that stood there."""
    register.trail.record(None, NewEvent(SEARCHED, by, {"files": files, "found": found}))


def found_in_logs(register: Register) -> int:
    """How many values of a canary searches of task logs found, over all of them."""
    events = register.trail.of_types(None, SEARCHED)
    return sum(payload["found"] for _, payload in events if payload is not None)


def evidence(register: Register) -> str:
    """The line of the auditor's evidence; empty: no canary was ever checked."""
    checks = history(register)
    if not checks:
        return ""
    last, below, logs = checks[-1], sum(not one.whole for one in checks), found_in_logs(register)
    when = last.at[:16].replace("T", " ")
    return (
        f"Canary: checked last at {when} UTC. {'. '.join(last.lines)}. Of {counted(len(checks), 'check')} "
        f"{below} found something missing or too much; {counted(logs, 'value')} found in task logs."
    )
