"""Compares the data map with its sources every day, and notifies its owners once of each difference.

It reads the sources within limits (`docs/datamap/check.md`) and keeps no value: a finding is a code and a
place. The events `inventory_checked` in the trail list the open findings; the log of `check` has counts and
remedies.

## Trigger
By itself, once a day. Trigger it by hand after a change of the warehouse or of the inventory. It takes no
parameters.

## Tasks
| task | what it does |
|---|---|
| check | looks at every source; keeps what is new or mended; sends the gauges; makes the asset event |
| names | hands on the notifiers, one each |
| notify | one per notifier: sends it what is new for it; skipped where nothing is |
| reached | fails while a source could not be reached |

## Who is notified of what
Errors and warnings, by notifiers of the roles keeper, officer and map_owner and those that name no role: each
once, and once more as *mended* when a later check does not find it any more, or as *settled* when the map
settles it. A finding whose counts change is the same finding. Notes are only in the log.

## Effect on requests
A table or column that is not described, one that is gone, one without a right or with a type that is not
known, a join that finds nothing, a statement that a source does not take: a plan that was frozen before such
a finding is no longer valid. A run that goes on stops at its next step (`drift_found`): clear `classify` and
what follows. `classify` looks again, and asks a person what it cannot decide; rows that a join does not find
any more are the question `rows_not_given`. The same holds for later requests. Mend the inventory, and none
waits any more; or answer the question for one request.

## What others see
The asset `afschrift_map_changed` has an event when the inventory or its findings are not the same as at the
last time. The gauges `afschrift.inventory.findings` and `afschrift.inventory.stops` are in
`docs/operator/monitoring.md`.

## The run failed
- **reached**: a source is down or its connection is wrong; the log of `check` names it. Its findings stay as
  they were. The other sources were checked.
- **check**: the inventory has faults, the register does not answer, or a setting cannot be read; the last
  line says what to do. No finding was reported as mended.
- **notify**: one notifier did not take its message; the last line of its log says which. The next run sends
  it again; the others were notified.
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
    """Check, then notify each notifier in a task of its own; tasks pass on only names and counts."""
    run = partial(task, multiple_outputs=False)
    outlet = AssetAlias(MAP_CHANGED.name)
    checked = run(tasks.check, inlets=[MAP_CHANGED], outlets=[outlet], **several())()
    run(tasks.notify).expand(name=run(tasks.names)(checked))
    run(tasks.reached)(checked)


DAG = check_inventory()
