"""The tasks of `tell_questions`. Their docstrings are what Airflow shows beside them."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from afschrift.airflow_ext.step import shown
from afschrift.core.errors import RetriableError

BY = "airflow:tell_questions"

log = logging.getLogger("afschrift.run")


def names() -> list[str]:
    """Hand on the notifiers, one each."""
    with shown():
        from afschrift.airflow_ext.notifiers import load_notifiers

        return sorted(load_notifiers())


def notify(name: str) -> int:
    """Tell one notifier of the open questions it was not told of; skipped where there are none.

    One that fails hides no other, and is told again by the next run.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import load_notifiers, make
        from afschrift.wiring.keys import open_ledger
        from afschrift.wiring.open_questions import tell

        entry = load_notifiers()[name]
        notifier = make(name, entry)

        def send(message: Any) -> None:
            context: Any = {**get_current_context(), "notices": message}
            try:
                notifier(context)
            except Exception as error:
                raise RetriableError(
                    f"The notifier '{name}' did not take its message ({type(error).__name__}).",
                    way_out="see its connection and its server; the next run tells it again.",
                ) from None

        told = tell(open_ledger(), name, send, BY, [role.value for role in entry.roles])
        if not told:
            raise AirflowSkipException(f"There is nothing that '{name}' has not been told.")
        log.info("Told to '%s': %d.", name, told)
        return told
