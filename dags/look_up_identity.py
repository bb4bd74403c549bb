"""Looks up whose data the keys of a request reach, before its identity is confirmed, on an officer's ask.

It is the one exception to the rule that nothing is read before that: `docs/gates.md` says how narrow it is.

## Trigger
Not by hand. An officer asks on the page of the question who asks, or with `afschrift request look-up ID`, and
that starts it. Started without such an ask it reads nothing, and the trail has an event `gate_bypassed`.

## Tasks
| task | what it does |
|---|---|
| look_up | reads the marked columns of at most five rows per table, and stores them encrypted |

The log has ids, names of tables and counts. What was found is on the page of the question, masked until the
officer asks to see it, and is destroyed with the decision.

## The run failed
- **a gate**: no officer asked about these keys, the identity is decided, or the request is closed. Nothing
  was read;
- **the register is down**: the task was tried three times. When it is back, ask again;
- **meanwhile decided, or other keys**: nothing was kept. Where the identity is still open, ask again.

A source that is down fails nothing: it is named on the page, and the others are shown.
"""

from __future__ import annotations

from functools import partial

from airflow.sdk import dag, task

from afschrift.airflow_ext import tasks
from afschrift.airflow_ext.params import request_alone
from afschrift.airflow_ext.queues import several
from afschrift.airflow_ext.retry import TASK_ARGUMENTS


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=16,
    default_args=TASK_ARGUMENTS,
    params=request_alone(),
    doc_md=__doc__,
    tags=["afschrift", "access", "portability"],
)
def look_up_identity() -> None:
    """One task, which passes on only counts and names of tables."""
    run = partial(task, multiple_outputs=False)
    run(tasks.look_up, **several())()


DAG = look_up_identity()
