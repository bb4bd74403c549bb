"""What the installation shows of open requests: counts for monitoring, and remarks beside the last day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.app.settings import Settings
from afschrift.casework.letters.due_letters import letters_due
from afschrift.casework.notices.report import open_check
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.instants import utc_now
from afschrift.law.clock.alarm import OVERDUE
from afschrift.law.clock.deadline import local_date
from afschrift.law.letter import LetterRow, LetterState
from afschrift.operations.findings import SweepCode, SweepLimits, of_run
from afschrift.register.open import open_register

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


def remarks(settings: Settings | None = None) -> dict[str, list[str]]:
    """What else somebody should see of open requests: runs that a sweep would name, letters not gone or due.

    The DAG `sweep` acts on the runs; here they are only named beside the last day.
    """
    settings = settings or Settings.from_environment()
    register, now = open_register(settings), utc_now()
    limits = SweepLimits(settings.sweep_unstarted, settings.sweep_lost, settings.staging_hold)
    found: dict[str, list[str]] = {}
    for status in register.oversight.progress():
        if finding := of_run(status, now, limits):
            found.setdefault(status.request, []).append(finding.code.value)
    for request, state in _not_gone(register.letters.all()):
        found.setdefault(request, []).append(f"letter_{state}")
    jurisdiction = load_jurisdiction(settings)
    for one in register.facts.timelines():
        due = letters_due(register, one, jurisdiction, local_date(now, one.zone))
        found.setdefault(one.request, []).extend(f"letter_due_{kind}" for kind in due)
    return found


_NOT_GONE = (LetterState.PRODUCED, LetterState.SENDING, LetterState.UNKNOWN, LetterState.BOUNCED)


def _not_gone(letters: Sequence[LetterRow]) -> Iterator[tuple[str, LetterState]]:
    """Request and state of letters that did not reach the person; one that was made anew stands for both."""
    last = {(one.request, one.kind): one.id for one in letters}
    for one in letters:
        if one.state in _NOT_GONE and (
            one.state is not LetterState.BOUNCED or last[one.request, one.kind] == one.id
        ):
            yield one.request, one.state
