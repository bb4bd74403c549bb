"""A limit for each statement of a session. One thread watches them all: starting one for each cost more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from time import monotonic

_AGAIN = 1.0


class TimeLimit:
    """Interrupts a connection while one of its statements takes longer than it may."""

    def __init__(self, seconds: float, interrupt: Callable[[], None]) -> None:
        """Nothing is watched yet.

        Args:
            seconds: that a statement may take.
            interrupt: ends what runs; may be called again where it goes on.
        """
        self._seconds = seconds
        self._interrupt = interrupt
        self._ends: dict[object, float] = {}
        self._change = Condition()
        self._closed = False
        self._thread: Thread | None = None

    @contextmanager
    def statement(self) -> Iterator[None]:
        """While a statement runs; several may overlap."""
        statement = object()
        with self._change:
            self._ends[statement] = monotonic() + self._seconds
            if self._thread is None:
                self._thread = Thread(target=self._watch, name="statement limit", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._change:  # nothing is interrupted from here on that ran in time
                del self._ends[statement]

    def close(self) -> None:
        """Watch no more."""
        with self._change:
            self._closed = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        # A statement that begins while this waits ends no earlier than what it waits for.
        with self._change:
            while not self._closed:
                now = monotonic()
                first = min(self._ends.values(), default=now + self._seconds)
                if first <= now:
                    self._interrupt()
                self._change.wait(first - now if first > now else _AGAIN)
