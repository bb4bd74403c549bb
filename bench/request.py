"""One request by the functions that the tasks call, in their order; run as a process of its own.

    python -m bench.request CUSTOMER FORMAT[,FORMAT]

Prints seconds by step as JSON, and as `build` what making the services takes, which each task does anew. The
clock starts when everything is imported and what is warmed up is warm, as in a scheduler before it forks its
tasks. The installation comes from the environment.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from functools import partial
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
from afschrift.values.without_pandas import keep_pandas_out
from afschrift.wiring.build_services import build
from afschrift.wiring.warm_up import warm_up


def main() -> None:
    """Run it."""
    keep_pandas_out()
    customer, formats = sys.argv[1], sys.argv[2].split(",")
    initialise(Settings.from_environment())
    make = partial(build, lambda _line: None)
    request = store(make(), {"customer_id": customer}, "portability", formats=formats)
    warm_up(print)
    gc.collect()
    gc.freeze()
    print(json.dumps(run(make, request)))


def run(make: Callable[[], Services], request: str) -> dict[str, Any]:
    """Seconds by step, `build`, and `rows`.

    Args:
        make: builds the services, for each step anew.
        request: which is accepted.
    """
    seconds: dict[str, Any] = {"build": 0.0}

    def timed(name: str, step: Callable[[Services], dict[str, Any]]) -> dict[str, Any]:
        began = time.perf_counter()
        services = make()
        made = time.perf_counter()
        result = step(services)
        seconds["build"] += made - began
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - made
        return result

    timed("assess", lambda services: assess(services, request))
    planned = timed("classify", lambda services: classify(services, request))
    rows = 0
    for source in planned["sources"]:
        rows += timed("extract", partial(_extract, request, source))["rows"]
    timed("validate", lambda services: validate(services, request))
    timed("package", lambda services: package(services, request))
    while not _delivered(make, request, timed):
        timed("classify", lambda services: classify(services, request))
    timed("close", lambda services: close(services, request))
    return {**seconds, "rows": rows}


def _extract(request: str, source: str, services: Services) -> dict[str, Any]:
    return extract(services, request, source)


def _delivered(make: Callable[[], Services], request: str, timed: Callable[..., Any]) -> bool:
    """Hand over; where a person would look at the bundle first, they approve it in no time."""
    try:
        timed("deliver", lambda services: deliver(services, request))
    except NeedsPersonError:
        services = make()
        [asked] = services.register.questions.all(request_id=request)
        services.register.questions.answer(asked.id, "approved", "officer")
        return False
    return True


if __name__ == "__main__":
    main()
