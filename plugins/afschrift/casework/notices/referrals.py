"""What is to be handed over, for the check of deadlines, the lists and the reminders (R05)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from afschrift.app.jurisdiction import load_controller
from afschrift.app.settings import Settings
from afschrift.casework.intake.referral import Waiting, note_reminded, waiting
from afschrift.casework.notices.report import Message, as_message
from afschrift.law.clock.alarm import OVERDUE, marks
from afschrift.law.roles import Role
from afschrift.register.database.instants import utc_now
from afschrift.register.register import Register

_COLUMNS = ("Case", "Asks for", "Article", "To", "Due", "Days")
_OF = (Role.INTAKE, Role.OFFICER)
"""Whose notifiers are told."""


def to_hand_over(
    register: Register, now: datetime | None = None, settings: Settings | None = None
) -> tuple[Waiting, ...]:
    """What nobody handed over yet, the most urgent first.

    Raises:
        InventoryError: `controller.yml` is missing or wrong.
        ConfigurationError: the marks of deadlines cannot be read.
    """
    settings = settings or Settings.from_environment()
    if not register.case_facts.of():
        return ()
    zone = load_controller(settings).zone
    return waiting(register, now or utc_now(), zone, marks(settings.deadline_marks))


def remind_to_hand_over(
    register: Register,
    now: datetime,
    notifier: str,
    send: Callable[[Message], None],
    by: str,
    roles: Collection[str] = (),
) -> int:
    """Remind a notifier, each matter once a level; how many there were.

    What `send` raises passes; then nothing was recorded, and the next check reminds again.
    """
    if roles and not set(roles) & {role.value for role in _OF}:
        return 0
    untold = [one for one in to_hand_over(register, now) if (notifier, one.level) not in one.matter.told]
    if not untold:
        return 0
    late = sum(one.level == OVERDUE for one in untold)
    subject = f"Afschrift: {len(untold)} to be handed over" + (f", {late} overdue" if late else "")
    what = 'Then: afschrift case handed-over CASE RIGHT --to "DESK" --reference CODE.'
    cells = [_cells(one) for one in untold]
    send(as_message(subject, _COLUMNS, cells, [one.words for one in untold], what))
    note_reminded(register, untold, notifier, by)
    return len(untold)


def _cells(one: Waiting) -> tuple[str, ...]:
    asks = one.matter
    days = "" if one.days_left is None else str(one.days_left)
    article, desk, due = asks.matter.article or "", asks.desk or "", str(asks.due or "")
    return (asks.case, asks.matter.value, article, desk, due, days)
