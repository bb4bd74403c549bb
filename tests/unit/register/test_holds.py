"""A hold keeps everything of a request from being destroyed until the last one is released."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.moves import moved
from tests.support.properties import fewer

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request, new_id
from afschrift.domain.state import State
from afschrift.law import dispute
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.letter import Bounce, NewLetter, SendingChannel
from afschrift.register.outbox import Proof
from afschrift.register.register import Register

Open = Callable[..., Request]
TODAY = date(2026, 3, 2)
FEW = settings(fewer(4), derandomize=True)


def hold(register: Register, owner: str, ground: str = "court", **more: Any) -> str:
    made = new_id("hold")
    register.disputes.record(
        owner, lambda t: dispute.hold(t, TODAY, made, ground, **more), "cli:anna", text="Zaak Jansen."
    )
    return made


def release(register: Register, owner: str, made: str | None = None) -> None:
    register.disputes.record(owner, lambda t: dispute.release(t, made), "cli:anna")


def closed(register: Register, request: Request, to: State = State.WITHDRAWN) -> str:
    moved(register, request.id, to)
    return request.id


def test_nothing_of_a_held_request_is_destroyed(register: Register, open_one: Open) -> None:
    request = closed(register, open_one())
    made = hold(register, request)
    before = register.trail.events()
    with pytest.raises(RefusedError, match=rf"{made} \(court, .*stay.*case release .*{made}"):
        register.data_keys.shred(request, "retention_identity")
    assert register.trail.events() == before
    assert register.identities.of(request)
    release(register, request)
    assert register.data_keys.shred(request, "retention_identity")


def test_a_year_of_the_trail_and_the_years_index_key_stay(
    register: Register, open_one: Open, clock: Any
) -> None:
    request = closed(register, open_one())
    made = hold(register, request)
    register.trail.make_checkpoint()
    clock.now = datetime(2040, 1, 2, tzinfo=UTC)
    register.trail.record(None, NewEvent("later"))
    register.trail.make_checkpoint()
    with pytest.raises(RefusedError, match=f"trail of 2026.*stays.*{made}"):
        register.trail.drop_year(2026, "retention_trail")
    with pytest.raises(RefusedError, match=f"blind-index key 2026.*stays.*{made}"):
        register.keys.forget_year(2026)
    release(register, request)
    assert register.trail.drop_year(2026, "retention_trail").year == 2026
    assert register.keys.forget_year(2026).startswith("2026-")


def test_a_hold_on_a_case_is_on_each_of_its_requests_with_one_text(
    register: Register, open_one: Open
) -> None:
    request = open_one()
    two, other = open_one(case=request.case), open_one()
    made = hold(register, request.case, review_on=TODAY + timedelta(days=90))
    assert {h.request: h.id for h in register.disputes.holds()} == {request.id: made, two.id: made}
    assert register.disputes.holds(other.id) == ()
    assert [t.text for t in register.cases.texts(request.case, "x")].count(b"Zaak Jansen.") == 1
    facts = [register.facts.timeline(r.id).of(FactKind.HELD)[0] for r in (request, two)]
    assert [register.facts.text(f.id) for f in facts] == ["Zaak Jansen."] * 2
    assert "Jansen" not in repr(register.trail.events())
    release(register, two.id)  # this one alone
    assert [h.request for h in register.disputes.holds()] == [request.id]
    release(register, request.case, made)
    assert register.disputes.holds() == ()


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda plain, _: dispute.hold([plain], TODAY, "hold-1", "because"), "no ground.*complaint, court"),
        (lambda plain, _: dispute.hold([plain], TODAY, "hold-1", "court", TODAY), "is not after today"),
        (lambda *_: dispute.hold([], TODAY, "hold-1", "court"), "holds no request"),
        (lambda plain, _: dispute.release([plain], None), "No hold.*--held"),
        (lambda _, held: dispute.release([held], None), "2 holds.*--hold"),
        (lambda _, held: dispute.release([held], "hold-000000000000"), "not in force here"),
        (
            lambda plain, _: dispute.complain([plain], TODAY, "h", "neighbour", "R1", TODAY),
            "not of this sender",
        ),
        (
            lambda plain, _: dispute.complain([plain], TODAY, "h", "court", "of Ms Jansen", TODAY),
            "no reference",
        ),
        (
            lambda plain, _: dispute.complain([plain], TODAY, "h", "court", "R1", TODAY + timedelta(1)),
            "in the future",
        ),
        (lambda plain, _: dispute.end_complaint([plain], TODAY, "R1", "lost", TODAY), "no outcome"),
        (lambda plain, _: dispute.end_complaint([plain], TODAY, "R1", "upheld", TODAY), "No complaint"),
    ],
)
def test_invalid_acts_are_refused_with_a_remedy(
    register: Register, open_one: Open, act: Callable[..., object], words: str
) -> None:
    request, held = open_one(), open_one()
    for _ in range(2):
        hold(register, held.id)
    with pytest.raises(RefusedError, match=words) as error:
        act(register.facts.timeline(request.id), register.facts.timeline(held.id))
    assert error.value.remedy
    assert "Jansen" not in str(error.value)


@FEW
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=8))
def test_whatever_the_order_the_last_release_alone_frees(
    register: Register, open_one: Open, acts: list[tuple[bool, int]]
) -> None:
    request, made = closed(register, open_one()), [""] * 4
    held: set[int] = set()
    for puts, number in acts:
        if puts and number not in held:
            made[number] = hold(register, request)
            held.add(number)
        elif not puts and number in held:
            release(register, request, made[number])
            held.discard(number)
    assert {h.id for h in register.disputes.holds(request)} == {made[number] for number in held}
    if held:
        with pytest.raises(RefusedError, match="under hold"):
            register.data_keys.shred(request, "retention_identity")
    else:
        assert register.data_keys.shred(request, "retention_identity")


def refusal(register: Register, request_id: str, fact: str, number: int) -> str:
    new = NewLetter(
        new_id("let"), request_id, "refusal", "nl", b"Subject: x\r\n\r\nNee\r\n", b"%d" % number, None, {}
    )
    return register.letters.produce(new, "cli:anna", fact_id=fact).id


def decided(register: Register, request_id: str) -> str:
    new = NewFact(FactKind.DECIDED, detail={"outcome": "refuse", "ground": "manifestly_unfounded"})
    return register.facts.record(request_id, lambda _: [new], "cli:anna").facts[-1].id


def send(register: Register, letter: str) -> None:
    proof = Proof("bewijs.pdf", "application/pdf", [b"%PDF-1"])
    register.outbox.enter_sending(letter, TODAY, SendingChannel.REGISTERED_POST, proof, "cli:bea")


@FEW
@given(st.lists(st.sampled_from(list(Bounce)), max_size=3))
def test_bounced_and_sent_again_ends_as_sent_once(
    register: Register, open_one: Open, bounces: list[Bounce]
) -> None:
    request = open_one().id
    moved(register, request, State.NEEDS_PERSON)
    fact = decided(register, request)
    for number, bounce in enumerate([*bounces, None]):
        letter = refusal(register, request, fact, number)
        assert register.requests.get(request).state is State.NEEDS_PERSON
        send(register, letter)
        assert register.requests.get(request).state is State.REFUSED
        if bounce is not None:
            register.outbox.enter_bounce(letter, TODAY, bounce, "cli:bea")
            back = register.facts.timeline(request)
            assert (back.state, back.closed_at, back.of(FactKind.DECIDED)[0].sent_on) == (
                State.NEEDS_PERSON,
                None,
                None,
            )
    after = register.facts.timeline(request)
    assert (after.state, after.of(FactKind.DECIDED)[0].sent_on) == (State.REFUSED, TODAY)
    moves = [p["to"] for h, p in register.trail.events(request) if h.type == "state_changed" and p]
    assert moves[1:] == ["refused", "needs_person"] * len(bounces) + ["refused"]
    assert register.trail.verify() == []


def test_only_the_letter_that_closed_it_opens_it_again(register: Register, open_one: Open) -> None:
    request = open_one().id
    fact = decided(register, request)
    first, second = (refusal(register, request, fact, number) for number in range(2))
    send(register, first)
    with pytest.raises(RefusedError, match="cannot become"):
        register.requests.move(request, State.NEEDS_PERSON, NewEvent("question_asked"))
    with pytest.raises(RefusedError, match="cannot become"):
        register.questions.ask(request, "identity", options=["confirmed"], detail={})
    send(register, second)  # a second letter about the same: one that comes back leaves the other
    register.outbox.enter_bounce(first, TODAY, Bounce.REFUSED, "cli:bea")
    assert register.requests.get(request).state is State.REFUSED
    register.data_keys.shred(request, "retention_identity")
    register.outbox.enter_bounce(second, TODAY, Bounce.REFUSED, "cli:bea")
    assert register.requests.get(request).state is State.REFUSED  # no further letter can be written
    with pytest.raises(TooLateError, match="bounced"):
        register.outbox.enter_bounce(second, TODAY, Bounce.REFUSED, "cli:bea")
