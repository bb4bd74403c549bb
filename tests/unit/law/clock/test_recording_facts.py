"""What is turned down before it is recorded: each names its rule and the remedy."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from afschrift.casework.identity.question import IDENTITY_FORM
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock import overlap, receipt
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.clock.facts import FactKind, NewFact, Timeline, rows
from afschrift.law.clock.sending import Sending, record_sending
from afschrift.law.clock.suspension import DOUBTS, REASONS, extend, insufficient, resume, suspend

NL = Jurisdiction(calendar("NL"))
RECEIVED = date(2026, 3, 2)  # due on 2 April
TODAY = date(2026, 3, 16)
AT, ZONE = "2026-03-02T09:00:00.000000Z", "Europe/Amsterdam"
PLAIN = Timeline("req-000000000001", "case-00000000001", Right.ACCESS, State.ACCEPTED, AT, ZONE)
PORTABLE = replace(PLAIN, right=Right.PORTABILITY)
CLOSED = replace(PLAIN, state=State.DELIVERED, closed_at="2026-03-10T09:00:00.000000Z")


def march(day: int) -> date:
    return date(2026, 3, 1) + timedelta(day - 1)


def post(day: date) -> Sending:
    return Sending(day, "post", "3SABC")


def with_(timeline: Timeline, facts: Sequence[NewFact]) -> Timeline:
    first = len(timeline.facts) + 1
    ids = [f"fact-{number:012}" for number in range(first, first + len(facts))]
    return timeline.with_(*rows(timeline, facts, "2026-03-16T09:00:00.000000Z", "cli:anna", ids))


def ask(timeline: Timeline = PLAIN, today: date = TODAY, ground: str = "identity", **more: Any) -> Timeline:
    given = {"doubt": "unknown_sender"} if ground == "identity" else {"overview": True}
    return with_(timeline, suspend(timeline, NL, today, ground, **{**given, **more}))


def longer(timeline: Timeline = PLAIN, today: date = TODAY, **more: Any) -> Timeline:
    return with_(timeline, extend(timeline, NL, today, ["rights_of_others"], **more))


def corrected(at: datetime, timeline: Timeline = PLAIN, reason: str = "typing_error") -> Timeline:
    now = datetime(2026, 3, 16, 12, tzinfo=UTC)
    return with_(timeline, receipt.correct(timeline, now, at, reason))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


ASKED = ask(sending=post(march(5)))
PROPOSED = ask(corrected(noon(march(6))), sending=post(march(5)))
ANSWERED = with_(ASKED, resume(ASKED, TODAY, march(10)))
OVER, FIRST = date(2026, 4, 3), "fact-000000000001"


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: ask(ground="other"), "R42.*identity or specification"),
        (lambda: ask(ground="right"), "R05.*go on meanwhile"),
        (lambda: ask(ground="fee"), "R51"),
        (lambda: ask(doubt=None), "R10.*unknown_sender"),
        (lambda: ask(replace(PLAIN, identified_at="2026-03-03T09:00:00Z")), "R10, R42.*not_confirmed"),
        (lambda: ask(ground="specification", overview=False), "R25.*--overview"),
        (lambda: ask(PORTABLE, ground="specification"), "R25, R42.*answer the whole"),
        (lambda: ask(ASKED), "overlap.*R42.*resume"),
        (lambda: ask(ANSWERED, sending=post(march(8))), "overlap.*R42.*2026-03-10"),
        (lambda: ask(today=OVER), "R42.*--sent-on"),
        (lambda: ask(sending=post(march(1))), "before the receipt.*R02"),
        (lambda: ask(sending=post(march(17))), "in the future.*R02"),
        (lambda: ask(sending=Sending(march(5), "By post!", "1")), "channel is no code"),
        (lambda: ask(sending=Sending(march(5), "post", "to Mrs Jansen")), "proof is no reference"),
        (lambda: ask(sending=Sending(march(5), "post", "a@b.nl")), "proof is no reference"),
        (lambda: ask(term=march(15)), "term of 2026-03-15.*R42.*--term"),
        (lambda: ask(sending=post(march(5)), term=march(5)), "term of 2026-03-05.*R42.*--term"),
        (lambda: resume(PLAIN, TODAY, TODAY), "No question.*R43"),
        (lambda: resume(ANSWERED, TODAY, TODAY), "No question.*R43"),
        (lambda: resume(ASKED, TODAY, march(4)), "before the question.*R43"),
        (lambda: resume(ASKED, TODAY, march(17)), "in the future"),
        (lambda: insufficient(ask(), TODAY, TODAY), "was not sent.*R43.*request sent"),
        (lambda: insufficient(ASKED, TODAY, march(9), sending=post(march(8))), "before the reply.*R43"),
        (lambda: longer(longer()), "extended already.*R39"),
        (lambda: longer(longer(sending=post(march(5)))), "extended already.*R39"),
        (lambda: longer(today=OVER), "2026-04-02.*void.*R41.*--sent-on"),
        (lambda: longer(sending=post(march(17))), "in the future"),
        (lambda: extend(PLAIN, NL, TODAY, []), "R39, R40.*amount_of_data"),
        (lambda: extend(PLAIN, NL, TODAY, ["other"]), "R39, R40"),
        (lambda: extend(PLAIN, NL, TODAY, ["rights_of_others", "effort"]), "R40"),
        (lambda: extend(PLAIN, NL, TODAY, ["own_costs"]), "R52"),
        (lambda: extend(PLAIN, NL, TODAY, ["count"]), "R40"),
        (lambda: record_sending(PLAIN, TODAY, None, post(TODAY)), "No letters.*request show"),
        (lambda: record_sending(longer(ask()), TODAY, None, post(TODAY)), "2 letters.*fact-.*--fact"),
        (lambda: record_sending(ask(), TODAY, "fact-000000000009", post(TODAY)), "bears this id"),
        (lambda: record_sending(ASKED, TODAY, FIRST, post(TODAY)), "sent on 2026-03-05 already"),
        (lambda: record_sending(ask(ANSWERED), TODAY, None, post(march(8))), "overlap.*R42"),
        (lambda: overlap.withdraw(PLAIN, TODAY, march(1), "email"), "before the receipt"),
        (lambda: overlap.withdraw(PLAIN, TODAY, TODAY, "by e-mail"), "channel is no code"),
        (lambda: corrected(noon(march(17))), "in the future.*R02"),
        (lambda: corrected(noon(march(3)), reason="other"), "typing_error"),
        (lambda: corrected(datetime(2026, 3, 2, 10, tzinfo=UTC).replace(hour=9)), "already"),
        (lambda: corrected(noon(march(6)), ASKED), "sent on 2026-03-05, before that receipt"),
        (lambda: corrected(noon(march(4)), corrected(noon(march(3)))), "second signer"),
        (lambda: receipt.sign(PLAIN), "No correction"),
        (lambda: receipt.turn_down(PLAIN), "No correction"),
        (lambda: receipt.sign(PROPOSED), "sent on 2026-03-05, before that receipt.*R02.*--disagree"),
    ],
)
def test_is_turned_down_with_rule_and_way_out(act: Callable[[], object], words: str) -> None:
    with pytest.raises(RefusedError, match=f"(?s){words}") as error:
        act()
    assert "What to do: " in str(error.value)


@pytest.mark.parametrize(
    "act",
    [
        lambda: ask(CLOSED),
        lambda: resume(CLOSED, TODAY, TODAY),
        lambda: insufficient(CLOSED, TODAY, TODAY),
        lambda: longer(CLOSED),
        lambda: overlap.withdraw(CLOSED, TODAY, TODAY, "email"),
        lambda: overlap.merge(CLOSED, PLAIN, same=True, narrower=True),
        lambda: overlap.merge(PLAIN, CLOSED, same=True, narrower=True),
    ],
)
def test_a_closed_request_is_left_as_it_is(act: Callable[[], object]) -> None:
    with pytest.raises(TooLateError, match="is delivered: it is closed"):
        act()


def test_what_was_sent_too_late_is_recorded_all_the_same() -> None:
    later = date(2026, 4, 10)
    assert ask(today=later, sending=post(OVER)).of(FactKind.SUSPENDED)
    assert longer(today=later, sending=post(OVER)).of(FactKind.EXTENDED)
    assert record_sending(longer(), later, None, post(OVER))
    # Evidence comes in after the end too.
    pending = replace(longer(), state=State.DELIVERED, closed_at=CLOSED.closed_at)
    assert record_sending(pending, TODAY, None, post(march(9)))


def test_the_term_of_a_question_is_kept_with_it() -> None:
    assert ask(term=march(30)).of(FactKind.SUSPENDED)[0].detail["term"] == "2026-03-30"
    assert (
        ask(sending=post(march(5)), term=march(12)).of(FactKind.SUSPENDED)[0].detail["term"] == "2026-03-12"
    )
    assert "term" not in ask().of(FactKind.SUSPENDED)[0].detail


def test_while_an_answer_is_awaited_the_first_month_does_not_end() -> None:
    assert longer(ASKED, date(2026, 9, 1)).of(FactKind.EXTENDED)


def test_a_later_receipt_waits_and_an_earlier_one_counts_at_once() -> None:
    later = corrected(noon(march(6)))
    assert (later.received, later.proposed is not None) == (RECEIVED, True)
    signed = with_(later, receipt.sign(later))
    assert (signed.received, signed.proposed) == (march(6), None)
    fact = signed.of(FactKind.RECEIPT_CORRECTED)[0]
    assert (fact.detail["from"], fact.detail["decided_by"]) == (PLAIN.entered_at, "cli:anna")
    down = with_(later, receipt.turn_down(later))
    assert (down.received, down.proposed) == (RECEIVED, None)
    assert corrected(noon(march(4)), down).proposed is not None
    earlier = corrected(datetime(2026, 2, 27, 12, tzinfo=UTC))
    assert earlier.received == date(2026, 2, 27)


NEXT = "2026-03-09T09:00:00.000000Z"
LATER = replace(PLAIN, request="req-000000000002", entered_at=NEXT, identified_at=NEXT)
EARLIER = replace(PLAIN, identified_at=AT)


@pytest.mark.parametrize(
    ("later", "earlier", "more", "words"),
    [
        (EARLIER, EARLIER, {}, "not earlier than itself"),
        (LATER, EARLIER, {"same": False}, "R55.*on their own"),
        (EARLIER, LATER, {}, "received later.*R55.*other way round"),
        (replace(LATER, identified_at=None), EARLIER, {}, "identities are confirmed.*confirm-identity"),
        (LATER, replace(EARLIER, identified_at=None), {}, "identities are confirmed.*confirm-identity"),
        (replace(LATER, right=Right.PORTABILITY), EARLIER, {}, "portability.*R55.*answer both"),
        (LATER, EARLIER, {"narrower": False}, "asks for more.*R24, R55"),
    ],
)
def test_requests_not_overlapping(
    later: Timeline, earlier: Timeline, more: dict[str, bool], words: str
) -> None:
    with pytest.raises(RefusedError, match=f"(?s){words}") as error:
        overlap.merge(later, earlier, **{"same": True, "narrower": True, **more})
    assert "What to do: " in str(error.value)


def test_a_merge_and_a_link() -> None:
    of_later, of_earlier = overlap.merge(LATER, EARLIER, same=True, narrower=True)
    assert (of_later.kind, of_later.other, of_later.to) == (FactKind.MERGED, PLAIN.request, State.MERGED)
    assert (of_earlier.kind, of_earlier.other, of_earlier.to) == (FactKind.ABSORBED, LATER.request, None)
    done = replace(EARLIER, state=State.DELIVERED)
    (linked,) = overlap.link(LATER, done, "reminder", same=True)
    assert (linked.other, linked.detail) == (PLAIN.request, {"as": "reminder"})
    with pytest.raises(RefusedError, match="linked already"):
        overlap.link(with_(LATER, [linked]), done, "repeat", same=True)
    with pytest.raises(RefusedError, match=r"R55.*request merge"):
        overlap.link(LATER, EARLIER, "repeat", same=True)
    with pytest.raises(RefusedError, match=r"R26.*R54"):
        overlap.link(LATER, done, "other", same=True)


def test_codes_are_those_of_the_forms() -> None:
    properties: Any = IDENTITY_FORM["properties"]
    assert set(DOUBTS) == set(properties["doubt"]["enum"])
    assert not {"effort", "own_costs", "count", "other"} & set(REASONS)
