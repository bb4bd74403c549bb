"""Breaches of the law that a clock names, each from its day on."""

from datetime import date
from typing import Any

import pytest
from tests.support.clock_requests import (
    APRIL_2,
    APRIL_3,
    ASKED,
    BOUNCED,
    EXTENDED,
    IN_PART,
    REFUSED,
    RESTRICTED,
    TODAY,
    at,
    look,
    march,
    resumed,
    sent,
)

from afschrift.domain.state import State
from afschrift.law.clock.clock import Colour
from afschrift.law.clock.facts import FactKind, NewFact


@pytest.mark.parametrize(
    ("state", "closed", "breach"),
    [
        (State.REFUSED, APRIL_2, ()),
        (State.REFUSED, date(2026, 4, 20), ("refused_late:R45",)),
        (State.DELIVERED, date(2026, 6, 2), ()),
        (State.DELIVERED, date(2026, 6, 3), ("answered_late:R37",)),
        (State.WITHDRAWN, date(2026, 6, 20), ()),
        (State.MERGED, date(2026, 6, 20), ()),
    ],
)
def test_how_an_extended_request_ended(state: State, closed: date, breach: tuple[str, ...]) -> None:
    found = look(EXTENDED, sent(march(20)), state=state, closed_at=at(closed), today=date(2026, 8, 1))
    assert (found.breaches, found.colour, found.days_left) == (breach, Colour.GREY, None)
    assert (found.closed_on, found.due) == (closed, date(2026, 6, 2))


@pytest.mark.parametrize(
    ("facts", "breaches"),
    [
        ((REFUSED, sent(APRIL_2)), ()),
        ((REFUSED, sent(APRIL_3)), ("refused_late:R45",)),
        ((REFUSED,), ("decision_not_sent:R45", "refused_late:R45")),
        ((REFUSED, sent(march(20)), BOUNCED), ("decision_not_sent:R45", "refused_late:R45")),
        ((REFUSED, sent(march(20)), BOUNCED, sent(APRIL_2, 1)), ()),
    ],
)
def test_a_refusal_counts_from_the_day_on_which_its_letter_was_sent(
    facts: tuple[NewFact, ...], breaches: tuple[str, ...]
) -> None:
    """It was entered on 20 April, late; that is not the day on which the person was informed."""
    closed = {"state": State.REFUSED, "closed_at": at(date(2026, 4, 20))}
    assert look(*facts, today=date(2026, 4, 21), **closed).breaches == breaches


def test_refusal_whose_letter_bounced_does_not_count() -> None:
    facts = (REFUSED, sent(march(20)), BOUNCED)
    closed = {"state": State.REFUSED, "closed_at": at(march(20))}
    assert look(*facts, today=APRIL_2, **closed).breaches == ()
    late = ("decision_not_sent:R45", "refused_late:R45")
    assert look(*facts, today=APRIL_3, **closed).breaches == late
    assert look(REFUSED, sent(TODAY)).breaches == ()


def overruled(about: int = 1) -> NewFact:
    return NewFact(FactKind.OVERRULED, about=f"fact-{about:012}")


ENDED = {"state": State.DELIVERED, "closed_at": at(APRIL_2)}
WITHDRAWN = ENDED | {"state": State.WITHDRAWN}


@pytest.mark.parametrize(
    ("facts", "today", "more", "breaches"),
    [
        ((EXTENDED,), APRIL_2, {}, ()),
        ((EXTENDED,), APRIL_3, {}, ("extension_not_sent:R39", "overdue:R37")),
        ((EXTENDED,), APRIL_3, ENDED, ()),  # answered within the month all the same
        ((ASKED,), march(9), {}, ()),
        ((ASKED,), march(10), {}, ("suspension_not_sent:R42",)),  # more than five working days
        ((ASKED, resumed(march(9))), march(10), {}, ()),
        ((ASKED,), APRIL_3, WITHDRAWN, ("suspension_not_sent:R42",)),
        ((ASKED, sent(march(5)), resumed(march(10)), ASKED), march(17), {}, ()),
        ((ASKED, sent(march(5)), resumed(march(10)), ASKED), march(18), {}, ("suspension_not_sent:R42",)),
        ((REFUSED,), APRIL_2, {}, ()),
        ((REFUSED,), APRIL_3, {}, ("decision_not_sent:R45", "overdue:R37")),
        ((REFUSED, overruled()), APRIL_3, {}, ("overdue:R37",)),
        ((REFUSED,), APRIL_3, WITHDRAWN, ()),
        ((IN_PART,), APRIL_3, ENDED, ("decision_not_sent:R45",)),
    ],
)
def test_unsent_letter_is_a_breach_once_its_day_is_over(
    facts: tuple[NewFact, ...], today: date, more: dict[str, Any], breaches: tuple[str, ...]
) -> None:
    assert look(*facts, today=today, **more).breaches == breaches


@pytest.mark.parametrize(("today", "breaches"), [(march(20), ()), (march(21), ("rest_late:R44",))])
def test_promised_rest_is_late_once_its_day_is_over(today: date, breaches: tuple[str, ...]) -> None:
    promised = {"later": [{"source": "archive", "rest_by": str(march(20)), "about": "x"}]}
    found = look(NewFact(FactKind.PARTLY_DELIVERED, march(10), detail=promised), today=today)
    assert found.breaches == breaches


NOVEMBER, JANUARY = date(2025, 11, 6), date(2026, 1, 20)
IN_TIME, MONTH = (EXTENDED, sent(date(2025, 11, 20))), date(2025, 12, 8)  # 6 December is a Saturday


@pytest.mark.parametrize("state", [State.NEEDS_PERSON, State.DELIVERED])
@pytest.mark.parametrize(
    ("facts", "breaches"),
    [
        ((*IN_TIME, IN_PART, sent(JANUARY)), ("refused_late:R45",)),
        ((*IN_TIME, RESTRICTED, sent(JANUARY)), ("refused_late:R45",)),
        ((*IN_TIME, IN_PART, sent(MONTH)), ()),
        ((*IN_TIME, IN_PART, sent(JANUARY), overruled(3)), ()),
        ((*IN_TIME, NewFact(FactKind.DECIDED, detail={"outcome": "charge"}), sent(JANUARY)), ()),
    ],
)
def test_part_is_refused_within_the_first_month_although_extended(
    state: State, facts: tuple[NewFact, ...], breaches: tuple[str, ...]
) -> None:
    closed = None if state.open else at(JANUARY)
    found = look(*facts, received=NOVEMBER, today=JANUARY, state=state, closed_at=closed)
    assert (found.due, found.notice_due, found.breaches) == (date(2026, 2, 6), MONTH, breaches)
