"""A long step gives signs of life, and a register that is down does not end it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from afschrift.airflow_ext.heartbeat import BEATS, beating
from afschrift.domain.errors import RetriableError


@dataclass
class Beats:
    """Takes signs of life, as a register does; the first finds it down."""

    patience: timedelta = timedelta(milliseconds=10 * BEATS)
    run: str | None = "req-000000000000.1"
    seen: list[tuple[str, str]] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    @property
    def register(self) -> Beats:
        return self

    runs = register

    def keep_alive(self, request: str, run: str) -> None:
        self.seen.append((request, run))
        if len(self.seen) == 1:
            raise RetriableError("The register is down.")
        self.enough.set()


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_signs_of_life_go_on_until_the_step_is_over() -> None:
    beats = Beats()
    with beating(cast(Any, beats), "req-000000000000"):
        assert beats.enough.wait(10)

    assert set(beats.seen) == {("req-000000000000", "req-000000000000.1")}
    assert "afschrift-heartbeat" not in threads()
    with pytest.raises(ValueError, match="of the step"), beating(cast(Any, Beats()), "req-000000000000"):
        raise ValueError("of the step")
    assert "afschrift-heartbeat" not in threads()


def test_outside_of_a_run_there_are_none() -> None:
    beats = Beats(run=None)
    with beating(cast(Any, beats), "req-000000000000"):
        assert "afschrift-heartbeat" not in threads()
    assert beats.seen == []
