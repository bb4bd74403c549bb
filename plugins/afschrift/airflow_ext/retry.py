"""Retries of tasks: which errors Airflow tries again, and which fail at once and say what to do."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from afschrift.domain.errors import AfschriftError, RetriableError

log = logging.getLogger("afschrift.run")

POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(RetriableError, RetryAction.RETRY, reason="This may succeed later."),
        RetryRule(AfschriftError, RetryAction.FAIL, reason="Trying again cannot help."),
    ]
)
"""The first rule that matches counts. Other errors come from Airflow itself, and its own rules apply."""

RESUME = "mend it, then clear this task: what is finished is not done again."


def is_last_try(task_instance: Any) -> bool:
    """Whether a task that fails now is not tried again by itself; clearing it gives it new tries."""
    return bool(task_instance.try_number > task_instance.max_tries)


def last_line(context: Any) -> None:
    """End the log of a failed task with the one line that says what to do."""
    error = context.get("exception")
    if isinstance(error, AfschriftError):
        words = str(error) if error.remedy else f"{error} What to do: {RESUME}"
    else:
        words = f"The task was ended ({type(error).__name__}). What to do: {RESUME}"
    log.error("%s", words)


TASK_ARGUMENTS: dict[str, Any] = {
    "owner": "afschrift",
    "retries": 2,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 3.0,
    "max_retry_delay": timedelta(minutes=2),
    "retry_policy": POLICY,
    "on_failure_callback": [last_line],
}
"""Default arguments of every task: with the delays, a source may be away for about a minute.

After that it becomes a question to an officer, and the run ends there.
"""
BY_ITSELF: dict[str, Any] = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": TASK_ARGUMENTS,
}
"""Arguments of a DAG that runs on a schedule."""
