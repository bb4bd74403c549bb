"""May this request be worked on: is there an identity decision, and can it be answered in what was asked?"""

from __future__ import annotations

from typing import Any

from afschrift.casework.decision.require_decision import require_decision
from afschrift.casework.identity.confirmed import require_identity
from afschrift.casework.identity.mandates import require_representation
from afschrift.casework.intake.not_received import require_received
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.request import check_formats
from afschrift.domain.state import State
from afschrift.services import Services
from afschrift.steps.gates import StepBasis, StepEvidence, enter


def assess(services: Services, request_id: str) -> dict[str, Any]:
    """First step of a run (R10-R12, R15, R16, R57).

    Raises:
        GateError: the request is closed, or another run of it goes.
        NeedsPersonError: no identity decision, nobody found proven that the one who asks may ask for the
            person, or something was flagged and nobody has decided on it; the
            question stands in the register.
        RefusedError: a format that does not exist or does not qualify.
    """
    took, register = StepEvidence(), services.register
    with register.read_snapshot():  # it rests on what the gate itself held against the trail
        request = enter(services, request_id, "assess")
        check_formats(request.right, request.formats, tuple(services.formats))
        require_received(register, request_id)
        identity = require_identity(services, request)
        require_representation(services, request_id)
        require_decision(services, request_id)
        inputs = digest({"identity": identity.at, "formats": list(request.formats), "right": request.right})
        done = register.steps.result(request_id, "assess", inputs)
        basis = StepBasis(register, request_id)
    if done is not None:
        return done
    result = {"request": request_id, "right": str(request.right)}
    payload = {"rules": ["R10", "R57"], "identity": identity.choice, "identity_by": identity.by}
    event = NewEvent("assessed", payload={**payload, **took.of(basis)})
    with register.write_together():
        if request.state is State.RECEIVED:
            register.requests.move(request_id, State.ACKNOWLEDGED, NewEvent("acknowledged"))
        return register.steps.finish(request_id, "assess", inputs, result, event)
