"""Airflow's LocalExecutor, which lets go of a task whose worker is gone, and says at once that one has ended.

A worker that is killed between taking a task and reporting it running leaves it `queued` with nobody at work
on it. After `[scheduler] task_queued_timeout` Airflow asks the executor to give the task up, and queues it
again. Its own LocalExecutor does not know how to (Airflow 3.3: `revoke_task` is not implemented there, and
the scheduler then passes the task over), so such a task would stay `queued` for ever.

The scheduler sleeps between two looks whatever happens meanwhile, so a run waits for half a sleep after each
of its tasks. This executor waits in its stead, for the end of a task, and the scheduler's sleep may be short.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Any

from airflow.executors.local_executor import LocalExecutor

WAIT_SECONDS = 0.1
"""How long at most: a run that is triggered waits until the scheduler looks again."""


class RevokingLocalExecutor(LocalExecutor):
    """LocalExecutor with `revoke_task`, and with a wait that ends when a task does."""

    _started = False

    def revoke_task(self, *, ti: Any) -> None:
        """Forget a task that was queued for too long; whoever starts it after all is turned down by Airflow.

        Args:
            ti: the task instance.
        """
        self.queued_tasks.pop(ti.key, None)
        self.running.discard(ti.key)

    def sync(self) -> None:
        """Take in what has ended; where this heartbeat started nothing, wait until something does."""
        if not self._started:
            wait([self.result_queue._reader], WAIT_SECONDS)  # type: ignore[attr-defined]
        self._started = False
        super().sync()

    def _process_workloads(self, workload_list: Sequence[Any]) -> None:
        self._started = True
        super()._process_workloads(workload_list)  # type: ignore[no-untyped-call]
