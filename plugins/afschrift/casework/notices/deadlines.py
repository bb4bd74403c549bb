"""Notices of last days, sent to notifiers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from afschrift.casework.notices.deadline_check import DeadlineCheck, OpenRequest, Remarks
from afschrift.casework.notices.message import Message, as_message
from afschrift.casework.notices.reminder import Reminder
from afschrift.casework.notices.report import COLUMNS, cells
from afschrift.law.clock.alarm import OVERDUE
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.register.timelines import Make


def deadline_reminder(check: DeadlineCheck, remarks: Remarks) -> Reminder[OpenRequest]:
    """Reminds every notifier of requests of which a notice of today's level was raised.

    Args:
        check: whose requests they are.
        remarks: what else the message should say of them.
    """

    def due(_roles: Collection[str]) -> list[OpenRequest]:
        return [one for one in check.open_requests(remarks) if one.raised is not None]

    def note(taken: Sequence[OpenRequest], notifier: str) -> None:
        """All in one transaction; there may be thousands."""
        facts = {one.timeline.request: _fact(one.raised.id, notifier) for one in taken if one.raised}
        check.register.facts.record_many(facts, check.by)

    return Reminder(due, _has_had, _message, note)


def _has_had(one: OpenRequest, notifier: str) -> bool:
    return one.raised is not None and _had(one.timeline, one.raised, notifier)


def _message(due: Sequence[OpenRequest]) -> Message:
    rows = [dict(zip(COLUMNS, cells(one), strict=True)) for one in due]
    overdue = sum(one.level == OVERDUE for one in due)
    subject = f"Afschrift: {len(rows)} request{'s' * (len(rows) != 1)} near the last day"
    subject += f", {overdue} overdue" if overdue else ""
    what = "Days are calendar days, working days in brackets. More: afschrift request show REQUEST."
    return as_message(subject, COLUMNS, [tuple(r.values()) for r in rows], [_line(r) for r in rows], what)


def _line(row: Mapping[str, str]) -> str:
    of = f"{row['Request']}  {row['Right']}, {row['State']}"
    return f"{of}: due {row['Due']}, {row['Days']} days. {row['Also']}".strip()


def _fact(notice: str, notifier: str) -> Make:
    """Asks again inside the transaction, so that two checks at once note it once."""

    def make(timeline: Timeline) -> list[NewFact]:
        raised = next(fact for fact in timeline.facts if fact.id == notice)
        if _had(timeline, raised, notifier):
            return []
        return [NewFact(FactKind.NOTICE_TOLD, about=notice, detail={"notifier": notifier})]

    return make


def _had(timeline: Timeline, notice: FactRow, notifier: str) -> bool:
    return any(one.detail.get("notifier") == notifier for one in timeline.about(notice, FactKind.NOTICE_TOLD))
