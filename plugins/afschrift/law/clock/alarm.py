"""When a notice is due that a request's last day is near: one for each request, last day and level (R37).

A level is a mark that was passed, or `overdue`. After a week without checks only today's level is notified.
An extension or a question moves the last day, and for a new last day all levels are notified again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.law.clock.clock import Clock
from afschrift.law.clock.facts import FactKind, NewFact

OVERDUE = "overdue"
USUAL = "14 7 3 1"
_MARK = re.compile(r"([0-9]{1,3})(w?)")


@dataclass(frozen=True, order=True)
class AlarmDay:
    """A mark: a number of days before the last day.

    Attributes:
        days: 0 is the last day itself.
        working: counted in working days.
    """

    days: int
    working: bool = False

    @property
    def level(self) -> str:
        """`7`, or `3w` in working days."""
        return f"{self.days}{'w' * self.working}"

    @property
    def span(self) -> float:
        """Approximate length in calendar days, to compare marks."""
        return self.days * 7 / 5 if self.working else self.days

    def passed(self, clock: Clock) -> bool:
        """Whether at most this many days are left."""
        left = clock.working_days_left if self.working else clock.days_left
        return left is not None and left <= self.days


def marks(text: str = USUAL) -> tuple[AlarmDay, ...]:
    """Marks from a setting such as `14 7 3w 1w`.

    Raises:
        ConfigurationError: a word is no mark, or there is none.
    """
    found = [(_MARK.fullmatch(word), word) for word in text.split()]
    wrong = [word for match, word in found if match is None]
    if wrong or not found:
        raise ConfigurationError(
            f"The marks of deadlines cannot be read: {' '.join(wrong) or 'there are none'}.",
            remedy=f"write numbers of days, in working days with a w: `{USUAL}`, `14 7 3w 1w`.",
        )
    return tuple(sorted({AlarmDay(int(match[1]), bool(match[2])) for match, _ in found if match}))


def level(clock: Clock, at: Collection[AlarmDay]) -> str | None:
    """The level: `overdue`, or the nearest mark that was passed; None: no mark was passed.

    A suspended or closed request has no level.
    """
    if clock.days_left is None:
        return None
    if clock.days_left < 0:
        return OVERDUE
    passed = [mark for mark in at if mark.passed(clock)]
    return min(passed, key=lambda mark: mark.span).level if passed else None


def to_raise(clock: Clock, at: Collection[AlarmDay], raised: Iterable[tuple[date, str]]) -> str | None:
    """The level to notify now; None: there is none, or it was notified for this last day.

    Args:
        clock: of the request, today.
        at: the marks.
        raised: last day and level of each notice so far.
    """
    now = level(clock, at)
    if now is None or clock.due is None:
        return None
    notified = {notice for due, notice in raised if due == clock.due}
    return None if now in notified else now


def acknowledge(clock: Clock) -> list[NewFact]:
    """Fact that a named user acknowledges that a request is late; it stays late (R37).

    Raises:
        RefusedError: it is not overdue.
    """
    if level(clock, ()) != OVERDUE:
        raise RefusedError(
            "The request is not overdue, so there is nothing to acknowledge (R37).",
            remedy="`afschrift request show` says when it is due.",
        )
    return [NewFact(FactKind.OVERDUE_ACKNOWLEDGED, detail={"due": str(clock.due)})]
