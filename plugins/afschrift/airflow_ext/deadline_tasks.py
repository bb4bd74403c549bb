"""The tasks of `check_deadlines`. Airflow shows their docstrings with them."""

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
        from afschrift.casework.informing.question import ask_again
        from afschrift.casework.intake.referral import to_hand_over
        from afschrift.casework.notices.breaches import open_breaches
        from afschrift.casework.notices.report import open_check, table
        from afschrift.casework.notices.reviews import due_reviews
        from afschrift.casework.retention import ask_removals
        from afschrift.operations.figures import remarks

        notifiers = sorted(load_notifiers())
        check = open_check(BY)
        for request in ask_again(check.register, check.place):
            log.info("The answer of request %s is ready, and the person has not been informed.", request)
        for request in ask_removals(check.register, check.now):
            log.info("Rows of request %s were to be removed by a day that has passed (R75).", request)
        requests = check.open_requests(remarks())
        raised = check.raise_notices(requests)
        for line in table(requests).splitlines():
            log.info("%s", line)
        log.info("Open requests: %d. New notices: %d.", len(requests), raised)
        for review in due_reviews(check.register, check.now):
            log.info("%s", review.words)
        for breach in open_breaches(check.register, check.now):
            log.info("%s", breach.words)
        for referral in to_hand_over(check.register, check.now):
            log.info("%s", referral.words)
        return {"open": len(requests), "raised": raised, "notifiers": notifiers}


def names(looked: dict[str, Any]) -> list[str]:
    """Hand on the notifiers, one each."""
    return list(looked["notifiers"])


def notify(name: str) -> int:
    """Send one notifier what is new for it; skipped where nothing is.

    A notifier that fails does not stop the others; the next check notifies it again.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import send_reminders
        from afschrift.canary.history import canary_reminder
        from afschrift.casework.notices.deadlines import reminders
        from afschrift.casework.notices.report import open_check
        from afschrift.operations.figures import remarks

        check = open_check(BY)
        return send_reminders(name, (*reminders(check, remarks()), canary_reminder(check.register, BY)))


def overdue(_looked: dict[str, Any]) -> int:
    """Fail while a request is overdue and not acknowledged, or the 72 hours of a possible breach are over.

    Hands on how many are overdue.
    """
    with shown():
        from afschrift.casework.notices.breaches import open_breaches
        from afschrift.casework.notices.report import open_check
        from afschrift.law.clock.alarm import OVERDUE

        check = open_check(BY)
        if over := [b.question.request for b in open_breaches(check.register, check.now) if b.left < 0]:
            raise RefusedError(
                "The 72 hours of a possible breach are over, and no officer judged it: "
                f"{', '.join(over[:20])}.",
                remedy="notify the authority, with the reasons for the delay, and answer `possible_breach`.",
            )
        late = [request for request in check.open_requests() if request.level == OVERDUE]
        silent = [request.timeline.request for request in late if request.unexplained]
        if silent:
            raise RefusedError(
                f"Overdue, and no officer has said why ({len(silent)}): {', '.join(silent[:20])}"
                f"{' ...' if len(silent) > 20 else ''}.",
                remedy="answer them. Say why they are late: `afschrift request acknowledge REQUEST`.",
            )
        return len(late)
