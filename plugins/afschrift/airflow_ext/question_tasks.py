"""The tasks of `tell_questions`. Their docstrings are what Airflow shows beside them."""

from __future__ import annotations

import logging

from airflow.sdk.exceptions import AirflowSkipException

from afschrift.airflow_ext.step import shown

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
        from afschrift.airflow_ext.notifiers import load_notifiers, sender
        from afschrift.casework.notices.questions import question_reminder
        from afschrift.register.open import open_register

        entry = load_notifiers()[name]
        reminder = question_reminder(open_register(), BY)
        sent = reminder.remind(name, sender(name, entry), [role.value for role in entry.roles])
        if not sent:
            raise AirflowSkipException(f"There is nothing that '{name}' has not been told.")
        log.info("Told to '%s': %d.", name, sent)
        return sent
