"""A check of the deadlines of this installation, and its table in the log."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

from rich.box import ASCII2
from rich.console import Console
from rich.table import Table

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.app.settings import Settings
from afschrift.casework.notices.deadlines import COLUMNS, DeadlineCheck, OpenRequest, cells
from afschrift.domain.instants import utc_now
from afschrift.law.clock.alarm import marks
from afschrift.law.manual_search import ChaseDays
from afschrift.register.open import open_register

_WIDTH = 1_000
"""Wide enough that each row is one line of the log."""
_SHOWN = 200
"""Rows of the table of a log; the most urgent come first."""


def open_check(by: str, settings: Settings | None = None, now: datetime | None = None) -> DeadlineCheck:
    """A check of this installation.

    Args:
        by: account that checks.
        settings: default: from the environment.
        now: the present instant; default: the clock of the machine.

    Raises:
        ConfigurationError: keys, register, controller or marks cannot be used; says what to do.
        RetriableError: the register does not answer.
    """
    settings = settings or Settings.from_environment()
    at = marks(settings.deadline_marks)
    chased = ChaseDays(settings.chase_remind, settings.chase_escalate)
    place = load_jurisdiction(settings)
    return DeadlineCheck(open_register(settings), place, at, now or utc_now(), by, chased)


def table(checked: Sequence[OpenRequest]) -> str:
    """Open requests, the most urgent first, one line each; no personal data."""
    if not checked:
        return "There is no open request."
    shown = Table(*COLUMNS)
    for request in checked[:_SHOWN]:
        shown.add_row(*cells(request))
    more = len(checked) - _SHOWN
    return table_text(shown) + (
        f"\n... and {more} more, due later: `afschrift requests`." if more > 0 else ""
    )


def table_text(shown: Table) -> str:
    """A table as the lines of a log."""
    shown.box, shown.pad_edge = ASCII2, False
    text = io.StringIO()
    Console(file=text, width=_WIDTH, no_color=True).print(shown, markup=False)
    return text.getvalue().rstrip()
