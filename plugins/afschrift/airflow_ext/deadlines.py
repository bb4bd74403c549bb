"""The tasks of `check_deadlines`. Their docstrings are what Airflow shows beside them."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from afschrift.airflow_ext.step import shown
from afschrift.domain.errors import RefusedError

BY = "airflow:check_deadlines"

log = logging.getLogger("afschrift.run")


def look() -> dict[str, Any]:
    """Look at every open request, raise the notices that are new, and log the table of them.

    Hands on the counts and the names of the notifiers.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import load_notifiers
        from afschrift.casework.notices.referrals import to_hand_over
        from afschrift.casework.notices.report import open_watch, table
        from afschrift.casework.notices.reviews import due_reviews
        from afschrift.register.open import open_register
        from afschrift.steps.sweep.remarks import remarks

        notifiers = sorted(load_notifiers())
        watch = open_watch(BY)
        watched = watch.look(remarks())
        raised = watch.raise_new(watched)
        for line in table(watched).splitlines():
            log.info("%s", line)
        log.info("Open requests: %d. New notices: %d.", len(watched), raised)
        for review in due_reviews(open_register(), watch.now):
            log.info("%s", review.words)
        for waiting in to_hand_over(open_register(), watch.now):
            log.info("%s", waiting.words)
        return {"open": len(watched), "raised": raised, "notifiers": notifiers}


def names(looked: dict[str, Any]) -> list[str]:
    """Hand on the notifiers, one each."""
    return list(looked["notifiers"])


def notify(name: str) -> int:
    """Tell one notifier what it has not been told yet; skipped where there is nothing.

    One that fails hides no other, and is told again by the next check.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import load_notifiers, sender
        from afschrift.casework.notices.referrals import remind_to_hand_over
        from afschrift.casework.notices.report import message, open_watch
        from afschrift.casework.notices.reviews import tell_reviews
        from afschrift.casework.notices.searches import remind
        from afschrift.register.open import open_register
        from afschrift.steps.sweep.remarks import remarks

        entry = load_notifiers()[name]
        send, roles = sender(name, entry), [role.value for role in entry.roles]
        register, watch = open_register(), open_watch(BY)
        told = watch.tell(name, lambda watched: send(message(watched)), remarks())
        told += remind(register, watch.place, watch.now, name, send, BY, roles)
        told += tell_reviews(register, watch.now, name, send, BY)
        told += remind_to_hand_over(register, watch.now, name, send, BY, roles)
        if not told:
            raise AirflowSkipException(f"There is nothing that '{name}' has not been told.")
        log.info("Told to '%s': %d.", name, told)
        return told


def overdue(_looked: dict[str, Any]) -> int:
    """Fail while a request is overdue of which nobody has said why; hands on how many are overdue."""
    with shown():
        from afschrift.casework.notices.report import open_watch
        from afschrift.law.clock.alarm import OVERDUE

        late = [one for one in open_watch(BY).look() if one.level == OVERDUE]
        silent = [one.timeline.request for one in late if one.needs_word]
        if silent:
            raise RefusedError(
                f"Overdue, and nobody has said why ({len(silent)}): {', '.join(silent[:20])}"
                f"{' ...' if len(silent) > 20 else ''}.",
                way_out="answer them. Say why they are late: `afschrift request acknowledge REQUEST`.",
            )
        return len(late)
