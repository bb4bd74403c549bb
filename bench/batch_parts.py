"""Seconds of CPU that reading and staging take, apart from what each request does for itself around it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from afschrift.batch.source_pass import PersonReading, SourcePass
from afschrift.steps.source_reading import SourceReading

_READS = ((SourceReading, "run"), (SourcePass, "run"))
"""From the opening of the session to the last file: of one request, and of several."""

_OWN = ((PersonReading, "ask_gate"), (SourcePass, "_record"))
"""Each request's own part: its gate, record, result and event. Without a batch, it is around them."""


class Parts:
    """Seconds of CPU of this process.

    Attributes:
        reading: of reading and staging.
    """

    def __init__(self) -> None:
        self.reading = 0.0

    def _counted(self, method: Callable[..., Any], sign: int) -> Callable[..., Any]:
        def counting(*args: Any, **more: Any) -> Any:
            before = time.process_time()
            try:
                return method(*args, **more)
            finally:
                self.reading += sign * (time.process_time() - before)

        return counting


@contextmanager
def parts() -> Iterator[Parts]:
    """While it is open, readings are counted."""
    found, kept = Parts(), []
    for sign, methods in ((1, _READS), (-1, _OWN)):
        for owner, name in methods:
            kept.append((owner, name, getattr(owner, name)))
            setattr(owner, name, found._counted(getattr(owner, name), sign))
    try:
        yield found
    finally:
        for owner, name, method in kept:
            setattr(owner, name, method)
