"""Hand the bundle over, and close the request when it arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from afschrift.core.errors import GateError
from afschrift.core.event import NewEvent, digest
from afschrift.core.ports import Staging
from afschrift.core.state import State
from afschrift.pipeline.gates import gated_plan
from afschrift.pipeline.package import BUNDLE
from afschrift.pipeline.services import Services

CHUNK = 1 << 20


def deliver(services: Services, request_id: str) -> dict[str, Any]:
    """Deliver the packed bundle of the frozen plan to the request's destination (R61, R69).

    Returns:
        `uri`, `bytes`, `sha256` of what arrived.

    Raises:
        GateError: nothing was packed under the frozen plan.
        RetriableError: the destination is down or full; nothing is half-delivered.
    """
    request, plan = gated_plan(services, request_id, "deliver")
    register = services.register
    packed = register.latest_step(request_id, "package")
    if packed is None or packed["plan"] != plan.digest():
        register.record(request_id, NewEvent("gate_bypassed", payload={"step": "deliver"}))
        raise GateError(
            f"Nothing is packed for request {request_id} under its frozen plan.",
            way_out="clear `package` and what follows.",
        )
    inputs = digest({"bundle": packed["bundle"], "destination": plan.destination})
    done = register.step(request_id, "deliver", inputs)
    if done is not None:
        return done
    staging = services.staging(request_id)
    name = f"{request_id}-{request.right}.zip"
    receipt = services.destination(plan.destination).deliver(name, _chunks(staging, packed["bundle"]))
    result = {"uri": receipt.uri, "bytes": receipt.bytes, "sha256": receipt.sha256}
    services.log(f"Delivered {receipt.bytes} bytes to {receipt.uri}.")
    register.record_delivery(request_id, plan.destination, receipt)
    return register.finish_step(request_id, "deliver", inputs, result)


def close(services: Services, request_id: str) -> dict[str, Any]:
    """Mark a delivered request as fulfilled and destroy what was staged (R78)."""
    register = services.register
    request = register.request(request_id)
    if request.state is not State.DELIVERED:
        delivered = register.latest_step(request_id, "deliver")
        if delivered is None:
            register.record(request_id, NewEvent("gate_bypassed", payload={"step": "close"}))
            raise GateError(
                f"Request {request_id} cannot be closed: nothing was delivered.",
                way_out="clear `deliver` and what follows.",
            )
        request = register.move(
            request_id, State.DELIVERED, NewEvent("closed", payload={"sha256": delivered["sha256"]})
        )
    wipe(services, request_id)
    return {"request": request_id, "state": str(request.state)}


def wipe(services: Services, request_id: str) -> bool:
    """Destroy staging where the request is closed; keep it after a failure, so that a run resumes."""
    if services.register.request(request_id).state.open:
        return False
    services.staging(request_id).wipe()
    return True


def _chunks(staging: Staging, expected: str) -> Iterator[bytes]:
    """The bundle; an error at its end, before it becomes visible, where it is not the one packed."""
    seen = hashlib.sha256()
    with staging.reader(BUNDLE) as stream:
        while chunk := stream.read(CHUNK):
            seen.update(chunk)
            yield chunk
    if seen.hexdigest() != expected:
        raise GateError(
            "The staged bundle is not the one that the register knows as packed.",
            way_out="clear `package` and what follows.",
        )
