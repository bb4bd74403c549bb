"""Holds the data map against its sources every day, and tells its owners once of what differs.

It reads the sources within limits (`docs/datamap/check.md`) and keeps no value: a finding is a code and a
place. The events `inventory_checked` in the trail have the findings that hold; the log of the task `check`
has counts and remedies.

## Trigger
By itself, once a day. Trigger it by hand after a change of the warehouse or of the inventory. It takes no
parameters.

## Tasks
| task | what it does |
|---|---|
| check | looks at every source; keeps what is new or mended; sends the gauges; makes the asset event |
| names | hands on the notifiers, one each |
| notify | one a notifier: tells it what it was not told yet; skipped where that is nothing |
| reached | fails while a source could not be reached |

## What is told, and to whom
Errors and warnings, by notifiers of the roles keeper, officer and map_owner and those that name no role: each
once, and once more as *mended* when a later check does not find it any more. A finding whose counts change is
the same finding. Notes stand in the log alone.

## What becomes of requests
A table or column that nobody described, one that is gone, one without a right or with a type that is not
known, a join that finds nothing, a statement that a source does not take: a plan that was frozen before such
a finding holds no longer. A run that goes stops at its next step (`drift_found`): clear `classify` and what
follows. `classify` looks again, and asks a person what it cannot decide; rows that a join does not find any
more are the question `rows_not_given`. A later request meets the same. Mend the inventory, and nothing waits
any more; or answer the question for one request.

## What others see
The asset `afschrift_map_changed` has an event when the inventory or what stands is another one than at the
last time. The gauges `afschrift.inventory.findings` and `afschrift.inventory.stops` are in
`docs/operator/monitoring.md`.

## The run failed
- **reached**: a source is down or its connection is wrong; the log of `check` names it. Its findings stand as
  they were. The other sources were checked.
- **check**: the inventory has faults, the register does not answer, or a setting cannot be read; the last
  line says what to do. Nothing was told as mended.
- **notify**: one notifier did not take its message; the last line of its log says which. The next run tells
  it again; the others were told.
"""

from __future__ import annotations

from functools import partial

from airflow.sdk import AssetAlias, dag, task

from afschrift.airflow_ext import inventory_tasks as tasks
from afschrift.airflow_ext.outside.assets import MAP_CHANGED
from afschrift.airflow_ext.queues import several
from afschrift.airflow_ext.retry import BY_ITSELF


@dag(
    schedule="@daily",
    doc_md=__doc__,
    tags=["afschrift", "operations"],
    **BY_ITSELF,
)
def check_inventory() -> None:
    """Check, then tell each notifier for itself; only names and counts of findings travel."""
    run = partial(task, multiple_outputs=False)
    outlet = AssetAlias(MAP_CHANGED.name)
    checked = run(tasks.check, inlets=[MAP_CHANGED], outlets=[outlet], **several())()
    run(tasks.notify).expand(name=run(tasks.names)(checked))
    run(tasks.reached)(checked)


DAG = check_inventory()
