"""A step that takes long gives signs of life, so that its run does not count as lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from afschrift.domain.errors import AfschriftError

if TYPE_CHECKING:
    from afschrift.services import Services

BEATS = 8
"""Signs of life within the time after which a run counts as lost."""


@contextmanager
def beating(services: Services, request: str) -> Iterator[None]:
    """While open, the run of the services is marked as alive again and again."""
    run, over = services.run, threading.Event()
    if run is None:
        yield
        return

    def beat() -> None:
        while not over.wait(services.patience.total_seconds() / BEATS):
            with suppress(AfschriftError):  # the step itself says so where the register is down
                services.register.runs.keep_alive(request, run)

    thread = threading.Thread(target=beat, name="afschrift-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
