"""The task of `checkpoint_trail`. Its docstring is what Airflow shows beside it."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from afschrift.airflow_ext.step import shown
from afschrift.domain.errors import RetriableError

log = logging.getLogger("afschrift.run")


def checkpoint() -> dict[str, Any]:
    """Sign the trail's head and send it to every witness place; fails where one did not take it.

    Skipped where no place is configured. Hands on the number, the event and the places.
    """
    with shown():  # the cause may quote what a place or the register said
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
