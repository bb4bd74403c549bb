"""What a notifier was told is a fact beside the request, known by its detail: so nothing is told twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.register.register import Register


def was_told(timeline: Timeline, detail: Mapping[str, Any]) -> bool:
    """Whether just this was told; with another notifier, person or day it is something else."""
    return any(dict(fact.detail) == dict(detail) for fact in timeline.of(FactKind.QUESTION_TOLD))


def note_told(register: Register, request: str, detail: Mapping[str, Any], by: str) -> None:
    """Record it, once the notifier has taken it."""
    register.facts.record(request, lambda _: [NewFact(FactKind.QUESTION_TOLD, detail=dict(detail))], by)
