"""An answer that is known: recorded once, in the place of one that nobody was told of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.register.register import Register


def answer_ready(register: Register, request_id: str, state: State, detail: Mapping[str, Any]) -> None:
    """Record that the answer is known, and move the request to the state in which the person is told.

    The same answer again changes nothing while nobody was told of it.

    Args:
        register: of the installation.
        request_id: the request.
        state: one of `domain.state.TOLD`.
        detail: `letter`, the kind that tells of it, and codes that say which answer it is.
    """
    said = {"state": state.value, **detail}

    def make(timeline: Timeline) -> list[NewFact]:
        same = [one for one in timeline.untold_answers if dict(one.detail) == said]
        if same and timeline.state is state:
            return []
        over = [NewFact(FactKind.OVERRULED, about=one.id) for one in timeline.untold_answers]
        return [*over, NewFact(FactKind.ANSWER_READY, detail=said, to=state)]

    register.facts.record(request_id, make, "system")
