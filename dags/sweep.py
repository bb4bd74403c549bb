"""Finds what runs of `fulfil_request` left behind, every hour: names it, and acts where that is safe.

It reads the register, the staging and what lies at destinations, and no personal data. Twice does nothing
twice, and so do two at once.
Its run succeeds also where it found something: the log of the task `sweep` holds the table, the trail an
event `sweep_found` for each new finding (`afschrift request show ID`). `afschrift sweep --dry-run` shows
the same without acting.

## Tasks
| task | what it does |
|---|---|
| sweep | finds; ends lost runs; destroys stray staging; removes old bundles; chooses the runs to start |
| to_start | hands on the runs to start, one each |
| start | one per run or batch: starts it under its exact id; skipped where a run of that id exists already |

## What is found, and what to do
- **never_run**: an open request without a run or a question, older than an hour. Its first run is started;
  where the installation reads requests together (`docs/operator/batch.md`), it waits for company and no
  longer than a day, and they start as one batch.
  Where it says that the run exists in Airflow already, that run failed before it began: see its log, mend
  what it says, trigger the request. Where it names a task that is `queued` and that no worker runs, a worker
  was killed as it took it: clear that task; where it stays `queued`, restart the scheduler.
- **reopened_not_run**: the last run reached an answer, and the request is open again with no question: its
  letter came back, or a complaint reopened it. An hour after that the next run is started.
- **batched_not_run**: a batch read for it an hour ago or more, and no run followed. The next run is started.
- **answered_not_run**: the last question was answered an hour ago or more, and no run followed. The next
  run is started.
- **run_lost**: a run without a sign of life for two hours. It is ended as lost, and the next run is started,
  once. Look for what killed it (memory, a restart). Where the next one was lost too, mend that, then trigger.
- **run_failed**: the last run ended, the request is open, and no question waits. It is named, with the step
  that finished last. See the log of the run, mend, then clear the failed task or trigger the request.
- **rest_to_give**: a part was delivered a day ago or more, and nothing was tried since. The next run is
  started. It gives the rest; where the source is still down, it ends at the question.
- **staged_closed**, **staged_shredded**: staged files of a request that is closed, or whose key was
  destroyed, an hour after its last activity. They are destroyed.
- **staged_unknown**: staged files of a request that the register does not know, untouched for 72 hours. They
  are destroyed. Ask why they were there: a register restored from an older back-up, one staging for two
  registers?
- **staged_too_long**: staged files of an open request without a run or a question, 72 hours after its last
  activity. They are destroyed; the next run makes them again from `classify`.
- **portal_frozen**, **portal_lacks**, **portal_receipt**: what a portal says of a delivery, or does not have,
  and receipts that cannot be believed: `docs/portal.md` says what to do.
- **copy_remains**: a bundle lies at its destination past its time, or its request was given up. It is
  removed with the words that open it. What cannot be removed is named, and tried again every hour.

The ages are settings. `docs/operator/operations.md` has them, and what to do when register, disk or clock are
in trouble.

## The run failed
The register or the staging does not answer or lacks rights: the last line of the task's log says what to do.
The next hour tries again by itself.
"""

from __future__ import annotations

from functools import partial

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag, task

from afschrift.airflow_ext import sweep_tasks as tasks
from afschrift.airflow_ext.retry import BY_ITSELF


@dag(
    schedule="@hourly",
    doc_md=__doc__,
    tags=["afschrift", "operations"],
    **BY_ITSELF,
)
def sweep() -> None:
    """Find, then start what is to be started; tasks pass on only ids."""
    run = partial(task, multiple_outputs=False)
    chosen = run(tasks.to_start)(run(tasks.sweep)())
    TriggerDagRunOperator.partial(
        task_id="start",
        logical_date=None,
        skip_when_already_exists=True,
        openlineage_inject_parent_info=False,
        doc_md="Start a run of `fulfil_request`, or a batch; skipped where that id is there already.",
    ).expand_kwargs(chosen)


DAG = sweep()
