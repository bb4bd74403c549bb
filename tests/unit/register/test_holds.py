"""A hold keeps everything of a request from being destroyed until the last one is released."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request, new_id
from afschrift.domain.state import State
from afschrift.law import dispute
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.letter import Bounce, Channel, NewLetter
from afschrift.register.outbox import Proof
from afschrift.register.register import Ledger

Open = Callable[..., Request]
TODAY = date(2026, 3, 2)
QUICK = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def hold(ledger: Ledger, owner: str, ground: str = "court", **more: Any) -> str:
    made = new_id("hold")
    ledger.record_case(
        owner, lambda t: dispute.hold(t, TODAY, made, ground, **more), "cli:anna", text="Zaak Jansen."
    )
    return made


def release(ledger: Ledger, owner: str, made: str | None = None) -> None:
    ledger.record_case(owner, lambda t: dispute.release(t, made), "cli:anna")


def closed(ledger: Ledger, one: Request, to: State = State.WITHDRAWN) -> str:
    ledger.move(one.id, to)
    return one.id


def test_nothing_of_a_held_request_is_destroyed(ledger: Ledger, open_one: Open) -> None:
    one = closed(ledger, open_one())
    made = hold(ledger, one)
    before = ledger.events()
    for destroy in (
        lambda: ledger.shred(one, "retention_identity"),
        lambda: ledger.erase_payloads(one, "retention_trail"),
    ):
        with pytest.raises(RefusedError, match=rf"{made} \(court, .*stay.*case release .*{made}"):
            destroy()
    assert ledger.events() == before
    assert ledger.identity(one)
    release(ledger, one)
    assert ledger.erase_payloads(one, "retention_trail") > 0
    assert ledger.shred(one, "retention_identity")


def test_a_year_of_the_trail_and_the_years_index_key_stay(ledger: Ledger, open_one: Open, clock: Any) -> None:
    one = closed(ledger, open_one())
    made = hold(ledger, one)
    ledger.make_checkpoint()
    clock.now = datetime(2040, 1, 2, tzinfo=UTC)
    ledger.record(None, NewEvent("later"))
    ledger.make_checkpoint()
    with pytest.raises(RefusedError, match=f"trail of 2026.*stays.*{made}"):
        ledger.drop_year(2026, "retention_trail")
    with pytest.raises(RefusedError, match=f"blind-index key 2026.*stays.*{made}"):
        ledger.forget_year(2026)
    release(ledger, one)
    assert ledger.drop_year(2026, "retention_trail").year == 2026
    assert ledger.forget_year(2026).startswith("2026-")


def test_a_hold_on_a_case_is_on_each_of_its_requests_with_one_text(ledger: Ledger, open_one: Open) -> None:
    one = open_one()
    two, other = open_one(case=one.case), open_one()
    made = hold(ledger, one.case, review_on=TODAY + timedelta(days=90))
    assert {h.request: h.id for h in ledger.holds()} == {one.id: made, two.id: made}
    assert ledger.holds(other.id) == ()
    assert [t.text for t in ledger.case_texts(one.case, "x")].count(b"Zaak Jansen.") == 1
    facts = [ledger.timeline(r.id).of(FactKind.HELD)[0] for r in (one, two)]
    assert [ledger.fact_text(f.id) for f in facts] == ["Zaak Jansen."] * 2
    assert "Jansen" not in repr(ledger.events())
    release(ledger, two.id)  # this one alone
    assert [h.request for h in ledger.holds()] == [one.id]
    release(ledger, one.case, made)
    assert ledger.holds() == ()


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda one, _: dispute.hold([one], TODAY, "hold-1", "because"), "no ground.*complaint, court"),
        (lambda one, _: dispute.hold([one], TODAY, "hold-1", "court", TODAY), "is not after today"),
        (lambda *_: dispute.hold([], TODAY, "hold-1", "court"), "holds no request"),
        (lambda one, _: dispute.release([one], None), "No hold.*--held"),
        (lambda _, held: dispute.release([held], None), "2 holds.*--hold"),
        (lambda _, held: dispute.release([held], "hold-000000000000"), "not in force here"),
        (lambda one, _: dispute.complain([one], TODAY, "h", "neighbour", "R1", TODAY), "not of this sender"),
        (lambda one, _: dispute.complain([one], TODAY, "h", "court", "of Ms Jansen", TODAY), "no reference"),
        (
            lambda one, _: dispute.complain([one], TODAY, "h", "court", "R1", TODAY + timedelta(1)),
            "in the future",
        ),
        (lambda one, _: dispute.end_complaint([one], TODAY, "R1", "lost", TODAY), "no outcome"),
        (lambda one, _: dispute.end_complaint([one], TODAY, "R1", "upheld", TODAY), "No complaint"),
    ],
)
def test_what_cannot_be_is_told_with_the_way_out(
    ledger: Ledger, open_one: Open, act: Callable[..., object], words: str
) -> None:
    one, held = open_one(), open_one()
    for _ in range(2):
        hold(ledger, held.id)
    with pytest.raises(RefusedError, match=words) as told:
        act(ledger.timeline(one.id), ledger.timeline(held.id))
    assert told.value.way_out
    assert "Jansen" not in str(told.value)


@QUICK
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=8))
def test_whatever_the_order_the_last_release_alone_frees(
    ledger: Ledger, open_one: Open, acts: list[tuple[bool, int]]
) -> None:
    one, made = closed(ledger, open_one()), [""] * 4
    held: set[int] = set()
    for puts, number in acts:
        if puts and number not in held:
            made[number] = hold(ledger, one)
            held.add(number)
        elif not puts and number in held:
            release(ledger, one, made[number])
            held.discard(number)
    assert {h.id for h in ledger.holds(one)} == {made[number] for number in held}
    if held:
        with pytest.raises(RefusedError, match="under hold"):
            ledger.shred(one, "retention_identity")
    else:
        assert ledger.shred(one, "retention_identity")


def refusal(ledger: Ledger, one: str, fact: str, number: int) -> str:
    new = NewLetter(
        new_id("let"), one, "refusal", "nl", b"Subject: x\r\n\r\nNee\r\n", b"%d" % number, None, {}
    )
    return ledger.produce_letter(new, "cli:anna", fact_id=fact).id


def decided(ledger: Ledger, one: str) -> str:
    new = NewFact(FactKind.DECIDED, detail={"outcome": "refuse", "ground": "manifestly_unfounded"})
    return ledger.record_facts(one, lambda _: [new], "cli:anna").facts[-1].id


def send(ledger: Ledger, letter: str) -> None:
    proof = Proof("bewijs.pdf", "application/pdf", [b"%PDF-1"])
    ledger.enter_sending(letter, TODAY, Channel.REGISTERED_POST, proof, "cli:bea")


@QUICK
@given(st.lists(st.sampled_from(list(Bounce)), max_size=3))
def test_bounced_and_sent_again_ends_as_sent_once(
    ledger: Ledger, open_one: Open, bounces: list[Bounce]
) -> None:
    one = open_one().id
    ledger.move(one, State.NEEDS_PERSON)
    fact = decided(ledger, one)
    for number, bounce in enumerate([*bounces, None]):
        letter = refusal(ledger, one, fact, number)
        assert ledger.request(one).state is State.NEEDS_PERSON
        send(ledger, letter)
        assert ledger.request(one).state is State.REFUSED
        if bounce is not None:
            ledger.enter_bounce(letter, TODAY, bounce, "cli:bea")
            back = ledger.timeline(one)
            assert (back.state, back.closed_at, back.of(FactKind.DECIDED)[0].sent_on) == (
                State.NEEDS_PERSON,
                None,
                None,
            )
    after = ledger.timeline(one)
    assert (after.state, after.of(FactKind.DECIDED)[0].sent_on) == (State.REFUSED, TODAY)
    moves = [p["to"] for h, p in ledger.events(one) if h.type == "state_changed" and p]
    assert moves[1:] == ["refused", "needs_person"] * len(bounces) + ["refused"]
    assert ledger.verify() == []


def test_only_the_letter_that_closed_it_opens_it_again(ledger: Ledger, open_one: Open) -> None:
    one = open_one().id
    fact = decided(ledger, one)
    first, second = (refusal(ledger, one, fact, number) for number in range(2))
    send(ledger, first)
    with pytest.raises(RefusedError, match="cannot become"):
        ledger.move(one, State.NEEDS_PERSON)
    with pytest.raises(RefusedError, match="cannot become"):
        ledger.ask(one, "identity", options=["confirmed"], detail={})
    send(ledger, second)  # the same told twice: one that comes back leaves the other
    ledger.enter_bounce(first, TODAY, Bounce.REFUSED, "cli:bea")
    assert ledger.request(one).state is State.REFUSED
    ledger.shred(one, "retention_identity")
    ledger.enter_bounce(second, TODAY, Bounce.REFUSED, "cli:bea")
    assert ledger.request(one).state is State.REFUSED  # nobody could write to them any more
    with pytest.raises(TooLateError, match="bounced"):
        ledger.enter_bounce(second, TODAY, Bounce.REFUSED, "cli:bea")
