"""Puts a check of deadlines together; shows it as a table, and as the message that a notifier carries."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from rich.box import ASCII2
from rich.console import Console
from rich.table import Table

from afschrift.app.jurisdiction import load_place
from afschrift.app.settings import Settings
from afschrift.casework.notices.deadline_check import Watch, Watched
from afschrift.law.clock.alarm import OVERDUE, marks
from afschrift.register.database.instants import utc_now
from afschrift.register.open import open_register

_WIDTH = 180
_SHOWN = 200
"""Rows of the table of a log; the most urgent come first."""
_COLUMNS = ("Request", "Right", "State", "Due", "Days", "Colour", "Notice", "Also")


def open_watch(by: str, settings: Settings | None = None, now: datetime | None = None) -> Watch:
    """A check of this installation.

    Args:
        by: account that checks.
        settings: default: from the environment.
        now: the present moment; default: the clock of the machine.

    Raises:
        ConfigurationError: keys, register, controller or marks cannot be used; says what to do.
        RetriableError: the register does not answer.
    """
    settings = settings or Settings.from_environment()
    at = marks(settings.deadline_marks)
    return Watch(open_register(settings), load_place(settings), at, now or utc_now(), by)


def table(watched: Sequence[Watched]) -> str:
    """Open requests, the most urgent first, one line each; no personal data."""
    if not watched:
        return "There is no open request."
    shown = Table(*_COLUMNS)
    for one in watched[:_SHOWN]:
        shown.add_row(*_cells(one))
    more = len(watched) - _SHOWN
    return drawn(shown) + (f"\n... and {more} more, due later: `afschrift requests`." if more > 0 else "")


def drawn(shown: Table) -> str:
    """A table as the lines of a log."""
    shown.box, shown.pad_edge = ASCII2, False
    text = io.StringIO()
    Console(file=text, width=_WIDTH, no_color=True).print(shown, markup=False)
    return text.getvalue().rstrip()


def _cells(one: Watched) -> tuple[str, ...]:
    clock = one.clock
    days = "-" if clock.days_left is None else f"{clock.days_left} ({clock.working_days_left})"
    acknowledged = ("acknowledged",) if one.level == OVERDUE and one.acknowledged else ()
    return (
        one.timeline.request,
        one.timeline.right.value,
        one.timeline.state.value,
        str(clock.due) if clock.due else f"suspended since {clock.suspended_since}",
        days,
        clock.colour.value,
        f"{one.level} NEW" if one.new else one.level or "",
        ", ".join((*acknowledged, *one.remarks)),
    )


@dataclass(frozen=True)
class Message:
    """What a notifier's templates may use, as `notices`: ids, codes, dates and counts.

    Attributes:
        subject: one line.
        text: plain text.
        html: the same as HTML.
        rows: name of a column -> text, one mapping a request.
    """

    subject: str
    text: str
    html: str
    rows: tuple[Mapping[str, str], ...]


def message(watched: Sequence[Watched]) -> Message:
    """The notices of some requests as one message."""
    rows = tuple(dict(zip(_COLUMNS, _cells(one), strict=True)) for one in watched)
    overdue = sum(one.level == OVERDUE for one in watched)
    subject = f"Afschrift: {len(rows)} request{'s' * (len(rows) != 1)} near the last day"
    subject += f", {overdue} overdue" if overdue else ""
    lines = [
        f"{r['Request']}  {r['Right']}, {r['State']}: due {r['Due']}, {r['Days']} days. {r['Also']}".strip()
        for r in rows
    ]
    what = "Days are calendar days, working days in brackets. More: afschrift request show REQUEST."
    return as_message(subject, _COLUMNS, [tuple(r.values()) for r in rows], lines, what)


def as_message(
    subject: str, columns: Sequence[str], cells: Sequence[Sequence[str]], lines: Sequence[str], what: str
) -> Message:
    """A message of some rows.

    Args:
        subject: one line.
        columns: names of the cells.
        cells: a row each.
        lines: the same rows in plain text.
        what: how to read them and where there is more.
    """
    head = "".join(f'<th align="left">{escape(name)}</th>' for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    html = f'<p>{subject}.</p><table cellpadding="4"><tr>{head}</tr>{body}</table><p>{what}</p>'
    rows = tuple(dict(zip(columns, row, strict=True)) for row in cells)
    return Message(subject, "\n".join([f"{subject}.", *lines, what]), html, rows)
