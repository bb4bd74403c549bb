"""Statements of a reconciliation in a second session, while the first one still reads the rows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from afschrift.domain.errors import AfschriftError

_AGAIN = 0.1  # seconds after which it is interrupted anew: a statement may have begun just then


class Second(Protocol):
    """An open session on the snapshot of the first one, and with its keys."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result."""

    def interrupt(self) -> None:
        """End the statement that runs, from another thread; nothing where none does."""

    def __exit__(self, *exc: object) -> None: ...


class SecondSession:
    """Saves time and nothing else: where the second session cannot be had, or fails, nothing is answered.

    Args:
        open_second: opens the second session, at the first statement and in another thread.
    """

    def __init__(self, open_second: Callable[[], Second]) -> None:
        self._open = open_second
        self._second: Second | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._asked: dict[str, Future[list[tuple[Any, ...]]]] = {}

    def ask(self, statement: str) -> None:
        """Begin with a statement; one that is asked already is not begun again."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1)
        if statement not in self._asked:
            self._asked[statement] = self._thread.submit(self._rows, statement)

    def answer(self, statement: str) -> list[tuple[Any, ...]] | None:
        """Its rows, once they are there; None where it was not asked, or came to nothing."""
        asked = self._asked.pop(statement, None)
        try:
            return None if asked is None else asked.result()
        except AfschriftError:  # the first session says what is wrong, if anything is
            return None

    def end(self) -> None:
        """End what runs, forget what was asked and close the second session; the next one is another."""
        while wait(self._asked.values(), _AGAIN).not_done:
            if self._second is not None:
                self._second.interrupt()
        self._asked.clear()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown()
        second, self._second = self._second, None
        if second is not None:
            second.__exit__()

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        if self._second is None:
            self._second = self._open()
        return self._second.rows(statement)
