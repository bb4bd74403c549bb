"""Systems that no query reaches: a mailbox, paper, a processor, a web service, a back-up (R08).

A person searches them and answers with files, with nothing held, or with why they were not searched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, assert_never

from afschrift.domain.event import digest
from afschrift.domain.plan import ManualPlan, ManualStatus, Medium
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import Origin
from afschrift.law.clock.calendar import Calendar

KIND = "manual"
"""Kind of such a source in the inventory, and of the question to its owner."""

GIVEN, NOTHING_HELD, NOT_SEARCHED = OPTIONS = ("given", "nothing_held", "not_searched")
"""The answers. None is a default."""

DUE_BEFORE_TARGET = 5
"""Working days between the day on which a search is due and the target day of the request."""


NOT_SEARCHED_BECAUSE = {
    "copy_of_searched": "R29",  # a back-up of a system that was searched
    "not_feasible": "R29",  # a back-up that cannot be read with what is reasonable
    "no_filing_system": "R23",  # paper in no order by which a person can be found
    "processor_silent": "R82",  # the processor was asked and did not answer yet
    "unavailable": "R08",  # it could not be reached in time
    "number_only": "R08",  # the keeper had a number of the person, and none of what the system is searched by
}
"""Reason why a system was not searched -> its rule. Each has words for the person in `include/letters`."""

SEARCH_BY = {
    "name": "user.name",
    "email": "user.contact.email",
    "phone": "user.contact.phone_number",
    "address": "user.contact.address",
    "iban": "user.financial.bank_account",
}
"""What a system is searched by -> the Fides category of such columns; an identity key is named too."""

OUTSIDE_BECAUSE = {"on_paper": "R23", "not_from_the_person": "R18", "own_limits": "R24"}
"""Reason why a request does not reach a system -> its rule; the first two hold for portability alone."""


@dataclass(frozen=True)
class NewFile:
    """A file to be stored with an answer; its content was checked.

    Attributes:
        name: may name a person, so it is kept encrypted.
        parts: its content in order, in pieces of about 1 MiB; raises where it differs from what was checked.
    """

    name: str
    media_type: str
    size: int
    sha256: str
    parts: Iterable[bytes] = field(repr=False)


def outside(right: Right, medium: Medium, holds: Collection[Origin], *, observed: bool) -> str | None:
    """Why a right does not reach a system; None where it is searched.

    Access reaches all systems. Portability reaches no paper (R23), and only what the person provided, or what
    was observed if the policy includes that (`observed`, R18).
    """
    match right:
        case Right.ACCESS:
            return None
        case Right.PORTABILITY if medium is Medium.PAPER:
            return "on_paper"
        case Right.PORTABILITY:
            reached = Origin.PROVIDED in holds or (observed and Origin.OBSERVED in holds)
            return None if reached else "not_from_the_person"
        case _:
            assert_never(right)


def answered(
    source: str, medium: Medium, choice: str, detail: Mapping[str, Any], answered_at: str
) -> ManualPlan:
    """The entry of a plan that an answer gives."""
    files = tuple(file["id"] for file in detail.get("files", ()))
    of_answer = digest({"choice": choice, "detail": dict(detail)})
    if choice == GIVEN:
        return ManualPlan(source, medium, ManualStatus.GIVEN, ("R08",), "", of_answer, answered_at, files)
    if choice == NOTHING_HELD:
        return ManualPlan(source, medium, ManualStatus.NONE_HELD, ("R08",), "", of_answer, answered_at)
    reason = detail["reason"]
    rules = tuple(dict.fromkeys(("R08", NOT_SEARCHED_BECAUSE[reason])))
    return ManualPlan(source, medium, ManualStatus.NOT_SEARCHED, rules, reason, of_answer, answered_at)


def held_back(found: ManualPlan) -> ManualPlan:
    """The entry under a hidden restriction: the files that were found stay in the case file (R84)."""
    if found.status is not ManualStatus.GIVEN:
        return found
    return replace(found, status=ManualStatus.HELD_BACK, files=())


class Chase(StrEnum):
    """How far the keeper of a system was chased for the answer."""

    ASKED = "asked"
    REMIND = "due_soon"
    ESCALATE = "escalate"  # officers are notified too
    OVERDUE = "late"


@dataclass(frozen=True)
class ChaseDays:
    """After how many working days since a question its keeper is chased.

    Attributes:
        remind: the keeper is reminded.
        escalate: officers are notified too.
        before: working days before the day that it is due, from which the keeper is reminded in any case.
    """

    remind: int = 5
    escalate: int = 8
    before: int = 2


def chase(asked: date, due: date | None, today: date, calendar: Calendar, days: ChaseDays) -> Chase:
    """How far a keeper is to be chased; `due`: None while the clock of the request is suspended."""
    if due is None:
        return Chase.ASKED
    if today > due:
        return Chase.OVERDUE
    waited = calendar.working_days(asked, today)
    if waited >= days.escalate:
        return Chase.ESCALATE
    near = calendar.working_days(today, due) <= days.before
    return Chase.REMIND if near or waited >= days.remind else Chase.ASKED


def due(target: date, calendar: Calendar) -> date:
    """The day on which a search is due."""
    return calendar.before(target, DUE_BEFORE_TARGET)
