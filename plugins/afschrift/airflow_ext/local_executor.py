"""Airflow's LocalExecutor, which lets go of a task whose worker is gone.

A worker that is killed between taking a task and reporting it running leaves it `queued` with nobody at work
on it. After `[scheduler] task_queued_timeout` Airflow asks the executor to give the task up, and queues it
again. Its own LocalExecutor does not know how to (Airflow 3.3: `revoke_task` is not implemented there, and
the scheduler then passes the task over), so such a task would stay `queued` for ever.
"""

from __future__ import annotations

from typing import Any

from airflow.executors.local_executor import LocalExecutor


class RevokingLocalExecutor(LocalExecutor):
    """LocalExecutor with `revoke_task`."""

    def revoke_task(self, *, ti: Any) -> None:
        """Forget a task that was queued for too long; whoever starts it after all is turned down by Airflow.

        Args:
            ti: the task instance.
        """
        self.queued_tasks.pop(ti.key, None)
        self.running.discard(ti.key)
