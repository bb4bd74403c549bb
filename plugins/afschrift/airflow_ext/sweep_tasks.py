"""The tasks of `sweep`. Runs are started by Airflow's own operator, which needs no account and no address.

A task reaches Airflow only by its own channel: it may ask whether a run exists, and the operator asks to
start one. Both use the exact id, so two sweeps start a run once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from afschrift.airflow_ext.environment import BATCH_DAG_ID, DAG_ID
from afschrift.airflow_ext.step import shown
from afschrift.domain.errors import AfschriftError, RefusedError

log = logging.getLogger("afschrift.run")


def sweep(ti: Any = None) -> dict[str, list[dict[str, Any]]]:
    """Find what runs left behind, destroy stray staging, and choose the runs to start.

    Hands on `found` (code and request of each finding) and `start` (arguments of the operator for each run).
    """
    from afschrift.operations.sweep import sweep as use_case  # heavy: never when Airflow parses the DAG file
    from afschrift.operations.sweep import table

    chosen: list[dict[str, Any]] = []

    def start(request_id: str, run_id: str) -> str:
        if ti.get_dr_count(dag_id=DAG_ID, run_ids=[run_id]):
            raise _run_exists(ti, run_id)
        chosen.append(_run(DAG_ID, run_id, {"request": request_id}))
        return f"run {run_id} is started"

    def start_batch(requests: Sequence[str], run_id: str) -> str:
        if ti.get_dag(dag_id=BATCH_DAG_ID).is_paused:
            log.warning(
                "The DAG %s is paused, so each request starts by itself. What to do: unpause it, or set "
                "AFSCHRIFT_BATCH_REQUESTS to 1.",
                BATCH_DAG_ID,
            )
            raise RefusedError(f"The DAG {BATCH_DAG_ID} is paused.")
        if ti.get_dr_count(dag_id=BATCH_DAG_ID, states=["queued", "running"]):
            raise AfschriftError("Another batch is under way.", remedy="this one starts after it.")
        if ti.get_dr_count(dag_id=BATCH_DAG_ID, run_ids=[run_id]):
            raise RefusedError(
                f"Batch {run_id} exists in Airflow already.",
                remedy=f"see its log; each request goes alone by `afschrift run`, from {requests[0]} on.",
            )
        # a request whose own run is queued in Airflow is left to that run
        going = [id_ for id_ in requests if not ti.get_dr_count(dag_id=DAG_ID, run_ids=[f"{id_}.1"])]
        if not going:
            raise AfschriftError("Each of them has a run of its own in the queue.")
        chosen.append(_run(BATCH_DAG_ID, run_id, {"requests": going}))
        return f"batch {run_id} is started"

    with shown():
        found = use_case(start, start_batch)
    for line in table(found).splitlines():
        log.info("%s", line)
    named = [{"code": swept.finding.code.value, "request": swept.finding.request} for swept in found]
    return {"found": named, "start": chosen}


def _run(dag_id: str, run_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    return {"trigger_dag_id": dag_id, "trigger_run_id": run_id, "conf": conf}


def _run_exists(ti: Any, run_id: str) -> RefusedError:
    """The error about a run that exists in Airflow and did not begin, with what to do.

    A worker that was killed as it took a task leaves it `queued`. With the executor of `config/airflow.env`
    Airflow queues it again after a minute; with another one it may stay so for ever.
    """
    states = ti.get_task_states(dag_id=DAG_ID, run_ids=[run_id]).get(run_id, {})
    queued = sorted(task for task, state in states.items() if state == "queued")
    if queued:
        return RefusedError(
            f"Run {run_id} exists in Airflow already, and no worker runs its task {', '.join(queued)}, "
            "which is `queued`.",
            remedy="clear that task in Airflow; where it stays `queued`, restart the scheduler.",
        )
    return RefusedError(
        f"Run {run_id} exists in Airflow already.",
        remedy="see its log; when what it says is mended, trigger the next one.",
    )


def to_start(swept: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Hand on the runs to start, one for each mapped task."""
    return swept["start"]
