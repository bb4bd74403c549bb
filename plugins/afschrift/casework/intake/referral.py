"""What a case asks for that is not ours: handed over by a person, and named until it is (R05, R17)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from afschrift.domain.errors import RefusedError
from afschrift.law.case_facts import CaseFactKind, Matter, NewCaseFact, Referral, hand_over, referrals
from afschrift.law.clock.alarm import OVERDUE, AlarmDay
from afschrift.law.clock.deadline import local_date
from afschrift.law.roles import Act, Role, Roles
from afschrift.register.register import Register

_DESK = re.compile(r"[^\W\d_][\w .,&/()'-]{0,59}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}")
NEW = "new"


@dataclass(frozen=True)
class PendingReferral:
    """A referral that nobody made yet.

    Attributes:
        level: how near its last day is: `new`, a mark that was passed, or `overdue`.
        days_left: calendar days until the last day; None: the law sets none.
    """

    referral: Referral
    level: str
    days_left: int | None

    @property
    def words(self) -> str:
        """A line for a log or a list; nothing of the person."""
        one = self.referral
        due = f"due {one.due} ({self.days_left} days)" if one.due else "without a period of the GDPR (R17)"
        to = f" to {one.desk}" if one.desk else ""
        article = f" (Art. {one.matter.article})" if one.matter.article else ""
        return f"{one.case}: {one.matter}{article} is to be handed over{to}, {due}."


def pending_referrals(
    register: Register, now: datetime, zone: str, at: Collection[AlarmDay] = ()
) -> tuple[PendingReferral, ...]:
    """What waits to be handed over, what is due first at the beginning.

    Args:
        register: of the installation.
        now: the present moment, aware.
        zone: where the controller must act.
        at: marks before the last day at which somebody is reminded.
    """
    today = local_date(now, zone)
    found = [
        _pending(one, today, at) for one in referrals(register.case_facts.of()) if one.handed_over is None
    ]
    return tuple(sorted(found, key=lambda one: (one.referral.due or date.max, one.referral.case)))


def record_handed_over(
    register: Register, roles: Roles, case_id: str, matter: str, to: str, reference: str, by: str
) -> Referral:
    """Record that a desk took over what is not ours.

    Args:
        register: of the installation.
        roles: who may do what; intake may hand over too.
        case_id: the case.
        matter: a `Matter`, such as `erasure`.
        to: the desk; no name of a person, for it stands in the trail.
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
    one = Matter(matter)
    facts = register.case_facts.record(case_id, lambda known: [hand_over(known, one, to, reference)], by)
    return next(found for found in referrals(facts) if found.matter is one)


def note_reminded(register: Register, found: Sequence[PendingReferral], notifier: str, by: str) -> None:
    """A notifier took a reminder of each: the same level is not told to it again."""
    for one in found:
        detail = {"notifier": notifier, "level": one.level}
        fact = NewCaseFact(CaseFactKind.MATTER_TOLD, one.referral.id, detail)
        register.case_facts.record(one.referral.case, lambda _, fact=fact: [fact], by)  # type: ignore[misc]


def _pending(one: Referral, today: date, at: Collection[AlarmDay]) -> PendingReferral:
    if one.due is None:
        return PendingReferral(one, NEW, None)
    left = (one.due - today).days
    passed = [mark for mark in at if today >= one.due - timedelta(days=mark.span)]
    level = OVERDUE if left < 0 else min(passed, key=lambda mark: mark.span).level if passed else NEW
    return PendingReferral(one, level, left)
