"""A time limit for each statement of a session, watched by one thread: a thread for each would cost more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from time import monotonic

_AGAIN = 1.0


class TimeLimit:
    """Interrupts a connection while one of its statements takes too long."""

    def __init__(self, seconds: float, interrupt: Callable[[], None]) -> None:
        """Set the limit; the thread starts with the first statement.

        Args:
            seconds: that a statement may take.
            interrupt: ends what runs; called again while it goes on.
        """
        self._seconds = seconds
        self._interrupt = interrupt
        self._ends: dict[object, float] = {}
        self._change = Condition()
        self._closed = False
        self._thread: Thread | None = None

    @contextmanager
    def statement(self) -> Iterator[None]:
        """Watch while a statement runs; several may overlap."""
        statement = object()
        with self._change:
            self._ends[statement] = monotonic() + self._seconds
            if self._thread is None:
                self._thread = Thread(target=self._watch, name="statement limit", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._change:  # under the lock: from here on the watcher cannot interrupt this statement
                del self._ends[statement]

    def close(self) -> None:
        """Stop watching."""
        with self._change:
            self._closed = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        # A statement that begins while this waits has a later end, so there is no need to wake up for it.
        with self._change:
            while not self._closed:
                now = monotonic()
                first = min(self._ends.values(), default=now + self._seconds)
                if first <= now:
                    self._interrupt()
                self._change.wait(first - now if first > now else _AGAIN)
