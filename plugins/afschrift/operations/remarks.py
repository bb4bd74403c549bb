"""What else than its last day somebody should see of an open request: for the check of deadlines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.app.settings import Settings
from afschrift.casework.letters.due import letters_due
from afschrift.domain.instants import utc_now
from afschrift.law.clock.deadline import local_date
from afschrift.law.letter import LetterRow, LetterState
from afschrift.operations.findings import SweepLimits, of_run
from afschrift.register.open import open_register


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
