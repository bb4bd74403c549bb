"""At the end of a run: what Airflow says of its tasks, held against what the register knows as done.

Somebody who marks a task as successful or skipped opens nothing, and often no task of ours runs after it
that would notice. So the end of the run looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.domain.event import NewEvent
from afschrift.domain.state import State
from afschrift.register.register import Register
from afschrift.services import Services

WHOLE = "fulfil"
"""The task that does all steps, where an installation has no task for each."""
_AT_WORK = (State.RECEIVED, State.ACKNOWLEDGED, State.ACCEPTED)
"""States in which nothing waits for a person, so that no step of ours skips."""


def check_claims(services: Services, request_id: str, states: Mapping[str, str | None]) -> tuple[str, ...]:
    """Record an event `gate_bypassed` for each task whose state somebody else than its step has set.

    Args:
        services: of a step of the run.
        request_id: that the run works for.
        states: task -> its state in Airflow; a mapped one as `extract_0`, not expanded as `extract`.

    Returns:
        Names of these tasks.
    """
    register = services.register
    events = [(header.type, payload or {}) for header, payload in register.trail.events(request_id)]
    sources = (register.steps.latest(request_id, "classify") or {}).get("sources")
    done = _Done(
        register, request_id, sources, {p.get("source") for kind, p in events if kind == "extracted"}
    )
    request = register.requests.get(request_id)
    whole = [(WHOLE, None, states[WHOLE])] if WHOLE in states else []
    parts = whole or _parts(states, request.right.terms.steps)
    found = [
        (step, index, "marked_success")
        for step, index, state in parts
        if state == "success" and not done(step, index)
    ]
    skipped = next((step for step, _, state in parts if state == "skipped"), None)
    nothing_to_read = skipped == "extract" and sources == []
    if skipped and not nothing_to_read and request.state in _AT_WORK:
        found.append((skipped, None, "marked_skipped"))
    for step, index, reason in found:
        payload: dict[str, Any] = {"step": step, "reason": reason, "run": services.run}
        if index is not None:
            payload["place"] = index
        if not any(kind == "gate_bypassed" and known.items() >= payload.items() for kind, known in events):
            # The end of a run may be tried again.
            payload["clicked_by"] = services.clicked(reason, step)
            register.trail.record(request_id, NewEvent("gate_bypassed", payload=payload))
    return tuple(dict.fromkeys(step for step, _, _ in found))


def _parts(
    states: Mapping[str, str | None], steps: Sequence[str]
) -> list[tuple[str, int | None, str | None]]:
    """Step, place in the list of sources, and state, in the order of the right's steps."""
    parts: list[tuple[str, int | None, str | None]] = []
    for task, state in states.items():
        step, _, index = task.partition("_")
        if step in steps:
            parts.append((step, int(index) if index.isdecimal() else None, state))
    return sorted(parts, key=lambda part: (steps.index(part[0]), part[1] or 0))


@dataclass(frozen=True)
class _Done:
    """Whether a step was ever finished for a request. Under which plan is for the gates to ask.

    Attributes:
        sources: of the last plan; None: there is none.
        extracted: sources that were ever read.
    """

    register: Register
    request: str
    sources: list[str] | None
    extracted: set[str | None]

    def __call__(self, step: str, index: int | None) -> bool:
        if step in ("close", WHOLE):
            return self._given() or self._part_closed()
        if step != "extract":
            return self.register.steps.latest(self.request, step) is not None
        if self.sources is None:
            return False
        wanted = self.sources if index is None else self.sources[index : index + 1]
        return self.extracted.issuperset(wanted)

    def _given(self) -> bool:
        """The answer of the request is ready, or the person was told of it."""
        return self.register.requests.get(self.request).state in (State.READY, State.DELIVERED)

    def _part_closed(self) -> bool:
        """A part was delivered under the plan that was frozen last, and the request stays open."""
        frozen = self.register.steps.latest(self.request, "classify")
        closed = self.register.steps.latest(self.request, "close")
        return frozen is not None and closed is not None and closed["plan"] == frozen["plan"]
