"""A thread behind a queue of one: what it held is let go with the error that it ended by."""

from __future__ import annotations

import gc
import weakref

import pytest

from afschrift.extraction.write import BackgroundWorker


class Held:
    """Something open, such as a stream of rows."""


def _fails(held: Held) -> None:
    raise ValueError


def test_an_error_keeps_nothing_open_until_garbage_is_collected() -> None:
    held = Held()
    known = weakref.ref(held)
    gc.disable()
    try:
        with pytest.raises(ValueError), BackgroundWorker(_fails) as worker:
            worker(held)
            worker.wait()
        del held, worker
        assert known() is None
    finally:
        gc.enable()
