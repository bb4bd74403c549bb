"""Figures of open requests for monitoring, and remarks for the list of due dates."""

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
from afschrift.casework.run_findings import SweepCode, SweepLimits, of_run
from afschrift.domain.instants import utc_now
from afschrift.law.clock.alarm import OVERDUE
from afschrift.law.clock.deadline import local_date
from afschrift.law.letter import LetterRow, LetterState
from afschrift.register.open import open_register

FAR = 100
"""Days left if no request is due earlier. A gauge that is not sent again would keep its last value."""
_STUCK = (SweepCode.FAILED, SweepCode.LOST)


@dataclass(frozen=True)
class Figures:
    """Counts that identify no request.

    Attributes:
        open: requests that are not closed.
        late: open requests that are overdue.
        running: with an active run.
        failed: whose last run failed or was lost, and no run follows automatically.
        waiting: with an open question.
        days_left: calendar days to the nearest due date, negative when overdue; at most `FAR`.
        questions: open questions by kind; includes the kinds without one.
    """

    open: int
    late: int
    running: int
    failed: int
    waiting: int
    days_left: int
    questions: Mapping[str, int]


def figures(settings: Settings | None = None, now: datetime | None = None) -> Figures:
    """Count the open requests of the register; writes nothing.

    Args:
        settings: default: from the environment.
        now: the present instant; default: the clock of the machine.

    Raises:
        ConfigurationError: keys, register or controller cannot be used; names the remedy.
        RetriableError: the register does not answer.
    """
    settings = settings or Settings.from_environment()
    check = open_check("system", settings, now)
    requests = check.open_requests()
    statuses = check.register.oversight.progress()
    limits = SweepLimits(settings.sweep_unstarted, settings.sweep_lost, settings.staging_hold)
    found = [of_run(status, check.now, limits) for status in statuses]
    left = [request.clock.days_left for request in requests if request.clock.days_left is not None]
    asked = Counter(question.kind for question in check.register.questions.all())
    return Figures(
        open=len(requests),
        late=sum(request.level == OVERDUE for request in requests),
        running=sum(status.going is not None for status in statuses),
        failed=sum(f is not None and f.code in _STUCK and f.start is None for f in found),
        waiting=sum(status.open_questions > 0 for status in statuses),
        days_left=min([*left, FAR]),
        questions={**dict.fromkeys(KINDS, 0), **asked},
    )


def remarks(settings: Settings | None = None) -> dict[str, list[str]]:
    """Return what an officer should know of each request: findings of a sweep, letters unsent or due.

    The DAG `sweep` acts on the runs; the list of due dates only names them.
    """
    settings = settings or Settings.from_environment()
    register, now = open_register(settings), utc_now()
    limits = SweepLimits(settings.sweep_unstarted, settings.sweep_lost, settings.staging_hold)
    found: dict[str, list[str]] = {}
    for status in register.oversight.progress():
        if finding := of_run(status, now, limits):
            found.setdefault(status.request, []).append(finding.code.value)
    for request, kind, state in _not_gone(register.letters.all()):
        found.setdefault(request, []).append(f"letter_{state} {kind}")
    jurisdiction = load_jurisdiction(settings)
    for timeline in register.facts.timelines():
        due = letters_due(register, timeline, jurisdiction, local_date(now, timeline.zone))
        found.setdefault(timeline.request, []).extend(f"letter_due_{kind}" for kind in due)
    return found


_NOT_GONE = (LetterState.PRODUCED, LetterState.SENDING, LetterState.UNKNOWN, LetterState.BOUNCED)


def _not_gone(letters: Sequence[LetterRow]) -> Iterator[tuple[str, str, LetterState]]:
    """Yield request, kind and state of letters that did not arrive, without bounced ones made again."""
    last = {(letter.request, letter.kind): letter.id for letter in letters}
    for letter in letters:
        if letter.state in _NOT_GONE and (
            letter.state is not LetterState.BOUNCED or last[letter.request, letter.kind] == letter.id
        ):
            yield letter.request, letter.kind, letter.state
