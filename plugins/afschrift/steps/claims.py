"""Compare the states of a run's tasks in Airflow with the steps that the register knows as done.

Marking a task as successful or skipped opens no gate, but often no task of ours runs after it that would
notice. So the last task of the run checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.casework.partial_response.question import waits_for
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.event import NewEvent
from afschrift.domain.state import State
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.steps.gates import NEW_RUN

WHOLE = "fulfil"
"""The task of all steps, in installations that have no task for each."""
_AT_WORK = (State.RECEIVED, State.ACKNOWLEDGED, State.ACCEPTED)
"""States in which nothing waits for a person, so no step skips itself."""


def check_claims(services: Services, request_id: str, states: Mapping[str, str | None]) -> tuple[str, ...]:
    """Record an event `gate_bypassed` for each task whose state was not set by its own step.

    Tasks of sources that the plan does not read skip themselves; the register names these sources.

    Args:
        services: of a step of the run.
        request_id: of the run.
        states: task -> its state in Airflow.

    Returns:
        Names of the steps of these tasks.
    """
    register = services.register
    events = [(header.type, payload or {}) for header, payload in register.trail.events(request_id)]
    sources = (register.steps.latest(request_id, "classify") or {}).get("sources")
    done = _Done(
        register, request_id, sources, {p.get("source") for kind, p in events if kind == "extracted"}
    )
    request = register.requests.get(request_id)
    whole = [(WHOLE, None, states[WHOLE])] if WHOLE in states else []
    parts = whole or _parts(states, request.right.terms.steps, sources or [])
    found = [
        (step, source, "marked_success")
        for step, source, state in parts
        if state == "success" and not done(step, source)
    ]
    read = {None, *(sources or ())}
    skipped = [(step, source) for step, source, state in parts if state == "skipped" and source in read][:1]
    nothing_to_read = sources == [] and {step for step, _ in skipped} <= {"extract", "validate"}
    waits = request.state not in _AT_WORK or waits_for(register, request_id) is not None
    if not (nothing_to_read or waits):
        found += [(step, source, "marked_skipped") for step, source in skipped]
    for step, source, reason in found:
        payload: dict[str, Any] = {"step": step, "reason": reason, "run": services.run}
        if source is not None:
            payload["source"] = source
        if not any(kind == "gate_bypassed" and known.items() >= payload.items() for kind, known in events):
            # Only once: Airflow may retry the task that checks.
            payload["clicked_by"] = services.clicked(reason, step)
            register.trail.record(request_id, NewEvent("gate_bypassed", payload=payload))
    return tuple(dict.fromkeys(step for step, _, _ in found))


def stop_at_question(services: Services, request_id: str) -> None:
    """End a run in which a question came up while sources were read: the answer starts the next run.

    The register decides, since any user of Airflow can mark a task as skipped.

    Raises:
        NeedsPersonError: a question came up.
    """
    register = services.register
    if waits_for(register, request_id) is None and not _asked_in_run(services, request_id):
        return
    asked = register.questions.all(request_id=request_id)
    message = f"Not all sources of request {request_id} were read"
    if not asked:
        raise NeedsPersonError(
            f"{message}: the run stopped at a question, which is answered now.", question="", remedy=NEW_RUN
        )
    raise NeedsPersonError(
        f"{message}: question {asked[0].id} is open.",
        question=asked[0].kind,
        remedy=f"answer with `afschrift answer {asked[0].id} --choice {'|'.join(asked[0].options)}`.",
    )


def _asked_in_run(services: Services, request_id: str) -> bool:
    """Whether the request began to wait for a person in this run, and still waits."""
    if services.register.requests.get(request_id).state is not State.NEEDS_PERSON:
        return False
    run, began, moved = services.run, 0, 0
    for header, payload in services.register.trail.events(request_id):
        if header.type == "run_started" and (payload or {}).get("run") == run:
            began = header.seq
        elif header.type == "state_changed" and (payload or {}).get("to") == State.NEEDS_PERSON:
            moved = header.seq
    return 0 < began < moved


def _parts(
    states: Mapping[str, str | None], steps: Sequence[str], sources: Sequence[str]
) -> list[tuple[str, str | None, str | None]]:
    """Return step, source and state of each task, in the order of the right's steps."""
    parts: list[tuple[str, str | None, str | None]] = []
    for task, state in states.items():
        step, _, part = task.partition("_")
        # Earlier versions numbered the tasks of sources; a run that one of them began may end here.
        if part.isdecimal() and int(part) < len(sources):
            part = sources[int(part)]
        if step in steps:
            parts.append((step, part or None, state))
    return sorted(parts, key=lambda part: (steps.index(part[0]), part[1] or ""))


@dataclass(frozen=True)
class _Done:
    """Whether a step was ever finished for a request, under any plan: the gates check the plan.

    Attributes:
        sources: of the last plan; None: there is none.
        extracted: sources that were ever read.
    """

    register: Register
    request: str
    sources: list[str] | None
    extracted: set[str | None]

    def __call__(self, step: str, source: str | None) -> bool:
        if step in ("close", WHOLE):
            return self._given() or self._part_closed()
        if step != "extract":
            return self.register.steps.latest(self.request, step) is not None
        if self.sources is None:
            return False
        return self.extracted.issuperset(self.sources if source is None else [source])

    def _given(self) -> bool:
        """Whether the answer is ready, or the person was notified of it."""
        return self.register.requests.get(self.request).state in (State.READY, State.DELIVERED)

    def _part_closed(self) -> bool:
        """Whether a part was delivered under the last plan, so the request remains open."""
        frozen = self.register.steps.latest(self.request, "classify")
        closed = self.register.steps.latest(self.request, "close")
        return frozen is not None and closed is not None and closed["plan"] == frozen["plan"]
