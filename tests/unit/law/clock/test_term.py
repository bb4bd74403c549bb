"""The term that a public body's question set, and how its suspension ends with it (Awb 4:15)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.law.clock.test_clock import ASKED, NL, RECEIVED, insufficient, look, march, resumed, sent

from afschrift.law.clock.clock import Colour, Jurisdiction
from afschrift.law.clock.facts import FactKind, NewFact

PUBLIC = Jurisdiction(NL.calendar, public_body=True)
WITH_TERM = NewFact(FactKind.SUSPENDED, detail={"ground": "identity", "term": "2026-03-16"})


@pytest.mark.parametrize(
    ("resumed_on", "today", "due"),
    [
        (None, march(16), None),  # the term runs to the end of its last day
        (None, march(17), date(2026, 4, 13)),  # 2 April, and 11 days less one: a Sunday
        (march(25), march(26), date(2026, 4, 13)),  # what came after the term moves nothing
        (march(16), march(17), date(2026, 4, 13)),
        (march(10), march(17), date(2026, 4, 7)),  # 2 April, and 5 days less one: Easter Monday
    ],
)
def test_suspension_of_a_public_body_ends_with_its_term(
    resumed_on: date | None, today: date, due: date | None
) -> None:
    answer = [resumed(resumed_on)] if resumed_on else []
    found = look(WITH_TERM, sent(march(5)), *answer, today=today, place=PUBLIC)
    assert (found.due, found.colour is Colour.BLUE) == (due, due is None)
    by_the_term = due == date(2026, 4, 13) and resumed_on != march(16)
    assert any("term of 2026-03-16" in step and "Awb 4:15" in step for step in found.steps) == by_the_term


def test_the_term_of_another_body_ends_nothing() -> None:
    assert look(WITH_TERM, sent(march(5)), today=march(17)).due is None
    assert look(ASKED, sent(march(5)), today=march(17), place=PUBLIC).due is None


def test_question_sent_after_its_term_sets_no_term() -> None:
    late = look(WITH_TERM, sent(march(17)), today=march(20), place=PUBLIC)
    assert (late.due, late.suspended_since) == (None, march(17))  # such a term is none
    first = (WITH_TERM, sent(march(5)), insufficient(march(9)), sent(march(10)))
    assert look(*first, today=march(17), place=PUBLIC).due == date(2026, 4, 13)


@given(st.integers(0, 20), st.integers(1, 30), st.integers(0, 40), st.integers(1, 40))
def test_no_answer_after_the_term_moves_a_public_body_s_day(
    start: int, term: int, answered: int, later: int
) -> None:
    asked = RECEIVED + timedelta(start)
    until = asked + timedelta(term)
    question = NewFact(FactKind.SUSPENDED, detail={"ground": "identity", "term": str(until)})
    day, end = until + timedelta(answered), until + timedelta(later)
    by_term = look(question, sent(asked), resumed(until), today=end, place=PUBLIC).due
    assert by_term is not None
    assert by_term >= until
    assert look(question, sent(asked), resumed(day), today=end, place=PUBLIC).due == by_term
    assert look(question, sent(asked), today=end, place=PUBLIC).due == by_term
