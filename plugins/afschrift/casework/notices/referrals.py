"""What is to be handed over, for the check of deadlines, the lists and the reminders (R05)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from afschrift.app.jurisdiction import load_controller
from afschrift.app.settings import Settings
from afschrift.casework.intake.referral import PendingReferral, note_reminded, pending_referrals
from afschrift.casework.notices.message import Message, as_message
from afschrift.casework.notices.reminder import Reminder
from afschrift.domain.instants import utc_now
from afschrift.law.clock.alarm import OVERDUE, marks
from afschrift.law.roles import Role
from afschrift.register.register import Register

_COLUMNS = ("Case", "Asks for", "Article", "To", "Due", "Days")
_OF = (Role.INTAKE, Role.OFFICER)
"""Whose notifiers are reminded."""


def to_hand_over(
    register: Register, now: datetime | None = None, settings: Settings | None = None
) -> tuple[PendingReferral, ...]:
    """What nobody handed over yet, the most urgent first.

    Raises:
        InventoryError: `controller.yml` is missing or wrong.
        ConfigurationError: the marks of deadlines cannot be read.
    """
    settings = settings or Settings.from_environment()
    if not register.case_facts.of():
        return ()
    zone = load_controller(settings).zone
    return pending_referrals(register, now or utc_now(), zone, marks(settings.deadline_marks))


def referral_reminder(register: Register, by: str, now: datetime) -> Reminder[PendingReferral]:
    """Reminds intake and officers of what is to be handed over; `now`: the present moment, aware."""

    def due(roles: Collection[str]) -> tuple[PendingReferral, ...]:
        meant = not roles or set(roles) & {role.value for role in _OF}
        return to_hand_over(register, now) if meant else ()

    return Reminder(
        due,
        lambda one, notifier: (notifier, one.level) in one.referral.notified,
        _message,
        lambda taken, notifier: note_reminded(register, taken, notifier, by),
    )


def _message(due: Sequence[PendingReferral]) -> Message:
    late = sum(one.level == OVERDUE for one in due)
    subject = f"Afschrift: {len(due)} to be handed over" + (f", {late} overdue" if late else "")
    what = 'Then: afschrift case handed-over CASE RIGHT --to "DESK" --reference CODE.'
    return as_message(subject, _COLUMNS, [_cells(one) for one in due], [one.words for one in due], what)


def _cells(one: PendingReferral) -> tuple[str, ...]:
    asks = one.referral
    days = "" if one.days_left is None else str(one.days_left)
    article, desk, due = asks.matter.article or "", asks.desk or "", str(asks.due or "")
    return (asks.case, asks.matter.value, article, desk, due, days)
