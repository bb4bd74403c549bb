"""Print the progress of a run in this process: a line when a task starts and ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow.listeners import hookimpl
from airflow.sdk.listener import get_listener_manager


@contextmanager
def printed_progress(on_line: Callable[[str], None]) -> Iterator[None]:
    """While open, print a line about each task of this process, and each warning of ours."""
    manager = get_listener_manager()
    listener, handler = _Progress(on_line), _Warnings(on_line)
    logger = logging.getLogger("afschrift")
    manager.pm.register(listener)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        manager.pm.unregister(listener)


class _Progress:
    """A listener of Airflow; the names of its methods are Airflow's."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._say = on_line
        self._began: dict[str, float] = {}

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        self._began[str(task_instance.id)] = time.monotonic()
        self._say(f"{_name(task_instance)} ...")

    @hookimpl
    def on_task_instance_success(self, task_instance: Any) -> None:
        self._ended(task_instance, "done in")

    @hookimpl
    def on_task_instance_skipped(self, task_instance: Any) -> None:
        self._ended(task_instance, "stopped, a person is needed, after")

    @hookimpl
    def on_task_instance_failed(self, task_instance: Any) -> None:
        again = str(task_instance.state) == "up_for_retry"
        self._ended(task_instance, "is tried again soon; it failed after" if again else "failed after")

    def _ended(self, task_instance: Any, words: str) -> None:
        seconds = time.monotonic() - self._began.pop(str(task_instance.id), time.monotonic())
        self._say(f"{_name(task_instance)} {words} {seconds:.1f} s")


class _Warnings(logging.Handler):
    """Passes warnings and errors on as lines."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = on_line

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


def _name(task_instance: Any) -> str:
    """A task as a person knows it: `extract shop`."""
    return str(task_instance.task_id).replace("extract_", "extract ")
