"""What a plan rests on beside the sources: the request, its decisions, the inventory and what was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.casework.decision.require import hidden_places, require_decision
from afschrift.casework.identity.mandates import require_representation
from afschrift.casework.identity.risk import require_identity
from afschrift.casework.partial_response.require import left_for_later
from afschrift.casework.partial_response.supplement import delivered
from afschrift.casework.review.redactions_in_force import decided
from afschrift.datamap.check.map_findings import stopping
from afschrift.domain.event import digest
from afschrift.domain.request import Request
from afschrift.law.restriction import lifted
from afschrift.register.records import DecisionRow
from afschrift.services import Services
from afschrift.steps.gates import enter
from afschrift.steps.step_evidence import StepBasis


@dataclass(frozen=True)
class PlanBasis:
    """What a plan rests on, as the register had it in one moment.

    Attributes:
        rests_on: the decisions, as a plan is bound to them.
        inputs: digest of all of it.
        latest: the result of the step before; None: it never ended.
        evidence: what the event of the step says that it rests on.
        hidden: tables, columns and systems that a hidden restriction keeps back (R84).
        stopping: what the check of the data map found by now that makes requests wait.
    """

    request: Request
    decisions: Sequence[DecisionRow]
    rests_on: Any
    inputs: str
    latest: dict[str, Any] | None
    evidence: StepBasis
    hidden: frozenset[str]
    stopping: Sequence[str] = ()

    @property
    def new_findings(self) -> bool:
        """Whether the data map's check found something since the step before."""
        return not set(self.stopping) <= set((self.latest or {}).get("map", ()))


def plan_basis(services: Services, request_id: str) -> PlanBasis:
    """Through the gate of `classify`, and what follows it; inside `read_snapshot`.

    Raises:
        GateError: the request is closed, or the step's run is not the one that goes.
        NeedsPersonError: identity, mandate or a flag waits for a person; the question stands in the register.
    """
    register = services.register
    request = enter(services, request_id, "classify")
    require_identity(services, request)
    require_representation(services, request_id)
    require_decision(services, request_id)
    decisions = register.decisions.of(request_id)
    rests_on = decided(decisions, lifted(register.facts.timeline(request_id)))
    inputs = digest(
        {
            "inventory": services.inventory.digest,
            "policy": services.inventory.policy_digest,
            "package": services.package,
            "answer": [request.right, list(request.formats), request.language, request.destination],
            "receipt": request.received_at,
            "decisions": rests_on,
            "delivered": delivered(register, request_id),
            "later": [[one.source, one.rest_by, one.about] for one in left_for_later(services, request_id)],
        }
    )
    latest = register.steps.latest(request_id, "classify")
    evidence, hidden = StepBasis(register, request_id), hidden_places(register, request_id)
    return PlanBasis(request, decisions, rests_on, inputs, latest, evidence, hidden, stopping(register))
