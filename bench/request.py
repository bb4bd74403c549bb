"""One request by the functions that the tasks call, in their order; run as a process of its own.

    python -m bench.request CUSTOMER FORMAT[,FORMAT]

Prints seconds by step as JSON. The clock starts when everything is imported, as in a scheduler that has
imported beforehand. The installation comes from the environment.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from testbed.running import store

from afschrift.app.settings import Settings
from afschrift.domain.errors import NeedsPersonError
from afschrift.register.open import initialise
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build


def main() -> None:
    """Run it."""
    customer, formats = sys.argv[1], sys.argv[2].split(",")
    initialise(Settings.from_environment())
    services = build(lambda _line: None)
    request = store(services, {"customer_id": customer}, "portability", formats=formats)
    print(json.dumps(run(services, request)))


def run(services: Services, request: str) -> dict[str, Any]:
    """Seconds by step, and `rows`."""
    seconds: dict[str, Any] = {}

    def timed(name: str, step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        began = time.perf_counter()
        result = step()
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - began
        return result

    timed("assess", lambda: assess(services, request))
    planned = timed("classify", lambda: classify(services, request))
    rows = 0
    for source in planned["sources"]:
        rows += timed("extract", lambda source=source: extract(services, request, source))["rows"]
    timed("validate", lambda: validate(services, request))
    timed("package", lambda: package(services, request))
    while not _delivered(services, request, timed):
        timed("classify", lambda: classify(services, request))
    timed("close", lambda: close(services, request))
    return {**seconds, "rows": rows}


def _delivered(services: Services, request: str, timed: Callable[..., Any]) -> bool:
    """Hand over; where a person would look at the bundle first, they approve it in no time."""
    try:
        timed("deliver", lambda: deliver(services, request))
    except NeedsPersonError:
        [asked] = services.register.questions.all(request_id=request)
        services.register.questions.answer(asked.id, "approved", "officer")
        return False
    return True


if __name__ == "__main__":
    main()
