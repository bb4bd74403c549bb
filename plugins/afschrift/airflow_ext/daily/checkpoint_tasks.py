"""The tasks of `checkpoint_trail`. Their docstrings are what Airflow shows beside them."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from afschrift.airflow_ext.step import shown
from afschrift.domain.errors import GateError, RetriableError

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
        codes = sorted({*(one.code for one in done.findings), *(one.code for one in done.differences)})
        payload = {"found": len(done.findings) + len(done.differences), "codes": codes}
        register.trail.record(None, NewEvent("register_differs", payload=payload))
        raise GateError(
            f"The register does not follow from its trail, or the trail is not whole ({', '.join(codes)}).",
            remedy="change nothing: copy database, places and logs, and tell the data protection officer "
            "(docs/trail.md).",
        )
    if done.failed:
        raise RetriableError(
            "A witness place could not be read; the lines above say why.", remedy="mend the place."
        )
    seq, _ = register.trail.head()
    log.info("The trail is whole, and every row of the register follows from it: %d events.", seq)
    return {"events": seq}
