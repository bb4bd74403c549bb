"""The step `assess`: identity and mandate are decided, and the requested formats exist."""

from __future__ import annotations

from typing import Any

from afschrift.casework.decision.require_decision import require_decision
from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.identity.confirmed import require_identity
from afschrift.casework.identity.death import require_alive
from afschrift.casework.identity.mandates import require_bound, require_representation
from afschrift.casework.intake.not_received import require_received
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.request import check_formats
from afschrift.domain.state import State
from afschrift.services import Services
from afschrift.steps.gates import StepBasis, StepEvidence, enter


def assess(services: Services, request_id: str) -> dict[str, Any]:
    """Let the run work on the request (R10-R12, R15, R16, R57).

    Raises:
        GateError: the request is closed, or another run of it is active.
        NeedsPersonError: there is no decision on the identity, on a representative's mandate, or on a flag;
            the question is in the register.
        RefusedError: a format does not exist or does not qualify.
    """
    evidence, register = StepEvidence(), services.register
    with register.read_snapshot():  # the same rows that the gate compared with the trail
        request = enter(services, request_id, "assess")
        check_formats(request.right, request.formats, tuple(services.formats))
        require_received(register, request_id)
        require_alive(register, request_id, own_keys(services.inventory))
        identity = require_identity(services, request)
        require_representation(services, request_id)
        require_bound(services, request)
        require_decision(services, request_id)
        inputs = digest({"identity": identity.at, "formats": list(request.formats), "right": request.right})
        done = register.steps.result(request_id, "assess", inputs)
        basis = StepBasis(register, request_id)
    if done is not None:
        return done
    result = {"request": request_id, "right": str(request.right)}
    payload = {"rules": ["R10", "R57"], "identity": identity.choice, "identity_by": identity.by}
    event = NewEvent("assessed", payload={**payload, **evidence.of(basis)})
    with register.write_together():
        if request.state is State.RECEIVED:
            register.requests.move(request_id, State.ACKNOWLEDGED, NewEvent("acknowledged"))
        return register.steps.finish(request_id, "assess", inputs, result, event)
