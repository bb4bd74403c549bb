"""Which request a task works for: what `assess` handed on, held against the run and its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from afschrift.domain.request import is_id

if TYPE_CHECKING:
    from afschrift.services import Services


def handed_on(services: Services, step: str, request: object, params: Mapping[str, Any] | None) -> str:
    """The request of a task.

    What stands in an XCom or a conf can be edited; so the use case then asks the register whether this run
    began for this request.

    Raises:
        GateError: `assess` handed no id on, or the form names another request.
    """
    from afschrift.steps.gates import refusal

    named = (params or {}).get("request")
    named = named if isinstance(named, str) and is_id(named) else None
    if not isinstance(request, str) or not is_id(request):
        raise refusal(
            services,
            named,
            step,
            "not_assessed",
            f"Step {step} was started, but `assess` of this run handed no request on.",
        )
    if named is not None and named != request:
        raise refusal(
            services,
            request,
            step,
            "another_request_in_conf",
            f"The conf of this run names another request than {request}, which the run works for.",
        )
    return request
