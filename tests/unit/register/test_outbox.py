"""Letters in the register: kept with their text, claimed and settled once, counted from their sending."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.nightly import both_databases
from tests.unit.conftest import Open, Sql

from afschrift.domain.errors import (
    ConfigurationError,
    RefusedError,
    TooLateError,
    UnknownRequestError,
)
from afschrift.domain.request import Request, new_id
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.letter import PATIENCE, Bounce, Discard, LetterRow, LetterState, NewLetter, SendingChannel
from afschrift.register.database.database import Database
from afschrift.register.database.tables import letter as letter_table
from afschrift.register.database.tables import message
from afschrift.register.outbox import Claimed, Proof
from afschrift.register.register import Register

TO, CONTENT = "anneke@example.org", b"Subject: kwikstaart\r\n\r\nBeste Anneke Jansen\r\n"
TODAY = date(2026, 3, 2)
STATE = LetterState


def produce(
    register: Register, request: str, to: str | None = TO, fact: str | None = None, **more: Any
) -> LetterRow:
    new = NewLetter(
        new_id("let"), request, "identity_request", "nl", CONTENT, b"same", to, {"until": "2026-04-02"}
    )
    new = NewLetter(**{**new.__dict__, **more})
    return register.letters.produce(
        new, "cli:anna", fact_id=fact, authority={"role": "officer", "source": "terminal"}
    )


def settle(register: Register, claimed: Claimed, to: LetterState, **more: Any) -> LetterRow:
    return register.outbox.settle(claimed, to, "cli:anna", zone="Europe/Amsterdam", **more)


def sent(register: Register, letter: str, on: date = TODAY, parts: Any = (b"%PDF-1",)) -> LetterRow:
    proof = Proof("Bewijs van Anneke.pdf", "application/pdf", parts)
    return register.outbox.enter_sending(letter, on, SendingChannel.REGISTERED_POST, proof, "cli:bea")


def suspended(register: Register, request: str, letter: str | None = None) -> str:
    new = NewFact(FactKind.SUSPENDED, letter=letter, detail={"ground": "identity", "doubt": "other_address"})
    return register.facts.record(request, lambda _: [new], "cli:anna").facts[-1].id


@both_databases
def test_a_letter_its_text_and_its_event_come_together(register: Register, opened: Request) -> None:
    letter = produce(register, opened.id)

    assert (letter.state, letter.mailed, letter.produced_by) == (STATE.PRODUCED, True, "cli:anna")
    assert letter == register.letters.get(letter.id)
    of_request = register.letters.all(request_id=opened.id, states=[STATE.PRODUCED])
    assert register.letters.all() == of_request == (letter,)
    (kept,) = [t for t in register.cases.texts(opened.id, "x") if t.kind == "document"]
    named = (letter.document, "message/rfc822", "identity_request.nl.eml")
    assert (kept.id, kept.media_type, kept.name) == named
    assert b"".join(register.documents.read(letter.document, "x")) == CONTENT
    (payload,) = [p for h, p in register.trail.events(opened.id) if h.type == "letter_produced"]
    of_letter = {"letter": letter.id, "kind": "identity_request", "language": "nl", "mailed": True}
    of_letter |= {"detail": {"until": "2026-04-02"}, "document": letter.document, "fact": None}
    assert payload == of_letter | {"held": {"role": "officer", "source": "terminal"}}


def test_the_very_same_letter_is_kept_once_until_it_is_settled(register: Register, open_one: Open) -> None:
    request = open_one()
    letter = produce(register, request.id)
    head = register.trail.head()
    assert produce(register, request.id) == letter
    assert register.trail.head() == head
    assert produce(register, request.id, same_as=b"other").id != letter.id
    assert produce(register, open_one().id).id != letter.id
    settle(register, register.outbox.claim(letter.id, "x"), STATE.SENT)
    assert produce(register, request.id).id != letter.id


def test_letter_is_unreadable_in_database_and_trail(register: Register, opened: Request, url: str) -> None:
    sent(register, produce(register, opened.id).id)
    with Database(url).read() as tx:
        rows = [*tx.execute(select(letter_table)).all(), *tx.execute(select(message)).all()]
    stored = (
        b"".join(bytes(v) if isinstance(v, (bytes, memoryview)) else str(v).encode() for r in rows for v in r)
        + json.dumps([p for _, p in register.trail.events()]).encode()
    )
    for needle in (b"Anneke", b"anneke", b"kwikstaart", b"Bewijs"):
        assert needle not in stored
    assert "Anneke" not in repr(NewLetter("let-1", opened.id, "k", "nl", CONTENT, b"Anneke", TO))


@both_databases
def test_a_letter_is_sent_once(register: Register, opened: Request) -> None:
    letter = produce(register, opened.id)
    claimed = register.outbox.claim(letter.id, "cli:anna")
    assert (claimed.to, claimed.content, claimed.row.state) == (TO, CONTENT, STATE.SENDING)
    assert TO not in repr(claimed)
    with pytest.raises(TooLateError, match=r"is sending and cannot be sent.*quarter of an hour"):
        register.outbox.claim(letter.id, "cli:bea")
    after = settle(register, claimed, STATE.SENT, reference="250")
    sending = (after.state, after.sent_on, after.channel, after.sent_by)
    assert sending == (STATE.SENT, "2026-03-02", "smtp", "cli:anna")
    assert after.sent_at is not None
    with pytest.raises(TooLateError, match="is sent and cannot be sent"):
        register.outbox.claim(letter.id, "cli:anna")
    for again in (STATE.SENT, STATE.PRODUCED, STATE.UNKNOWN):
        with pytest.raises(TooLateError, match="cannot be settled"):
            settle(register, claimed, again)
    types = [header.type for header, _ in register.trail.events(opened.id)]
    assert types[-2:] == ["letter_sending", "letter_sent"]


def test_abandoned_claim_is_unknown_until_a_person_ends_it(
    register: Register, opened: Request, clock: Any
) -> None:
    letter = produce(register, opened.id)
    left = register.outbox.claim(letter.id, "cli:anna")
    clock.now -= timedelta(days=1)  # a claim of the future
    assert register.letters.get(letter.id).state is STATE.UNKNOWN
    clock.now += timedelta(days=1)
    with pytest.raises(TooLateError, match="cannot be released"):
        register.outbox.release(letter.id, "cli:bea")
    with pytest.raises(TooLateError, match="cannot be entered as sent"):
        sent(register, letter.id)
    clock.now += PATIENCE
    assert register.letters.get(letter.id).state is STATE.UNKNOWN
    assert [row.id for row in register.letters.all(states=[STATE.UNKNOWN])] == [letter.id]
    with pytest.raises(TooLateError, match=r"is unknown and cannot be sent.*log of the mail server"):
        register.outbox.claim(letter.id, "cli:anna")

    assert register.outbox.release(letter.id, "cli:bea").state is STATE.PRODUCED
    mine = register.outbox.claim(letter.id, "cli:bea")
    with pytest.raises(TooLateError):  # the first process wakes up
        settle(register, left, STATE.SENT)
    settle(register, mine, STATE.UNKNOWN, reason="SMTPServerDisconnected")
    clock.now -= timedelta(days=9)
    assert register.letters.get(letter.id).state is STATE.UNKNOWN
    clock.now += timedelta(days=9)
    assert sent(register, letter.id).state is STATE.SENT


def test_not_sent_and_bounced_at_the_door(register: Register, opened: Request) -> None:
    letter = produce(register, opened.id)
    after = settle(register, register.outbox.claim(letter.id, "x"), STATE.PRODUCED, reason="451")
    assert (after.state, after.claimed_at, after.sent_on) == (STATE.PRODUCED, None, None)
    after = settle(
        register, register.outbox.claim(letter.id, "x"), STATE.BOUNCED, bounce=Bounce.ADDRESS_UNKNOWN
    )
    assert (after.state, after.bounce, after.sent_on) == (STATE.BOUNCED, "address_unknown", None)
    with pytest.raises(TooLateError, match="make it anew"):
        register.outbox.claim(letter.id, "x")
    assert produce(register, opened.id).id != letter.id


def test_a_person_enters_a_sending_with_its_proof(register: Register, opened: Request, clock: Any) -> None:
    letter = produce(register, opened.id, to=None)
    with pytest.raises(RefusedError, match=r"no e-mail address.*afschrift letter sent"):
        register.outbox.claim(letter.id, "x")
    clock.now += timedelta(days=3)
    for wrong in (date(2026, 3, 1), date(2026, 3, 6)):
        with pytest.raises(RefusedError, match="was there on 2026-03-02, and today is 2026-03-05"):
            sent(register, letter.id, wrong)
    after = sent(register, letter.id, date(2026, 3, 4))
    sending = (after.sent_on, after.sent_at, after.channel, after.sent_by)
    assert sending == ("2026-03-04", None, "registered_post", "cli:bea")
    assert after.proof is not None
    assert b"".join(register.documents.read(after.proof, "x")) == b"%PDF-1"
    with pytest.raises(TooLateError):
        sent(register, letter.id)


def test_only_a_sent_letter_comes_back(register: Register, opened: Request, clock: Any) -> None:
    letter = produce(register, opened.id)
    with pytest.raises(TooLateError, match="is produced and cannot be entered as come back"):
        register.outbox.enter_bounce(letter.id, TODAY, Bounce.MAILBOX_FULL, "x")
    sent(register, letter.id)
    clock.now += timedelta(days=2)
    with pytest.raises(RefusedError, match="This day cannot be"):
        register.outbox.enter_bounce(letter.id, date(2026, 3, 1), Bounce.MAILBOX_FULL, "x")
    after = register.outbox.enter_bounce(letter.id, date(2026, 3, 3), Bounce.RETURNED_BY_POST, "x")
    assert (after.state, after.bounced_on, after.bounce) == (STATE.BOUNCED, "2026-03-03", "returned_by_post")
    with pytest.raises(TooLateError):
        register.outbox.enter_bounce(letter.id, TODAY, Bounce.MAILBOX_FULL, "x")


@both_databases
def test_a_letter_that_was_never_sent_is_discarded_and_kept(register: Register, opened: Request) -> None:
    letter = produce(register, opened.id, fact=suspended(register, opened.id))
    claimed = register.outbox.claim(letter.id, "x")
    with pytest.raises(TooLateError, match="sending and cannot be discarded"):
        register.outbox.discard(letter.id, Discard.REPLACED, "x")
    settle(register, claimed, STATE.PRODUCED, reason="451")
    after = register.outbox.discard(letter.id, Discard.WRONG_ADDRESSEE, "cli:bea")
    assert after.state is STATE.DISCARDED
    for act in (
        lambda: register.outbox.discard(letter.id, Discard.REPLACED, "x"),
        lambda: register.outbox.claim(letter.id, "x"),
        lambda: sent(register, letter.id),
        lambda: register.outbox.enter_bounce(letter.id, TODAY, Bounce.REFUSED, "x"),
    ):
        with pytest.raises(TooLateError) as error:
            act()
        assert error.value.remedy
    header, payload = register.trail.events(opened.id)[-1]
    assert (header.type, payload) == ("letter_discarded", {"letter": letter.id, "reason": "wrong_addressee"})
    assert b"".join(register.documents.read(letter.document, "x")) == CONTENT
    again = produce(register, opened.id, fact=letter.fact)
    assert (again.id != letter.id, again.state) == (True, STATE.PRODUCED)
    register.evidence.must_follow(opened.id)


@pytest.mark.parametrize("named", ["by the letter", "by the fact"])
def test_the_clock_counts_from_the_sending_and_not_after_a_bounce(
    register: Register, opened: Request, named: str, clock: Any
) -> None:
    if named == "by the letter":
        fact = suspended(register, opened.id)
        letter = produce(register, opened.id, fact=fact)
    else:
        letter = produce(register, opened.id)
        fact = suspended(register, opened.id, letter.id)

    def counted() -> date | None:
        return next(f for f in register.facts.timeline(opened.id).facts if f.id == fact).sent_on

    assert counted() is None
    settle(register, register.outbox.claim(letter.id, "x"), STATE.PRODUCED, reason="451")
    assert counted() is None
    clock.now += timedelta(days=1)
    settle(register, register.outbox.claim(letter.id, "x"), STATE.SENT)
    assert counted() == date(2026, 3, 3)
    register.outbox.enter_bounce(letter.id, date(2026, 3, 3), Bounce.MAILBOX_FULL, "x")
    assert counted() is None
    again = produce(register, opened.id, fact=fact)
    sent(register, again.id, date(2026, 3, 3))
    assert counted() == date(2026, 3, 3)
    kinds = [f.kind for f in register.facts.timeline(opened.id).facts]
    assert kinds.count(FactKind.LETTER_SENT) == 2


def test_the_day_is_that_of_where_the_controller_acts(register: Register, open_one: Open, clock: Any) -> None:
    letter = produce(register, open_one().id)
    clock.now = clock.now.replace(hour=23, minute=30)
    assert settle(register, register.outbox.claim(letter.id, "x"), STATE.SENT).sent_on == "2026-03-03"


def test_after_shredding_a_letter_stays_as_a_row_alone(register: Register, opened: Request) -> None:
    letter = produce(register, opened.id)
    register.data_keys.shred(opened.id, "retention_case_texts")
    assert register.letters.get(letter.id) == letter
    for look in (lambda: register.outbox.claim(letter.id, "x"), lambda: produce(register, opened.id)):
        with pytest.raises(RefusedError, match="destroyed"):
            look()
    assert register.letters.get(letter.id) == letter


def test_altered_letter_is_not_sent(register: Register, opened: Request, as_operator: Sql) -> None:
    letter = produce(register, opened.id)
    other = produce(register, opened.id, same_as=b"other", to="other@example.org")
    swap = "UPDATE letter SET recipient = (SELECT recipient FROM letter WHERE id = :other) WHERE id = :id"
    as_operator(swap, id=letter.id, other=other.id)
    with pytest.raises(ConfigurationError, match="letter, recipient"):
        register.outbox.claim(letter.id, "x")
    as_operator("UPDATE message SET hmac = 'x' WHERE id = :id", id=other.document)
    with pytest.raises(ConfigurationError, match="not what was kept"):
        register.outbox.claim(other.id, "x")
    assert {row.state for row in register.letters.all()} == {STATE.PRODUCED}


@pytest.mark.parametrize("wrong", ["let-000000000000", "../etc/passwd", ""])
def test_unknown_letter_is_refused(register: Register, wrong: str) -> None:
    for look in (
        lambda: register.letters.get(wrong),
        lambda: register.outbox.claim(wrong, "x"),
        lambda: sent(register, wrong),
        lambda: register.outbox.enter_bounce(wrong, TODAY, Bounce.REFUSED, "x"),
        lambda: register.outbox.release(wrong, "x"),
    ):
        with pytest.raises(UnknownRequestError, match="letter list"):
            look()
