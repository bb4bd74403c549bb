"""Airflow's LocalExecutor that can revoke a task whose worker is gone, and reports at once that a task ended.

A worker that is killed between taking a task and reporting it running leaves it `queued`, and no worker runs
it. After `[scheduler] task_queued_timeout` Airflow asks the executor to revoke the task, and queues it again.
Its own LocalExecutor cannot do that (Airflow 3.3: `revoke_task` is not implemented there, and the scheduler
then skips the task), so such a task would stay `queued` for ever.

The scheduler sleeps between two loops whatever happens meanwhile, so a run would wait for half a sleep after
each of its tasks. This executor waits for the end of a task instead, and the scheduler's sleep can be short.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Any

from airflow.executors.local_executor import LocalExecutor

WAIT_SECONDS = 0.1
"""Longest wait; a run that is triggered meanwhile waits until the scheduler's next loop."""


class RevokingLocalExecutor(LocalExecutor):
    """LocalExecutor with `revoke_task`, and with a wait that ends when a task does."""

    _started = False

    def revoke_task(self, *, ti: Any) -> None:
        """Forget a task that was queued for too long; Airflow refuses a worker that starts it after all.

        Args:
            ti: the task instance.
        """
        self.queued_tasks.pop(ti.key, None)
        self.running.discard(ti.key)

    def sync(self) -> None:
        """Collect the tasks that ended; if this heartbeat started none, wait until one ends."""
        if not self._started:
            wait([self.result_queue._reader], WAIT_SECONDS)  # type: ignore[attr-defined]
        self._started = False
        super().sync()

    def _process_workloads(self, workload_list: Sequence[Any]) -> None:
        self._started = True
        super()._process_workloads(workload_list)  # type: ignore[no-untyped-call]
