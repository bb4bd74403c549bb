"""Watches the last day of each open request every hour, and notifies people before it comes.

It reads the register, and no personal data. The law's calendar sets the last day (`afschrift request show
ID` says how); a notice is raised once for each request, last day and level, however often this runs. After
days without a scheduler one notice of today's level is raised, and none of those in between.

## Tasks
| task | what it does |
|---|---|
| look | looks at every open request, raises new notices, logs the table and what is to be reviewed |
| names | hands on the notifiers, one each |
| notify | one per notifier: sends it what is new for it; skipped where nothing is |
| overdue | fails while a request is overdue and no officer has said why |

## What the table says
`Days` are calendar days, working days in brackets. `Notice` is the level that is reached: a number of days
(`3w`: working days) or `overdue`; `NEW` where it was raised now. `Also` names what else officers should see:
an answer that is ready and of which the person is not informed (`answer_not_told`; the question is asked
again where no letter is on its way), an extension or a question whose letter was not sent, a letter that was
made and not sent, a run that the DAG `sweep` would name. Below it are restrictions whose review is due (R84),
of closed requests too, and what a message asked besides its requests and is not handed over yet (R05):
notifiers of the roles intake and officer are reminded of each at every mark.

## The run failed
- **overdue**: requests are late, and no officer has said why. Answer them; say why with `afschrift request
  acknowledge ID`, which takes a reason and your name. Then clear the task, or wait for the next hour.
- **notify**: one notifier did not take its notices; the last line of its log says which. The next run sends
  them again; the others were notified.
- **look**: the register does not answer, or a setting cannot be read; the last line says what to do. The
  next hour tries again by itself.

Marks, notifiers and their settings: `docs/deadlines.md`.
"""

from __future__ import annotations

from functools import partial

from airflow.sdk import dag, task

from afschrift.airflow_ext import deadline_tasks as tasks
from afschrift.airflow_ext.retry import BY_ITSELF


@dag(
    schedule="@hourly",
    doc_md=__doc__,
    tags=["afschrift", "operations"],
    **BY_ITSELF,
)
def check_deadlines() -> None:
    """Look, then notify each notifier in a task of its own; tasks pass on only names and counts."""
    run = partial(task, multiple_outputs=False)
    looked = run(tasks.look)()
    run(tasks.notify).expand(name=run(tasks.names)(looked))
    run(tasks.overdue)(looked)


DAG = check_deadlines()
