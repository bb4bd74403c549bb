"""Hand the bundle over, and close the request when it arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from afschrift.core.event import NewEvent, digest
from afschrift.core.state import State
from afschrift.pipeline.gates import enter, gated_plan, refusal, review_must_allow
from afschrift.pipeline.package import BUNDLE
from afschrift.pipeline.services import Services

CHUNK = 1 << 20


def deliver(services: Services, request_id: str) -> dict[str, Any]:
    """Deliver the packed bundle of the frozen plan to the request's destination (R61, R69).

    Returns:
        `uri`, `bytes`, `sha256` of what arrived.

    Raises:
        GateError: nothing was packed under the frozen plan, or the gate closed before all was handed over.
        RetriableError: the destination is down or full; nothing is half-delivered.
    """
    request, plan = gated_plan(services, request_id, "deliver")
    register = services.register
    packed = register.latest_step(request_id, "package")
    if packed is None or packed["plan"] != plan.digest():
        raise refusal(
            services,
            request_id,
            "deliver",
            "not_packed",
            f"Nothing is packed for request {request_id} under its frozen plan.",
            "clear `package` and what follows.",
        )
    review_must_allow(services, request_id, "deliver", packed["bundle"], "packed")
    inputs = digest({"bundle": packed["bundle"], "destination": plan.destination})
    done = register.step(request_id, "deliver", inputs)
    if done is not None:
        return done
    name = f"{request_id}-{request.right}.zip"
    receipt = services.destination(plan.destination).deliver(
        name, _chunks(services, request_id, packed["bundle"])
    )
    result = {
        "uri": receipt.uri,
        "bytes": receipt.bytes,
        "sha256": receipt.sha256,
        "plan": plan.digest(),
    }
    services.log(f"Delivered {receipt.bytes} bytes to {receipt.uri}.")
    register.record_delivery(request_id, plan.destination, receipt)
    return register.finish_step(request_id, "deliver", inputs, result)


def close(services: Services, request_id: str) -> dict[str, Any]:
    """Mark a delivered request as fulfilled and destroy what was staged (R78).

    Raises:
        GateError: nothing was delivered under the plan that was frozen last.
    """
    register = services.register
    request = register.request(request_id)
    if request.state is not State.DELIVERED:
        enter(services, request_id, "close")
        frozen = register.latest_step(request_id, "classify")
        delivered = register.latest_step(request_id, "deliver")
        if frozen is None or delivered is None or delivered["plan"] != frozen["plan"]:
            raise refusal(
                services,
                request_id,
                "close",
                "not_delivered",
                f"Request {request_id} cannot be closed: nothing was delivered under its plan.",
                "clear `deliver` and what follows.",
            )
        request = register.move(
            request_id, State.DELIVERED, NewEvent("closed", payload={"sha256": delivered["sha256"]})
        )
    wipe(services, request_id)
    return {"request": request_id, "state": str(request.state)}


def wipe(services: Services, request_id: str) -> bool:
    """Destroy staging where the request is closed, and end the run.

    After a failure staging is kept, so that a run resumes.
    """
    state = services.register.request(request_id).state
    if services.run is not None:
        services.register.end_run(request_id, services.run, str(state))
    if state.open:
        return False
    services.staging(request_id).wipe()
    return True


def _chunks(services: Services, request_id: str, expected: str) -> Iterator[bytes]:
    """The bundle; an error at its end, before it becomes visible, where it is not the one packed.

    Handing over may take long, so the gate is asked once more at the end.
    """
    seen = hashlib.sha256()
    with services.staging(request_id).reader(BUNDLE) as stream:
        while chunk := stream.read(CHUNK):
            seen.update(chunk)
            yield chunk
    if seen.hexdigest() != expected:
        raise refusal(
            services,
            request_id,
            "deliver",
            "bundle_replaced",
            "The staged bundle is not the one that the register knows as packed.",
            "clear `package` and what follows.",
        )
    gated_plan(services, request_id, "deliver")
