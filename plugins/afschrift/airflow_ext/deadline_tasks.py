"""The tasks of `check_deadlines`. Their docstrings are what Airflow shows beside them."""

from __future__ import annotations

import logging
from typing import Any

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
        from afschrift.casework.intake.referral import to_hand_over
        from afschrift.casework.notices.report import open_check, table
        from afschrift.casework.notices.reviews import due_reviews
        from afschrift.casework.telling.question import ask_again
        from afschrift.operations.figures import remarks

        notifiers = sorted(load_notifiers())
        check = open_check(BY)
        for request in ask_again(check.register):
            log.info("The answer of request %s is ready, and nobody told the person.", request)
        requests = check.open_requests(remarks())
        raised = check.raise_notices(requests)
        for line in table(requests).splitlines():
            log.info("%s", line)
        log.info("Open requests: %d. New notices: %d.", len(requests), raised)
        for review in due_reviews(check.register, check.now):
            log.info("%s", review.words)
        for referral in to_hand_over(check.register, check.now):
            log.info("%s", referral.words)
        return {"open": len(requests), "raised": raised, "notifiers": notifiers}


def names(looked: dict[str, Any]) -> list[str]:
    """Hand on the notifiers, one each."""
    return list(looked["notifiers"])


def notify(name: str) -> int:
    """Tell one notifier what it has not been told yet; skipped where there is nothing.

    One that fails hides no other, and is told again by the next check.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import tell
        from afschrift.canary.history import canary_reminder
        from afschrift.casework.notices.deadlines import reminders
        from afschrift.casework.notices.report import open_check
        from afschrift.operations.figures import remarks

        check = open_check(BY)
        return tell(name, (*reminders(check, remarks()), canary_reminder(check.register, BY)))


def overdue(_looked: dict[str, Any]) -> int:
    """Fail while a request is overdue of which nobody has said why; hands on how many are overdue."""
    with shown():
        from afschrift.casework.notices.report import open_check
        from afschrift.law.clock.alarm import OVERDUE

        late = [one for one in open_check(BY).open_requests() if one.level == OVERDUE]
        silent = [one.timeline.request for one in late if one.unexplained]
        if silent:
            raise RefusedError(
                f"Overdue, and nobody has said why ({len(silent)}): {', '.join(silent[:20])}"
                f"{' ...' if len(silent) > 20 else ''}.",
                remedy="answer them. Say why they are late: `afschrift request acknowledge REQUEST`.",
            )
        return len(late)
