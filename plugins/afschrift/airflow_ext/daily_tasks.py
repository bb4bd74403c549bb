"""The tasks of `check_canary` and `checkpoint_trail`. Airflow shows their docstrings with them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from afschrift.airflow_ext.environment import CANARY_DAG_ID
from afschrift.airflow_ext.step import shown, step
from afschrift.domain.errors import GateError, RetriableError, ValidationFailedError

if TYPE_CHECKING:
    from afschrift.app.settings import Settings
    from afschrift.services import Services


log = logging.getLogger("afschrift.run")
BY = f"airflow:{CANARY_DAG_ID}"
SEE = "see docs/operator/canary.md, then `afschrift canary check`; the trail has the event."


def check(ti: Any = None) -> dict[str, Any]:
    """Send the canary's requests and count what it gets; fails where something is missing or too much.

    Skipped where there is no canary. Hands on counts: planted, found, rows, others.
    """
    with step() as services:
        from afschrift.airflow_ext.outside.metrics import send_canary
        from afschrift.airflow_ext.queues import must_be_its_queue
        from afschrift.app.settings import Settings
        from afschrift.canary.check_canary import check_canary

        settings = Settings.from_environment()
        must_be_its_queue(ti, services.inventory)
        _skip_without_canary(services, settings)
        checked = check_canary(services, settings, BY)
        send_canary(checked)
        for line in checked.lines:
            log.info("%s.", line)
        if not checked.whole:
            raise ValidationFailedError(
                "The canary is not answered as it should be: the lines above.", remedy=SEE
            )
        return {
            part.right: {
                "planted": part.planted,
                "found": part.found,
                "rows": part.rows,
                "others": part.others,
            }
            for part in checked.rights
        }


def search(ti: Any = None) -> int:
    """Look for the canary's values in the log of this run, and in what it handed on; fails with any.

    Runs whatever the outcome of `check`, and fails if that failed: the last task decides how a run ended.
    Hands on the number of logs that were searched.
    """
    with step() as services:
        from afschrift.app.settings import Settings
        from afschrift.canary.check_canary import search_logs

        settings = Settings.from_environment()
        _skip_without_canary(services, settings)
        files = sorted(_logs(ti.run_id))
        found = search_logs(services, settings, files, list(_handed_on(ti)), BY)
        if not files:
            log.warning(
                "No log of this run lies on this machine: `afschrift canary search-logs FOLDER` takes a copy."
            )
        log.info("Logs searched: %d. Values found: %d.", len(files), found)
        if found:
            raise ValidationFailedError(
                f"{found} values of the canary are in a task log, or in what tasks hand on.",
                remedy=f"real values may be there too. Find the line, keep the log from readers; {SEE}",
            )
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        if states.get("check") != "success":
            raise ValidationFailedError("The task `check` of this run failed.", remedy="see its log.")
        return len(files)


def _skip_without_canary(services: Services, settings: Settings) -> None:
    from afschrift.canary.canary_file import load_canary
    from afschrift.inventory.run_in import CANARY

    if load_canary(settings.inventory, services.inventory.identity.keys) is None:
        raise AirflowSkipException(f"There is no {CANARY} next to the data map: see docs/operator/canary.md.")


def _logs(run_id: str) -> Iterator[Path]:
    """The logs of a run, in Airflow's default layout of folders."""
    from airflow.sdk.configuration import conf

    folder = Path(conf.get("logging", "base_log_folder"))
    return (folder / f"dag_id={CANARY_DAG_ID}" / f"run_id={run_id}").rglob("*.log")


def _handed_on(ti: Any) -> Iterator[str]:
    """What `check` handed on, and this task's rendered fields, which Airflow stores and shows."""
    yield json.dumps(ti.xcom_pull(task_ids="check"), default=str)
    for name in ti.task.template_fields:
        yield str(getattr(ti.task, name, ""))


def checkpoint() -> dict[str, Any]:
    """Sign the trail's head and send it to every witness place; fails if a place did not take it.

    Skipped where no place is configured. Hands on the number, the event and the places.
    """
    with shown():  # without it, the cause of an error might quote a reply of a place or the register
        return _checkpoint()


def _checkpoint() -> dict[str, Any]:
    from afschrift.app.settings import Settings
    from afschrift.register.open import open_register  # heavy: never when Airflow parses the DAG file
    from afschrift.witnesses.checkpoints import send_checkpoint

    settings = Settings.from_environment()
    if not settings.witnesses:
        raise AirflowSkipException(
            "No witness place is configured: set AFSCHRIFT_WITNESS_<NAME>, see docs/trail.md."
        )
    sending = send_checkpoint(settings, open_register(settings), "airflow:checkpoint_trail")
    for line in sending.lines():
        log.info("%s", line)
    statement = sending.checkpoint.statement
    if sending.problems:
        raise RetriableError(
            f"Checkpoint {statement.number} did not reach {', '.join(sorted(sending.problems))}; the lines "
            "above say why.",
            remedy="mend the place; the next checkpoint brings it what it lacks.",
        )
    return {"number": statement.number, "seq": statement.seq, "places": sorted(sending.sent)}


def verify() -> dict[str, Any]:
    """Verify the trail, and that every row of the register follows from it; fails with any finding.

    A finding is an event `register_differs` too. Hands on how many events there are.
    """
    with shown():
        return _verify()


def _verify() -> dict[str, Any]:
    from afschrift.app.settings import Settings
    from afschrift.audit.verify_register import verify as verify_all
    from afschrift.domain.event import NewEvent
    from afschrift.register.open import open_register

    settings = Settings.from_environment()
    register = open_register(settings)
    done = verify_all(settings, register)
    for line in (*done.doubts, *done.aside):
        log.warning("%s", line)
    for line in done.lines():
        log.error("%s", line)
    for name, why in done.unread.items():
        log.warning("Not compared with the witness place '%s': %s", name, why)
    if done.findings or done.differences:
        codes = sorted({*(row.code for row in done.findings), *(row.code for row in done.differences)})
        payload = {"found": len(done.findings) + len(done.differences), "codes": codes}
        register.trail.record(None, NewEvent("register_differs", payload=payload))
        raise GateError(
            f"The register does not follow from its trail, or the trail is not whole ({', '.join(codes)}).",
            remedy="change nothing: copy database, places and logs, and inform the data protection officer "
            "(docs/trail.md).",
        )
    if done.failed:
        raise RetriableError(
            "A witness place could not be read; the lines above say why.", remedy="mend the place."
        )
    seq, _ = register.trail.head()
    log.info("The trail is whole, and every row of the register follows from it: %d events.", seq)
    return {"events": seq}
