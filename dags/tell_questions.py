"""Notifies people, every quarter of an hour, of questions that are open for their role: runs do not wait.

It also informs programs: how many requests are open, late or waiting, as Airflow's metrics; and what
happened, as events of Airflow's assets, on which other DAGs can be scheduled (`docs/operator/monitoring.md`).

It reads the register, and no personal data. Each notifier is notified once of each question, and once more
when the question is assigned to a person. What a question is about stays in the register: the message has
ids, kinds and roles.

## Tasks
| task | what it does |
|---|---|
| names | hands on the notifiers, one each |
| notify | one per notifier: sends it what is new for it; skipped where nothing is |
| announce | sends the gauges, and makes an asset event of each thing that happened since |

## The run failed
- **notify**: one notifier did not take its message; the last line of its log says which. The next run sends
  it again; the others were notified.
- **names**: the file of notifiers cannot be read; the last line says what to do.
- **announce**: the register does not answer; the last line says what to do. The next run announces what this
  one did not.

Which notifier is for which role: `docs/questions.md`.
"""

from __future__ import annotations

from functools import partial

from airflow.sdk import dag, task

from afschrift.airflow_ext import question_tasks as tasks
from afschrift.airflow_ext.outside.assets import ALIASES, ASSETS
from afschrift.airflow_ext.retry import BY_ITSELF


@dag(
    schedule="*/15 * * * *",
    doc_md=__doc__,
    tags=["afschrift", "operations"],
    **BY_ITSELF,
)
def tell_questions() -> None:
    """Notify each notifier in a task of its own, passing on only names; inform programs in another."""
    run = partial(task, multiple_outputs=False)
    run(tasks.notify).expand(name=run(tasks.names)())
    run(tasks.announce, inlets=[*ASSETS], outlets=[*ALIASES])()


DAG = tell_questions()
