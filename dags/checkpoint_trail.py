"""Signs the head of the audit trail every day, sends it elsewhere, and verifies register and trail.

An operator who can write the register's database and has its keys could write the trail anew. A checkpoint
stored elsewhere shows that: `afschrift audit verify` compares. `docs/trail.md` says what it proves and how to
set up a place.

## Trigger
By itself, once a day. Trigger it by hand before a year of the trail is dropped, before the software or the
database is moved, or when an auditor asks. It takes no parameters.

## Tasks
| task | what it does |
|---|---|
| checkpoint | makes one, records it in the trail, has it stamped, sends it to every place |
| verify | compares trail, places and the register's rows, whatever the outcome of `checkpoint` |

The log names the places and the number. The trail has the events `checkpoint_made`, `checkpoint_sent` and
`checkpoint_not_sent`.

## The run ends as a success, with `checkpoint` skipped
No witness place is configured. Set `AFSCHRIFT_WITNESS_<NAME>`: until then nothing shows a trail that was
cut or written anew, except the bundles that were delivered.

## The run failed
The last line of the log says what to do. In general:
- **a place is down or full**: the others have the checkpoint. The task is tried again and makes a further
  one; each place also gets those that it missed;
- **a place holds another content under this name**: the register was set back (a back-up that was
  restored, or tampering). Run `afschrift audit verify` and inform the data protection officer before
  anything else;
- **keys or register**: mend them, then clear the task;
- **`verify` names rows or events**: the register or its trail was changed without the service. Change
  nothing, copy database, places and logs, and inform the data protection officer. The requests concerned
  are stopped at every gate. The trail has the event `register_differs`.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from afschrift.airflow_ext.daily_tasks import checkpoint, verify
from afschrift.airflow_ext.retry import BY_ITSELF


@dag(
    schedule="@daily",
    doc_md=__doc__,
    tags=["afschrift", "trail"],
    **BY_ITSELF,
)
def checkpoint_trail() -> None:
    """Two tasks; the second runs whatever the outcome of the first."""
    made = task(checkpoint, multiple_outputs=False)()
    made >> task(verify, multiple_outputs=False, trigger_rule="all_done")()


DAG = checkpoint_trail()
