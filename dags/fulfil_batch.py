"""Extracts for several requests in one pass over each table; then the run of each request continues.

A table without an index on the person, or an unsorted lake, is read whole for each person. Where many
requests wait, one pass for all costs as much as for one.

## Trigger
Give the **ids of stored requests**. The DAG `sweep` does so by itself where the installation says from
how many on (`AFSCHRIFT_BATCH_REQUESTS`); `afschrift batch start` does it from a terminal, and
`afschrift batch list` shows what waits. Never put a name, an address or a number of a person into this form.

## Tasks
| task | what it does |
|---|---|
| prepare | assesses and classifies each request by itself: its questions, decisions and plan are its own |
| extract_SOURCE | one snapshot, one pass per table, split into each person's own encrypted staging |
| end | always runs; ends the batch, and hands on the runs that continue |
| start | one per request: starts its run of `fulfil_request`, which finds the sources extracted |

Each request keeps its own gates, key, evidence and bundle. The log of `extract` says how many requests were
read together, and why others were not. `docs/operator/batch.md` says which requests can be read together.

## The run failed
- **a source is down**: it was tried three times. The requests' own runs continue, and ask about it.
- **a row bore no key of the person** (`row_of_another`): nothing was extracted for any request. Report it.
  The requests' own runs are not concerned, and continue.
- Anything else: the last line of the log says what to do. The requests' own runs continue all the same.

A batch whose worker was killed leaves runs that count as lost; the sweep starts the next run of each.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag, task

from afschrift.airflow_ext import batch_tasks as tasks
from afschrift.airflow_ext.environment import DAG_ID
from afschrift.airflow_ext.params import several_requests
from afschrift.airflow_ext.queues import by_source, several, task_of
from afschrift.airflow_ext.retry import TASK_ARGUMENTS


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=TASK_ARGUMENTS,
    params=several_requests(),
    doc_md=__doc__,
    tags=["afschrift", "access", "portability"],
)
def fulfil_batch() -> None:
    """Prepare, extract each source once, start each request's own run; tasks pass on only ids."""
    run: Any = partial(task, multiple_outputs=False)
    prepared = run(tasks.prepare, **several())()
    chosen = run(tasks.end, trigger_rule="all_done")()
    prepared >> chosen
    for source, place in by_source().items():
        run(tasks.extract, task_id=task_of(source), **place)(source, prepared) >> chosen
    TriggerDagRunOperator.partial(
        task_id="start",
        trigger_dag_id=DAG_ID,
        logical_date=None,
        skip_when_already_exists=True,
        openlineage_inject_parent_info=False,
        doc_md="Start the next run of `fulfil_request`; skipped where a run of that id is there already.",
    ).expand_kwargs(chosen)


DAG = fulfil_batch()
