"""The clock of a request: which facts count, from when, and what always holds whatever the facts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock_requests import (
    APRIL_2,
    APRIL_3,
    ASKED,
    BOUNCED,
    EXTENDED,
    NL,
    RECEIVED,
    REFUSED,
    at,
    insufficient,
    look,
    march,
    request,
    resumed,
    sent,
)

from afschrift.domain.state import State, StatusTerm
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Colour, Jurisdiction, clock
from afschrift.law.clock.facts import FactKind, NewFact


def test_a_plain_request() -> None:
    found = look()
    assert (found.received, found.due, found.notice_due) == (RECEIVED, APRIL_2, APRIL_2)
    assert found.target == date(2026, 4, 1)
    assert (found.days_left, found.working_days_left) == (17, 13)
    assert (found.colour, found.breaches, found.status) == (Colour.GREEN, (), ())
    assert found.evidence.keys() == {"due", "algorithm", "calendar", "zones"}


@pytest.mark.parametrize(
    ("today", "colour", "left"),
    [
        (date(2026, 3, 18), Colour.GREEN, 15),
        (date(2026, 3, 19), Colour.YELLOW, 14),
        (date(2026, 3, 29), Colour.YELLOW, 4),
        (date(2026, 3, 30), Colour.ORANGE, 3),
        (APRIL_2, Colour.ORANGE, 0),
        (APRIL_3, Colour.RED, -1),
    ],
)
def test_colours_and_days_left(today: date, colour: Colour, left: int) -> None:
    found = look(today=today)
    assert (found.colour, found.days_left) == (colour, left)
    assert ("overdue:R37" in found.breaches) == (left < 0)


def test_request_is_orange_on_its_target_day() -> None:
    found = look(received=date(2026, 3, 4), today=APRIL_3)  # a Saturday rolls over Easter
    assert (found.target, found.days_left, found.colour) == (APRIL_2, 4, Colour.ORANGE)


def test_a_question_counts_from_its_sending_and_not_from_the_decision() -> None:
    undecided = look(ASKED)
    assert undecided.due == APRIL_2
    assert any("was not sent: it suspends nothing" in step for step in undecided.steps)
    waiting = look(ASKED, sent(march(5)))
    assert (waiting.due, waiting.days_left, waiting.colour) == (None, None, Colour.BLUE)
    assert (waiting.suspended_since, waiting.target) == (march(5), date(2026, 4, 1))
    assert waiting.status == (StatusTerm.SUSPENDED, StatusTerm.WAITING_FOR_IDENTITY)
    over = look(ASKED, sent(march(5)), resumed(march(10)))
    assert (over.due, over.breaches, over.status) == (date(2026, 4, 7), (), ())  # 2 April and 5 days
    late = look(ASKED, resumed(march(10)), sent(march(12)))
    assert late.due == APRIL_2
    # No rule allows it; a row written by hand would not count either (R42).
    handed = NewFact(FactKind.HANDED_OVER, day=march(5), about="fact-000000000001")
    assert look(ASKED, handed).due == look().due


def test_a_letter_that_came_back_counts_for_nothing_until_it_is_sent_again() -> None:
    bounced = (ASKED, sent(march(5)), BOUNCED)
    assert look(*bounced).due == APRIL_2
    again = look(*bounced, sent(march(9), 1), resumed(march(12)))
    assert again.due == date(2026, 4, 7)  # 5 April and three days: the Sunday rolls over Easter Monday
    twice = look(ASKED, sent(march(5)), sent(march(9), 1), resumed(march(12)))
    assert twice.due == look(ASKED, sent(march(5)), resumed(march(12))).due


def test_confirmed_identity_ends_the_suspension() -> None:
    forgotten = look(ASKED, sent(march(5)), identified_at=at(march(10)))
    assert forgotten.due == look(ASKED, sent(march(5)), resumed(march(10))).due
    assert any("was confirmed on 2026-03-10" in step for step in forgotten.steps)
    later = look(ASKED, sent(march(5)), resumed(march(10)), identified_at=at(march(12)))
    assert later.due == forgotten.due  # what arrived on the 10th was enough
    entered = look(ASKED, sent(march(5)), resumed(march(12)), identified_at=at(march(10)))
    assert entered.due == forgotten.due  # nothing was awaited after the 10th
    before = look(ASKED, sent(march(5)), identified_at=at(march(4)))
    assert (before.due, before.status) == (APRIL_2, ())  # nothing was in doubt any more
    assert any("after it had been confirmed" in step for step in before.steps)
    other = NewFact(FactKind.SUSPENDED, detail={"ground": "specification"})
    assert look(other, sent(march(5)), identified_at=at(march(10))).due is None


def test_insufficient_reply_suspends_only_with_a_prompt_question() -> None:
    first = (ASKED, sent(march(5)), insufficient(march(9)))
    assert look(*first, sent(march(10)), resumed(march(12))).due == date(2026, 4, 9)  # 7 days
    assert look(*first, sent(march(13)), resumed(march(17))).due == date(2026, 4, 10)  # 4 and 4 days
    assert look(*first, sent(march(13))).suspended_since == march(13)
    ran_on = look(*first)  # today is the 16th
    assert ran_on.due == date(2026, 4, 7)
    assert any("no further question followed at once" in step for step in ran_on.steps)
    assert look(*first, today=march(10)).due is None  # it may still follow
    weekend = (ASKED, sent(march(5)), insufficient(march(13)), sent(march(16)))
    assert look(*weekend, resumed(march(17))).due == date(2026, 4, 14)  # Friday to Monday is one working day


def test_an_extension_counts_once_it_was_announced_in_the_first_month() -> None:
    decided = look(EXTENDED)
    assert (decided.due, decided.breaches) == (APRIL_2, ())
    assert any("and the day stays (R39)" in step for step in decided.steps)
    last = look(EXTENDED, today=APRIL_2)
    assert any("and the day stays (R39)" in step for step in last.steps)
    never = look(EXTENDED, today=APRIL_3)
    assert never.breaches == ("extension_not_sent:R39", "overdue:R37")
    assert any("never will be (R41)" in step for step in never.steps)
    good = look(EXTENDED, sent(APRIL_2), today=APRIL_3)
    assert (good.due, good.notice_due, good.extended) == (date(2026, 6, 2), APRIL_2, True)
    assert good.status == (StatusTerm.EXTENDED,)
    void = look(EXTENDED, sent(APRIL_3), today=APRIL_3)
    assert (void.due, void.extended) == (APRIL_2, False)
    assert void.breaches == ("extension_void:R41", "overdue:R37")


def test_a_question_after_the_last_day_suspends_nothing() -> None:
    found = look(ASKED, sent(APRIL_3), today=date(2026, 4, 10))
    assert found.due == APRIL_2
    assert found.breaches == ("suspension_after_expiry:R42", "overdue:R37")
    assert found.status == ()


def test_corrected_receipt_counts_and_both_are_shown() -> None:
    corrected = NewFact(FactKind.RECEIPT_CORRECTED, instant=at(date(2026, 2, 27)), detail={"reason": "x"})
    found = look(corrected)
    assert (found.received, found.due) == (date(2026, 2, 27), date(2026, 3, 27))
    assert found.steps[0].startswith("The receipt was entered as 2026-03-02 and corrected to 2026-02-27")
    proposed = NewFact(FactKind.RECEIPT_PROPOSED, instant=at(march(6)))
    assert look(proposed).due == APRIL_2
    assert "waits for a second signer" in look(proposed).steps[0]
    signed = NewFact(FactKind.RECEIPT_CORRECTED, instant=at(march(6)), about="fact-000000000001")
    assert look(proposed, signed).due == date(2026, 4, 7)
    assert look(proposed, NewFact(FactKind.RECEIPT_REJECTED)).steps == look().steps


def test_letters_before_a_corrected_receipt_do_not_count() -> None:
    """The register refuses it now; older facts stay in it."""
    signed = NewFact(FactKind.RECEIPT_CORRECTED, instant=at(march(6)), detail={"reason": "x"})
    asked = look(ASKED, sent(march(5)), resumed(march(10)), signed)
    assert (asked.received, asked.due) == (march(6), date(2026, 4, 7))
    unsuspended = "of 2026-03-05 was sent before the receipt: it suspends nothing"
    assert any(unsuspended in step for step in asked.steps)
    announced = look(EXTENDED, sent(march(5)), signed)
    assert (announced.due, announced.extended) == (date(2026, 4, 7), False)
    assert any("of 2026-03-05 was announced before the receipt" in step for step in announced.steps)


def test_two_questions_never_count_twice() -> None:
    specify = NewFact(FactKind.SUSPENDED, detail={"ground": "specification"})
    first = (ASKED, sent(march(5)), resumed(march(10)))
    overlapping = look(*first, specify, sent(march(8)), resumed(march(12), 4))
    assert overlapping.due == look(ASKED, sent(march(5)), resumed(march(12))).due
    assert any("Two questions overlap" in step for step in overlapping.steps)
    first_open = look(ASKED, sent(march(5)), specify, sent(march(8)), resumed(march(12), 3))
    assert first_open.suspended_since == march(5)  # what was answered meanwhile lies within it
    two = (ASKED, sent(march(5)), specify, sent(march(5)))
    for answered in (1, 3):  # the other one of the same day waits
        assert look(*two, resumed(march(10), answered)).suspended_since == march(10)


days = st.dates(date(2026, 2, 20), date(2026, 8, 1))


@st.composite
def anything(draw: st.DrawFn) -> list[NewFact]:
    """Facts in any order about any facts, as no rule would let them in."""
    count = draw(st.integers(0, 8))
    return [
        NewFact(
            draw(st.sampled_from(FactKind)),
            draw(days),
            instant=at(draw(days)),
            about=f"fact-{draw(st.integers(1, count)):012}",
            other="req-000000000002",
            detail={"ground": draw(st.sampled_from(["identity", "specification"])), "as": "repeat"},
        )
        for _ in range(count)
    ]


@given(anything(), days, st.sampled_from(State), st.booleans(), st.sampled_from(["NL", "GB", "DE"]))
def test_any_facts_give_a_clock_that_is_never_before_a_month(
    facts: list[NewFact], today: date, state: State, identified: bool, country: str
) -> None:
    more = {"identified_at": at(date(2026, 3, 20)) if identified else None}
    closed, place = None if state.open else at(today), Jurisdiction(calendar(country))
    found = look(*facts, today=today, place=place, state=state, closed_at=closed, **more)
    plain = clock(request(received=found.received), place, today)
    assert plain.due is not None
    assert found.due is None or found.due >= plain.due
    assert (found.colour is Colour.GREY) == (not state.open)
    assert (found.days_left is None) == (found.due is None or not state.open)
    assert all(breach.count(":R") == 1 for breach in found.breaches)


def test_part_informed_after_a_refusal_does_not_delay_it() -> None:
    facts = (NewFact(FactKind.PARTLY_DELIVERED), REFUSED, sent(APRIL_2, 2), sent(date(2026, 4, 9), 1))
    found = request(*facts, state=State.REFUSED, closed_at=at(APRIL_2))
    assert found.ended_on == APRIL_2
    assert clock(found, NL, date(2026, 4, 20)).breaches == ()


@given(anything())
def test_only_receipt_moves_the_day_without_a_sent_letter(facts: list[NewFact]) -> None:
    unsent = [f for f in facts if f.kind is not FactKind.LETTER_SENT]
    found = look(*unsent)
    assert found.due == look(received=found.received).due
    assert not found.extended


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
def test_suspension_of_a_public_body_has_a_term(
    resumed_on: date | None, today: date, due: date | None
) -> None:
    answer = [resumed(resumed_on)] if resumed_on else []
    found = look(WITH_TERM, sent(march(5)), *answer, today=today, place=PUBLIC)
    assert (found.due, found.colour is Colour.BLUE) == (due, due is None)
    by_the_term = due == date(2026, 4, 13) and resumed_on != march(16)
    assert any("term of 2026-03-16" in step and "Awb 4:15" in step for step in found.steps) == by_the_term


def test_the_term_of_another_body_ends_nothing() -> None:
    for today, place in ((march(16), PUBLIC), (march(17), NL)):
        found = look(WITH_TERM, sent(march(5)), today=today, place=place)
        assert found.suspension == "suspended since 2026-03-05, reply by 2026-03-16"
    assert look(ASKED, sent(march(5))).suspension == "suspended since 2026-03-05"
    assert look(WITH_TERM, sent(march(5)), today=march(17)).due is None
    assert look(ASKED, sent(march(5)), today=march(17), place=PUBLIC).due is None


def test_question_sent_after_its_term_sets_no_term() -> None:
    late = look(WITH_TERM, sent(march(17)), today=march(20), place=PUBLIC)
    assert (late.due, late.suspended_since) == (None, march(17))  # such a term is none
    first = (WITH_TERM, sent(march(5)), insufficient(march(9)), sent(march(10)))
    assert look(*first, today=march(17), place=PUBLIC).due == date(2026, 4, 13)
