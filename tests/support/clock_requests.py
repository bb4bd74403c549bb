"""Requests with facts of their clock, as of days in March and April 2026."""

from datetime import date, timedelta
from typing import Any

from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.facts import FactKind, NewFact, Timeline, rows

NL = Jurisdiction(calendar("NL"))
RECEIVED = date(2026, 3, 2)  # a Monday; due on Thursday 2 April
TODAY = date(2026, 3, 16)
ASKED = NewFact(FactKind.SUSPENDED, detail={"ground": "identity"})
EXTENDED = NewFact(FactKind.EXTENDED, detail={"reasons": ["rights_of_others"]})
REFUSED = NewFact(FactKind.DECIDED, detail={"outcome": "refuse"})
IN_PART = NewFact(FactKind.DECIDED, detail={"outcome": "refuse_part"})
RESTRICTED = NewFact(FactKind.DECIDED, detail={"outcome": "restrict"})
BOUNCED = NewFact(FactKind.LETTER_BOUNCED, about="fact-000000000001")
APRIL_2, APRIL_3 = date(2026, 4, 2), date(2026, 4, 3)


def at(day: date) -> str:
    return f"{day}T09:00:00.000000Z"


def request(*facts: NewFact, received: date = RECEIVED, **more: Any) -> Timeline:
    case, state = "case-00000000001", more.pop("state", State.ACCEPTED)
    zone = "Europe/Amsterdam"
    plain = Timeline("req-000000000001", case, Right.ACCESS, state, at(received), zone, **more)
    ids = [f"fact-{number:012}" for number in range(1, len(facts) + 1)]
    return plain.with_(*rows(plain, facts, at(TODAY), "cli:anna", ids))


def sent(day: date, about: int | None = None) -> NewFact:
    fact = None if about is None else f"fact-{about:012}"
    return NewFact(FactKind.LETTER_SENT, day, about=fact, channel="post", proof="3S1")


def resumed(day: date, about: int = 1) -> NewFact:
    return NewFact(FactKind.RESUMED, day, about=f"fact-{about:012}")


def insufficient(day: date, about: int = 1) -> NewFact:
    return NewFact(FactKind.REPLY_INSUFFICIENT, day, about=f"fact-{about:012}")


def march(day: int) -> date:
    return date(2026, 3, 1) + timedelta(day - 1)


def look(*facts: NewFact, today: date = TODAY, place: Jurisdiction = NL, **more: Any) -> Clock:
    return clock(request(*facts, **more), place, today)
