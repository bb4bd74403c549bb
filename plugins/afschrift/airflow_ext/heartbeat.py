"""Signs of life of a long step, so that its run does not count as lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from afschrift.domain.errors import AfschriftError

if TYPE_CHECKING:
    from afschrift.services import Services

BEATS = 8
"""Signs of life within the time after which a run counts as lost."""


@contextmanager
def beating(services: Services, request: str) -> Iterator[None]:
    """While open, mark the run of the services as alive at intervals."""
    with all_beating(services, {} if services.run is None else {request: services.run}):
        yield


@contextmanager
def all_beating(services: Services, runs: Mapping[str, str]) -> Iterator[None]:
    """As `beating`, for several requests with the name of each run; a run that ended stays ended."""
    over = threading.Event()
    if not runs:
        yield
        return

    def beat() -> None:
        while not over.wait(services.patience.total_seconds() / BEATS):
            for request, run in runs.items():
                with suppress(AfschriftError):  # if the register is down, the step itself fails with it
                    services.register.runs.keep_alive(request, run)

    thread = threading.Thread(target=beat, name="afschrift-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
