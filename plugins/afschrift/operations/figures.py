"""How many requests are open, late, at work or waiting: counts for whoever watches the installation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from afschrift.app.settings import Settings
from afschrift.casework.notices.report import open_check
from afschrift.casework.question_kinds import KINDS
from afschrift.law.clock.alarm import OVERDUE
from afschrift.operations.findings import SweepCode, SweepLimits, of_run

FAR = 100
"""Days left where no request is due earlier: a gauge that is never sent again would keep its last value."""
_STUCK = (SweepCode.FAILED, SweepCode.LOST)


@dataclass(frozen=True)
class Figures:
    """Counts of one moment; no request can be told by them.

    Attributes:
        open: requests that are not closed.
        late: of those, the ones whose last day is over.
        running: with a run that goes.
        failed: whose last run failed or was lost, and nothing follows by itself.
        waiting: with a question that waits for a person.
        days_left: calendar days to the nearest last day, negative when overdue; at most `FAR`.
        questions: open questions by kind; every kind of the software is there.
    """

    open: int
    late: int
    running: int
    failed: int
    waiting: int
    days_left: int
    questions: Mapping[str, int]


def figures(settings: Settings | None = None, now: datetime | None = None) -> Figures:
    """Count what the register says now; writes nothing.

    Args:
        settings: default: from the environment.
        now: the present moment; default: the clock of the machine.

    Raises:
        ConfigurationError: keys, register or controller cannot be used; says what to do.
        RetriableError: the register does not answer.
    """
    settings = settings or Settings.from_environment()
    check = open_check("system", settings, now)
    requests = check.open_requests()
    statuses = check.register.oversight.progress()
    limits = SweepLimits(settings.sweep_unstarted, settings.sweep_lost, settings.staging_hold)
    found = [of_run(one, check.now, limits) for one in statuses]
    left = [one.clock.days_left for one in requests if one.clock.days_left is not None]
    asked = Counter(one.kind for one in check.register.questions.all())
    return Figures(
        open=len(requests),
        late=sum(one.level == OVERDUE for one in requests),
        running=sum(one.going is not None for one in statuses),
        failed=sum(one is not None and one.code in _STUCK and one.start is None for one in found),
        waiting=sum(one.open_questions > 0 for one in statuses),
        days_left=min([*left, FAR]),
        questions={**dict.fromkeys(KINDS, 0), **asked},
    )
