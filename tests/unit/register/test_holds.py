"""A hold keeps everything of a request from being destroyed until the last one is released."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.support.moves import moved
from tests.unit.conftest import Open

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request, new_id
from afschrift.domain.state import State
from afschrift.law import dispute
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.letter import Bounce, NewLetter, SendingChannel
from afschrift.register.outbox import Proof
from afschrift.register.register import Register

TODAY = date(2026, 3, 2)


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
    made, other = hold(register, request), hold(register, request)
    before = register.trail.events()
    with pytest.raises(RefusedError, match=rf"{made} \(court, .*stay.*case release .*{made}"):
        register.data_keys.shred(request, "retention_identity")
    assert register.trail.events() == before
    assert register.identities.of(request)
    release(register, request, made)
    assert [h.id for h in register.disputes.holds(request)] == [other]
    with pytest.raises(RefusedError, match="under hold"):
        register.data_keys.shred(request, "retention_identity")
    release(register, request)
    assert register.data_keys.shred(request, "retention_identity")


def test_a_year_of_the_trail_and_its_index_key_stay(register: Register, open_one: Open, clock: Any) -> None:
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


def test_a_hold_on_a_case_is_on_each_request_with_one_text(register: Register, open_one: Open) -> None:
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


def complain(plain: Timeline, sender: str = "court", reference: str = "R1", day: date = TODAY) -> object:
    return dispute.complain([plain], TODAY, "h", sender, reference, day)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda plain, _: dispute.hold([plain], TODAY, "hold-1", "because"), "no ground.*complaint, court"),
        (lambda plain, _: dispute.hold([plain], TODAY, "hold-1", "court", TODAY), "is not after today"),
        (lambda *_: dispute.hold([], TODAY, "hold-1", "court"), "holds no request"),
        (lambda plain, _: dispute.release([plain], None), "No hold.*--held"),
        (lambda _, held: dispute.release([held], None), "2 holds.*--hold"),
        (lambda _, held: dispute.release([held], "hold-000000000000"), "not in force here"),
        (lambda plain, _: complain(plain, "neighbour"), "not of this sender"),
        (lambda plain, _: complain(plain, reference="of Ms Jansen"), "no reference"),
        (lambda plain, _: complain(plain, day=TODAY + timedelta(1)), "in the future"),
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


def test_only_the_letter_that_closed_it_opens_it_again(register: Register, opened: Request) -> None:
    decided = NewFact(FactKind.DECIDED, detail={"outcome": "refuse", "ground": "manifestly_unfounded"})
    fact = register.facts.record(opened.id, lambda _: [decided], "cli:anna").facts[-1].id

    def send() -> str:
        content, same = b"Subject: x\r\n\r\nNee\r\n", new_id("let").encode()
        new = NewLetter(new_id("let"), opened.id, "refusal", "nl", content, same, None, {})
        letter = register.letters.produce(new, "cli:anna", fact_id=fact).id
        proof = Proof("bewijs.pdf", "application/pdf", [b"%PDF-1"])
        register.outbox.enter_sending(letter, TODAY, SendingChannel.REGISTERED_POST, proof, "cli:bea")
        assert register.requests.get(opened.id).state is State.REFUSED
        return letter

    def bounce(letter: str) -> State:
        register.outbox.enter_bounce(letter, TODAY, Bounce.REFUSED, "cli:bea")
        return register.requests.get(opened.id).state

    assert bounce(send()) is State.NEEDS_PERSON
    back = register.facts.timeline(opened.id)
    assert (back.closed_at, back.of(FactKind.DECIDED)[0].sent_on) == (None, None)
    first = send()
    with pytest.raises(RefusedError, match="cannot become"):
        register.requests.move(opened.id, State.NEEDS_PERSON, NewEvent("question_asked"))
    with pytest.raises(RefusedError, match="cannot become"):
        register.questions.ask(opened.id, "identity", options=["confirmed"], detail={})
    second = send()  # about the same: one that comes back leaves the other
    assert register.facts.timeline(opened.id).of(FactKind.DECIDED)[0].sent_on == TODAY
    assert bounce(first) is State.REFUSED
    register.data_keys.shred(opened.id, "retention_identity")
    assert bounce(second) is State.REFUSED  # no further letter can be written
    with pytest.raises(TooLateError, match="bounced"):
        bounce(second)
