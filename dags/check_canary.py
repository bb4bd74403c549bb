"""Sends a request of a synthetic person, planted in the sources, every day, and counts what they would get.

The keeper of the data map plants rows that can be recognised, and an officer signs `canary.yml`. The check
asks for access and for portability like any person, up to the packed bundle. Nothing of it is delivered, and
it appears in no request, clock, letter or count of the installation: its register, its keys and its staging
are made for the check and destroyed with it. `docs/operator/canary.md` has the rest.

## Trigger
By itself, once a day. Trigger it by hand after a change of the data map or of a source. It takes no
parameters.

## Tasks
| task | what it does |
|---|---|
| check | asks, reads the bundle as its recipient would, counts, looks for values in clear, records an event |
| search | looks for values in the log of this run and in what it handed on, whatever the outcome of `check` |

The logs hold names of tables and counts. Lines that begin with `canary #` are about the check's own register.

## The run ends as a success, with skipped tasks
There is no `canary.yml` next to the data map.

## The run failed
The last line of the log says what to do. In general:
- **less was found than planted**: the line names the tables. A table or a join is missing in the data map,
  its classification changed, or the rows are gone from the source. Answers to others lack the same;
- **rows that were not planted**: a join takes in others' rows. Let nothing leave before it is mended;
- **values in clear**: find the line, keep the log from readers, and report it as a fault of the software;
- **not signed, or changed since**: read `canary.yml`, then `afschrift canary sign`;
- **a source is down**: the task was tried three times; the next day tries again.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from airflow.sdk import dag, task

from afschrift.airflow_ext import daily_tasks as tasks
from afschrift.airflow_ext.queues import several
from afschrift.airflow_ext.retry import BY_ITSELF


@dag(
    schedule="@daily",
    doc_md=__doc__,
    tags=["afschrift", "operations"],
    **BY_ITSELF,
)
def check_canary() -> None:
    """Two tasks on the same worker, so that the second finds the log of the first."""
    run: Any = partial(task, multiple_outputs=False, **several())
    run(tasks.check)() >> run(tasks.search, trigger_rule="all_done")()


DAG = check_canary()
