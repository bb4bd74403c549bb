"""The tasks of `check_canary`. Their docstrings are what Airflow shows beside them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from afschrift.airflow_ext.environment import CANARY_DAG_ID
from afschrift.airflow_ext.step import step
from afschrift.domain.errors import ValidationFailedError

if TYPE_CHECKING:
    from afschrift.app.settings import Settings
    from afschrift.services import Services

log = logging.getLogger("afschrift.run")
BY = f"airflow:{CANARY_DAG_ID}"
SEE = "see docs/canary.md, then `afschrift canary check`; the trail has the event."


def check(ti: Any = None) -> dict[str, Any]:
    """Let the canary ask, and count what it gets; fails where something is missing or too much.

    Skipped where there is no canary. Hands on counts: planted, found, rows, others.
    """
    with step() as services:
        from afschrift.airflow_ext.outside.metrics import send_canary
        from afschrift.airflow_ext.queues import must_be_its_queue
        from afschrift.app.settings import Settings
        from afschrift.canary.check_canary import check_canary

        settings = Settings.from_environment()
        must_be_its_queue(ti, services.inventory)
        _there(services, settings)
        checked = check_canary(services, settings, BY)
        send_canary(checked)
        for line in checked.lines:
            log.info("%s.", line)
        if not checked.whole:
            raise ValidationFailedError(
                "The canary is not answered as it should be: the lines above.", remedy=SEE
            )
        return {
            one.right: {"planted": one.planted, "found": one.found, "rows": one.rows, "others": one.others}
            for one in checked.rights
        }


def search(ti: Any = None) -> int:
    """Look for the canary's values in the log of this run, and in what it handed on; fails with any.

    Runs whatever became of `check`, and fails where that did: the last task decides how a run ended. Hands on
    how many logs were there to be searched.
    """
    with step() as services:
        from afschrift.app.settings import Settings
        from afschrift.canary.check_canary import search_logs

        settings = Settings.from_environment()
        _there(services, settings)
        files = sorted(_logs(ti.run_id))
        found = search_logs(services, settings, files, list(_handed_on(ti)), BY)
        if not files:
            log.warning(
                "No log of this run lies on this machine: `afschrift canary search-logs FOLDER` takes a copy."
            )
        log.info("Logs searched: %d. Values found: %d.", len(files), found)
        if found:
            raise ValidationFailedError(
                f"{found} values of the canary stand in a task log, or in what tasks hand on.",
                remedy=f"real values may stand there too. Find the line, keep the log from readers; {SEE}",
            )
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        if states.get("check") != "success":
            raise ValidationFailedError("The task `check` of this run failed.", remedy="see its log.")
        return len(files)


def _there(services: Services, settings: Settings) -> None:
    from afschrift.canary.canary_file import load_canary
    from afschrift.inventory.run_in import CANARY

    if load_canary(settings.inventory, services.inventory.identity.keys) is None:
        raise AirflowSkipException(f"There is no {CANARY} beside the data map: see docs/canary.md.")


def _logs(run_id: str) -> Iterator[Path]:
    """The logs of a run, where Airflow lays them out as it does by itself."""
    from airflow.sdk.configuration import conf

    folder = Path(conf.get("logging", "base_log_folder"))
    return (folder / f"dag_id={CANARY_DAG_ID}" / f"run_id={run_id}").rglob("*.log")


def _handed_on(ti: Any) -> Iterator[str]:
    """What `check` handed on, and this task's fields as Airflow shows them rendered."""
    yield json.dumps(ti.xcom_pull(task_ids="check"), default=str)
    for name in ti.task.template_fields:
        yield str(getattr(ti.task, name, ""))
