"""What a case asks of other desks: a person hands it over, and is reminded until then (R05, R17)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from afschrift.app.jurisdiction import load_controller
from afschrift.app.settings import Settings
from afschrift.casework.notices.reminder import Message, Reminder, as_message
from afschrift.domain.errors import RefusedError
from afschrift.domain.instants import utc_now
from afschrift.law.case_facts import CaseFactKind, Matter, NewCaseFact, Referral, hand_over, referrals
from afschrift.law.clock.alarm import OVERDUE, AlarmDay, marks
from afschrift.law.clock.deadline import local_date
from afschrift.law.roles import Act, Role, Roles
from afschrift.register.register import Register

_DESK = re.compile(r"[^\W\d_][\w .,&/()'-]{0,59}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}")
NEW = "new"
_COLUMNS = ("Case", "Asks for", "Article", "To", "Due", "Days")
_OF = (Role.INTAKE, Role.OFFICER)
"""Whose notifiers are reminded."""


@dataclass(frozen=True)
class PendingReferral:
    """A referral that is not made yet.

    Attributes:
        level: how near its last day is: `new`, a mark that was passed, or `overdue`.
        days_left: calendar days until the last day; None: the law sets none.
    """

    referral: Referral
    level: str
    days_left: int | None

    def document(self) -> dict[str, str | None]:
        """As JSON."""
        matter, due = self.referral.matter, self.referral.due
        return {
            "case": self.referral.case,
            "right": matter.value,
            "term": matter.iri,
            "desk": self.referral.desk,
            "due": str(due) if due else None,
            "level": self.level,
        }

    @property
    def words(self) -> str:
        """A line for a log or a list; nothing of the person."""
        referral = self.referral
        due = (
            f"due {referral.due} ({self.days_left} days)"
            if referral.due
            else "without a period of the GDPR (R17)"
        )
        to = f" to {referral.desk}" if referral.desk else ""
        article = f" (Art. {referral.matter.article})" if referral.matter.article else ""
        return f"{referral.case}: {referral.matter}{article} is to be handed over{to}, {due}."


def pending_referrals(
    register: Register, now: datetime, zone: str, at: Collection[AlarmDay] = ()
) -> tuple[PendingReferral, ...]:
    """What waits to be handed over, the first due first.

    Args:
        register: of the installation.
        now: the present instant, aware.
        zone: where the controller must act.
        at: marks before the last day at which a reminder goes out.
    """
    today = local_date(now, zone)
    found = [
        _pending(referral, today, at)
        for referral in referrals(register.case_facts.of())
        if referral.handed_over is None
    ]
    return tuple(sorted(found, key=lambda pending: (pending.referral.due or date.max, pending.referral.case)))


def record_handed_over(
    register: Register, roles: Roles, case_id: str, matter: str, to: str, reference: str, by: str
) -> Referral:
    """Record that a desk took over what is not for us to answer.

    Args:
        register: of the installation.
        roles: who may do what; intake may hand over too.
        case_id: the case.
        matter: a `Matter`, such as `erasure`.
        to: the desk; no name of a person, as the trail shows it.
        reference: under which the desk knows it; a code without spaces.
        by: account that records it.

    Raises:
        UnknownRequestError: no such case.
        NotAllowedError: they lack the role; the attempt is an event `answer_refused`.
        RefusedError: no such right is asked for, it was handed over already, or desk or reference are none.
    """
    with register.trail.refusals(None, by, "handed_over", case=case_id):
        if not (roles.may(by, Act.SUBMIT) or roles.may(by, Act.DECIDE)):
            raise roles.refusal([Role.INTAKE, Role.OFFICER])
    if matter not in set(Matter):
        raise RefusedError(
            "That is nothing that a case hands over.", remedy=f"choose one of {', '.join(Matter)}."
        )
    if not _DESK.fullmatch(to):
        raise RefusedError(
            "--to names a desk: letters, digits and spaces, no address and no person.",
            remedy='for example --to "customer service". Nothing was recorded.',
        )
    if not _REFERENCE.fullmatch(reference):
        raise RefusedError(
            "--reference is a code without spaces.",
            remedy="give the ticket or file number of the desk. Nothing was recorded.",
        )
    asked = Matter(matter)
    facts = register.case_facts.record(case_id, lambda known: [hand_over(known, asked, to, reference)], by)
    return next(found for found in referrals(facts) if found.matter is asked)


def _pending(referral: Referral, today: date, at: Collection[AlarmDay]) -> PendingReferral:
    if referral.due is None:
        return PendingReferral(referral, NEW, None)
    left = (referral.due - today).days
    passed = [mark for mark in at if today >= referral.due - timedelta(days=mark.span)]
    level = OVERDUE if left < 0 else min(passed, key=lambda mark: mark.span).level if passed else NEW
    return PendingReferral(referral, level, left)


def to_hand_over(
    register: Register, now: datetime | None = None, settings: Settings | None = None
) -> tuple[PendingReferral, ...]:
    """What is not handed over yet, the most urgent first.

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
    """Reminds intake and officers of what is to be handed over; `now`: the present instant, aware."""

    def due(roles: Collection[str]) -> tuple[PendingReferral, ...]:
        meant = not roles or set(roles) & {role.value for role in _OF}
        return to_hand_over(register, now) if meant else ()

    def has_had(pending: PendingReferral, notifier: str) -> bool:
        return (notifier, pending.level) in pending.referral.notified

    def note(taken: Sequence[PendingReferral], notifier: str) -> None:
        for pending in taken:
            detail = {"notifier": notifier, "level": pending.level}
            fact = NewCaseFact(CaseFactKind.MATTER_NOTIFIED, pending.referral.id, detail)
            register.case_facts.record(pending.referral.case, lambda _, fact=fact: [fact], by)  # type: ignore[misc]

    return Reminder(due, has_had, _message, note)


def _message(due: Sequence[PendingReferral]) -> Message:
    late = sum(pending.level == OVERDUE for pending in due)
    subject = f"Afschrift: {len(due)} to be handed over" + (f", {late} overdue" if late else "")
    what = 'Then: afschrift case hand-over CASE --right RIGHT --to "DESK" --reference CODE.'
    return as_message(
        subject, _COLUMNS, [_cells(pending) for pending in due], [pending.words for pending in due], what
    )


def _cells(pending: PendingReferral) -> tuple[str, ...]:
    asks = pending.referral
    days = "" if pending.days_left is None else str(pending.days_left)
    article, desk, due = asks.matter.article or "", asks.desk or "", str(asks.due or "")
    return (asks.case, asks.matter.value, article, desk, due, days)
