"""The tasks of `sweep`. Runs are started by Airflow's own operator, which needs no account and no address.

A task reaches Airflow by its own channel alone: it may ask whether a run is there, and the operator asks to
start one. Both go by the exact id, so two sweeps start a run once.
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

    Hands on `found` (code and request of each finding) and `start` (arguments of the operator, one a run).
    """
    from afschrift.operations.sweep import sweep as whole  # heavy: never when Airflow parses the DAG file
    from afschrift.operations.sweep import table

    chosen: list[dict[str, Any]] = []

    def start(request_id: str, run_id: str) -> str:
        if ti.get_dr_count(dag_id=DAG_ID, run_ids=[run_id]):
            raise _in_the_way(ti, run_id)
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
            raise AfschriftError("Another batch goes.", remedy="this one starts after it.")
        if ti.get_dr_count(dag_id=BATCH_DAG_ID, run_ids=[run_id]):
            raise RefusedError(
                f"Batch {run_id} stands in Airflow already.",
                remedy=f"see its log; each request goes alone by `afschrift run`, from {requests[0]} on.",
            )
        # a run of its own that Airflow has in line finds the request itself
        going = [one for one in requests if not ti.get_dr_count(dag_id=DAG_ID, run_ids=[f"{one}.1"])]
        if not going:
            raise AfschriftError("Each of them has a run of its own in line.")
        chosen.append(_run(BATCH_DAG_ID, run_id, {"requests": going}))
        return f"batch {run_id} is started"

    with shown():
        found = whole(start, start_batch)
    for line in table(found).splitlines():
        log.info("%s", line)
    named = [{"code": one.finding.code.value, "request": one.finding.request} for one in found]
    return {"found": named, "start": chosen}


def _run(dag_id: str, run_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    return {"trigger_dag_id": dag_id, "trigger_run_id": run_id, "conf": conf}


def _in_the_way(ti: Any, run_id: str) -> RefusedError:
    """Why a run that Airflow has already got nowhere, and what to do.

    A worker that was killed as it took a task leaves it `queued`. With the executor of `config/airflow.env`
    Airflow queues it again after a minute; with another one it may stay so for ever.
    """
    states = ti.get_task_states(dag_id=DAG_ID, run_ids=[run_id]).get(run_id, {})
    queued = sorted(task for task, state in states.items() if state == "queued")
    if queued:
        return RefusedError(
            f"Run {run_id} stands in Airflow already, and nobody works at its task {', '.join(queued)}, "
            "which is `queued`.",
            remedy="clear that task in Airflow; where it stays `queued`, restart the scheduler.",
        )
    return RefusedError(
        f"Run {run_id} stands in Airflow already.",
        remedy="see its log; when what it says is mended, trigger the next one.",
    )


def to_start(swept: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Hand on the runs to start, one a mapped task."""
    return swept["start"]
