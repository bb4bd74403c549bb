"""The executor that the scheduler waits with."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.airflow_support import AirflowEnv

from afschrift.airflow_ext.heartbeat import BEATS, beating
from afschrift.domain.errors import RetriableError

if TYPE_CHECKING:
    from afschrift.airflow_ext.local_executor import RevokingLocalExecutor

LONG = 5.0


@pytest.fixture
def executor(airflow_env: AirflowEnv, monkeypatch: pytest.MonkeyPatch) -> Iterator[RevokingLocalExecutor]:
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.utils.state import TaskInstanceState

    from afschrift.airflow_ext import local_executor

    assert airflow_env is not None
    monkeypatch.setattr(local_executor, "WAIT_SECONDS", LONG)
    made = local_executor.RevokingLocalExecutor(parallelism=1)
    made.start()
    key = TaskInstanceKey("fulfil_request", "fulfil", "run", 1, -1)
    made.running.add(key)
    ended = threading.Timer(0.2, lambda: made.result_queue.put((key, TaskInstanceState.SUCCESS, None)))
    ended.start()
    yield made
    ended.join()
    made.end()


def test_a_heartbeat_waits_for_the_end_of_a_task_and_no_longer(executor: RevokingLocalExecutor) -> None:
    began = time.monotonic()
    executor.heartbeat()

    assert 0.1 < time.monotonic() - began < LONG - 1
    assert [state for state, _ in executor.get_event_buffer().values()] == ["success"]
    assert executor.running == set()


def test_a_heartbeat_that_starts_a_task_waits_for_none(
    executor: RevokingLocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler looks again at once then: others may be due, too."""
    from afschrift.airflow_ext import local_executor

    waited: list[tuple[object, ...]] = []
    monkeypatch.setattr(local_executor, "wait", lambda *given: waited.append(given))
    executor._process_workloads([])
    executor.heartbeat()
    assert waited == []
    executor.heartbeat()
    assert len(waited) == 1


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
