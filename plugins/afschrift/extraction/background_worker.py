"""Work on one batch while the next one is made: a thread that takes them in order, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class BackgroundWorker(Generic[T]):
    """A thread behind a queue of one. Use as a context manager.

    Memory stays bounded: whoever hands over an item waits until the one before is done. An error of the
    work is raised at the next hand-over, or by `wait`.

    Args:
        work: what is done with each item.
        worth: whether an item is worth handing to a thread; whoever brings another works on it, after those
            before. Nothing is started where none is.
    """

    def __init__(self, work: Callable[[T], None], worth: Callable[[T], bool] = lambda _: True) -> None:
        self._work, self._worth = work, worth
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def __call__(self, item: T) -> None:
        """Hand an item over."""
        self.wait()
        if self._worth(item):
            self._running = self._thread.submit(self._work, item)
        else:
            self._work(item)

    def wait(self) -> None:
        """Until everything handed over is done."""
        running, self._running = self._running, None
        if running is not None:
            try:
                running.result()
            finally:
                # an error's traceback holds this frame, and the future the error: what the work held open
                # would stay so until somebody collects garbage
                del running
