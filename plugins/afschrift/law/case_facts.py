"""Facts of a case that belong to no single request; appended and never altered.

Among them what a message asks in addition to access and portability: it is handed over to others (R05).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from afschrift.domain.errors import RefusedError

_GDPR = "https://w3id.org/dpv/legal/eu/gdpr#"
_OWN = "urn:afschrift:matter:"


class Matter(StrEnum):
    """A right that another desk of the organisation fulfils, or a message about a person who died."""

    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    AUTOMATED_DECISION = "automated_decision"
    COMPLAINT = "complaint"
    INFORMATION = "information"
    DECEASED = "deceased"  # the GDPR does not cover the dead (R17)

    @property
    def article(self) -> str | None:
        """The article of the GDPR that grants it; None: it grants none (Recital 27)."""
        return _ARTICLES.get(self)

    @property
    def iri(self) -> str:
        """The DPV term of the right; for what is no right of the GDPR a term of our own."""
        return f"{_GDPR}A{self.article}" if self.article else _OWN + self.value

    @property
    def has_period(self) -> bool:
        """Whether the law sets a last day: one month from the same receipt (Art. 12(3))."""
        return self.article is not None


_ARTICLES = {
    Matter.RECTIFICATION: "16",
    Matter.ERASURE: "17",
    Matter.RESTRICTION: "18",
    Matter.OBJECTION: "21",
    Matter.AUTOMATED_DECISION: "22",
    Matter.COMPLAINT: "77",
    Matter.INFORMATION: "13",
}

OTHER_RIGHTS = tuple(right for right in Matter if right is not Matter.DECEASED)
"""What intake may name in addition to the rights fulfilled here."""


class CaseFactKind(StrEnum):
    """Kind of a case's fact; `case_fact_` and the kind are the type of its event."""

    MATTER_RECORDED = "matter_recorded"  # it asks for another right: `matter`, `due`, `desk` in its detail
    HANDED_OVER = "handed_over"  # of a matter: `to` and `reference` in its detail
    MATTER_NOTIFIED = "matter_told"  # of a matter: the `notifier` in its detail took the `level` there
    FORWARDED = "forwarded"  # passed on inside the organisation: `from`, `to`, `at` in its detail (R02)


@dataclass(frozen=True)
class NewCaseFact:
    """A fact about to be recorded.

    Attributes:
        about: id of the fact that it concerns.
        detail: codes, days and names of desks; never texts, never names of people.
    """

    kind: CaseFactKind
    about: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseFactRow:
    """A fact as the register holds it.

    Attributes:
        number: 1, 2, 3, ... within its case, in the order of recording.
        at: RFC 3339 instant of recording, UTC.
        by: account that recorded it.
    """

    id: str
    case: str
    number: int
    kind: CaseFactKind
    at: str
    by: str
    about: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Referral:
    """A right that a case refers to others, with what became of it.

    Attributes:
        id: of the fact that recorded it.
        at: when it was recorded.
        due: last day by law for the desk that takes it; None: there is none.
        desk: that takes it, by `controller.yml`; None: it is named when the matter is handed over.
        handed_over: the fact that says to which desk it went; None: it waits.
        notified: notifier and level of each notice.
    """

    id: str
    case: str
    matter: Matter
    at: str
    due: date | None
    desk: str | None
    handed_over: CaseFactRow | None = None
    notified: frozenset[tuple[str, str]] = frozenset()


def referrals(facts: Sequence[CaseFactRow]) -> tuple[Referral, ...]:
    """The referrals of some cases, in the order of recording."""
    return tuple(_referrals(facts))


def _referrals(facts: Sequence[CaseFactRow]) -> Iterator[Referral]:
    handed_over = {fact.about: fact for fact in facts if fact.kind is CaseFactKind.HANDED_OVER}
    notified: dict[str | None, set[tuple[str, str]]] = {}
    for fact in facts:
        if fact.kind is CaseFactKind.MATTER_NOTIFIED:
            notified.setdefault(fact.about, set()).add((fact.detail["notifier"], fact.detail["level"]))
    for fact in facts:
        if fact.kind is CaseFactKind.MATTER_RECORDED:
            due = fact.detail.get("due")
            yield Referral(
                fact.id,
                fact.case,
                Matter(fact.detail["matter"]),
                fact.at,
                date.fromisoformat(due) if due else None,
                fact.detail.get("desk"),
                handed_over.get(fact.id),
                frozenset(notified.get(fact.id, ())),
            )


def hand_over(facts: Sequence[CaseFactRow], right: Matter, to: str, reference: str) -> NewCaseFact:
    """The fact that a right of a case was handed over to a desk.

    Args:
        facts: of the case.
        right: what was handed over.
        to: the desk.
        reference: under which it is known there; a code without spaces.

    Raises:
        RefusedError: no such right is asked for, or it was handed over already.
    """
    found = [r for r in referrals(facts) if r.matter is right]
    if not found:
        known = ", ".join(r.matter.value for r in referrals(facts)) or "nothing besides its requests"
        raise RefusedError(
            f"This case does not ask for {right.value}; it holds {known}.",
            remedy="`afschrift case show CASE` says what it holds. Nothing was recorded.",
        )
    if found[0].handed_over is not None:
        done = found[0].handed_over
        raise RefusedError(
            f"That was handed over already, to {done.detail['to']} on {done.at[:16]}Z (R05).",
            remedy="nothing is to be done; `afschrift case show CASE` shows it.",
        )
    return NewCaseFact(CaseFactKind.HANDED_OVER, found[0].id, {"to": to, "reference": reference})
