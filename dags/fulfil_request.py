"""Answers one request for access (Art. 15) or data portability (Art. 20).

It goes from the warehouses to a signed bundle at the request's destination.

## Trigger
Give the **id of a stored request** (`afschrift submit` stores one and triggers by itself; `afschrift
requests` lists them). Formats, language and destination are optional: empty means "as the request says".
A run that freezes a plan takes them into it; later changes make a new plan. Never put a name, an address
or a number of a person into this form: Airflow keeps it where every viewer reads it.

## Tasks
| task | what it does |
|---|---|
| assess | is the request open, is there an identity decision, do the formats qualify? |
| classify | decides on every column before anything is read, follows the joins, freezes the plan |
| extract_SOURCE | one snapshot, one pass, into encrypted staging; skipped where the plan needs none of it |
| validate | reads every file again with another library and compares |
| package | builds and signs the bundle |
| deliver | hands it over; nothing is visible there before it is whole |
| close | marks the request as fulfilled and destroys the staging |
| wipe | always runs; destroys the staging of a closed request and keeps that of an open one |

Where the installation says so (`AFSCHRIFT_TASKS=one`), one task `fulfil` does all of these but `wipe`, in
this order and with the same gates. Tried again, or in a new run, it goes on after the last step that was
finished.

The logs hold ids, counts, digests and rule ids. What each task did is in the audit trail too:
`afschrift request show ID`.

A task `extract` without a source says that the data map could not be read where Airflow read this DAG: mend
what it names, wait until the DAG has a task for each source again, and start a new run.

## The run ends as a success, with skipped tasks
A person must decide first: identity, a column that is not classified, a key of two persons, nothing held, or
a source that is down after its third try (bring it back, or let the rest go first as a partial delivery).
The log of the last task that was not skipped says which question. A run does not wait.
`afschrift questions` lists what is open; answer with `afschrift answer QUESTION --choice ...` (identity:
`afschrift request confirm-identity ID ...`), then trigger again with the same id.

## The run failed
The last line of the failed task's log says what to do. In general:
- **the register or the destination is down**: the task was tried three times. When it is back, clear the
  failed task;
- **inventory, policy, keys or settings**: mend them, then clear the failed task; where the line says so,
  clear `classify` and what follows, because a plan holds for the inventory that it was frozen on;
- **refused or a gate**: the line names the rule or the missing decision. Marking tasks as successful
  opens nothing: each step asks the register;
- **unexpected**: report the line. It names places in the code and no data.

## Resume
Clear the failed task, or trigger again with the same id: both skip what is finished, by its digests.
Staging stays encrypted until the answer is ready. Where a file of it is gone or damaged, the line names the
one step to clear, with what follows: it makes the file again, and so does a new run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import getdoc
from typing import Any

from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
from airflow.sdk import chain, dag

from afschrift.airflow_ext import tasks
from afschrift.airflow_ext.outside.lineage import AloneOperator, StepOperator
from afschrift.airflow_ext.params import demo_mode, form, one_task
from afschrift.airflow_ext.queues import by_source, several, task_of
from afschrift.airflow_ext.retry import TASK_ARGUMENTS

REQUEST = {"request": "{{ ti.xcom_pull(task_ids='assess') }}"}


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=16,
    default_args=TASK_ARGUMENTS,
    params=form(demo_mode()),
    doc_md=__doc__,
    tags=["afschrift", "access", "portability"],
)
def fulfil_request() -> None:
    """The chain of tasks, which pass on only ids and names of sources."""
    if one_task():
        alone = partial(task, AloneOperator)
        alone(tasks.fulfil, **several()) >> alone(tasks.wipe).as_teardown()
        return
    assessed = task(AloneOperator, tasks.assess, do_xcom_push=True, **several())
    step = partial(task, StepOperator, op_kwargs=REQUEST)
    classified = task(
        BranchPythonOperator,
        tasks.choose_sources,
        "classify",
        op_kwargs=REQUEST,
        do_xcom_push=True,
        **several(),
    )
    extracted = [
        step(tasks.extract, task_of(source), op_kwargs=REQUEST | {"source": source}, **place)
        for source, place in by_source().items()
    ] or [task(AloneOperator, tasks.no_source, "extract")]
    # `none_failed`, except in a run that ended at a question before it read anything
    validated = step(tasks.validate, trigger_rule="none_failed_min_one_success")
    classified >> validated
    wiped = task(PythonOperator, tasks.wipe, op_kwargs=REQUEST).as_teardown()
    rest = [step(tasks.package), step(tasks.deliver), step(tasks.close)]
    chain(assessed, classified, extracted, validated, *rest, wiped)


def task(
    operator: type[PythonOperator], function: Callable[..., Any], name: str | None = None, **more: Any
) -> PythonOperator:
    """A task of the function's name. Results that no task needs are not pushed: each push costs a call."""
    more = {"do_xcom_push": False, "doc_md": getdoc(function)} | more
    return operator(task_id=name or function.__name__, python_callable=function, **more)


DAG = fulfil_request()
