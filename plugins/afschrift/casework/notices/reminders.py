"""The reminders that go out with a check of deadlines, in the order in which a notifier gets them."""

from __future__ import annotations

from typing import Any

from afschrift.casework.notices.deadline_check import DeadlineCheck, Remarks
from afschrift.casework.notices.deadlines import deadline_reminder
from afschrift.casework.notices.referrals import referral_reminder
from afschrift.casework.notices.reminder import Reminder
from afschrift.casework.notices.reviews import review_reminder
from afschrift.casework.notices.searches import search_reminder


def reminders(check: DeadlineCheck, remarks: Remarks) -> tuple[Reminder[Any], ...]:
    """Of one check; `remarks`: what the notices should say beside the last day."""
    register, by, now = check.register, check.by, check.now
    return (
        deadline_reminder(check, remarks),
        search_reminder(register, by, check.place, now),
        review_reminder(register, by, now),
        referral_reminder(register, by, now),
    )
