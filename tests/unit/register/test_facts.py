"""Facts, questions and decisions: appended with their events in one transaction, and never altered."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from testbed import register_reader
from tests.support.moves import moved
from tests.support.nightly import both_databases
from tests.unit.conftest import Open

from afschrift.domain.errors import RefusedError, TooLateError, UnknownRequestError
from afschrift.domain.keys import Key
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.law.case_facts import CaseFactKind, Matter, NewCaseFact, hand_over, referrals
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

ASKED = NewFact(FactKind.SUSPENDED, detail={"ground": "identity", "doubt": "unknown_sender"})
SENT = NewFact(FactKind.LETTER_SENT, date(2026, 3, 3), channel="post", proof="3SABC")
WITHDRAWN = NewFact(FactKind.WITHDRAWN, date(2026, 3, 4), channel="email", to=State.WITHDRAWN)
WORDS = "Het dossier van Anneke ligt bij zes verwerkers."
NAMES = ("customer_id",)


def give(*facts: NewFact) -> Callable[[Timeline], Sequence[NewFact]]:
    return lambda _: facts


def event_types(register: Register, request: str) -> list[str]:
    return [header.type for header, _ in register.trail.events(request)]


@both_databases
def test_facts_are_stored_with_events(register: Register, opened: Request, url: str) -> None:
    empty = register.facts.timeline(opened.id)
    assert (empty.facts, empty.entered_at, empty.state) == ((), opened.received_at, State.RECEIVED)
    held = {"role": "officer", "source": "terminal"}
    after = register.facts.record(opened.id, give(ASKED, SENT), "cli:anna", authority=held)
    assert after == register.facts.timeline(opened.id)
    asked, sent = after.facts
    assert (asked.number, sent.number, sent.about) == (1, 2, asked.id)
    assert (asked.kind, asked.by, asked.detail) == (FactKind.SUSPENDED, "cli:anna", ASKED.detail)
    assert (asked.sent_on, asked.sent_by) == (date(2026, 3, 3), ("post", "3SABC"))
    assert event_types(register, opened.id) == ["request_received", "fact_suspended", "fact_letter_sent"]
    header, payload = register.trail.events(opened.id)[-1]
    assert payload is not None
    assert (header.actor, payload["held"], payload["fact"]["day"]) == ("cli:anna", held, "2026-03-03")
    assert register_reader.faults(url) == []


def test_words_are_kept_under_the_requests_key_alone(register: Register, opened: Request, url: str) -> None:
    extended = NewFact(FactKind.EXTENDED, detail={"reasons": ["processors_must_answer"]})
    fact = register.facts.record(opened.id, give(extended), "cli:anna", text=WORDS).facts[0]
    assert register.facts.text(fact.id) == WORDS
    texts = {t.id: t.text for t in register.cases.texts(opened.id, "cli:anna")}
    assert texts[str(fact.text)] == WORDS.encode()
    assert "Anneke" not in str(register.trail.events())
    assert register_reader.faults(url) == []
    register.data_keys.shred(opened.id, "retention")
    assert register.facts.text(fact.id) is None
    with pytest.raises(RefusedError, match="no fact with this id"):
        register.facts.text("../etc/passwd")


def test_a_state_changes_with_the_fact_or_not_at_all(register: Register, opened: Request, url: str) -> None:
    after = register.facts.record(opened.id, give(WITHDRAWN), "cli:anna")
    assert (after.state, after.closed_at is not None) == (State.WITHDRAWN, True)
    assert event_types(register, opened.id)[1:] == ["fact_withdrawn", "state_changed"]
    before = register.trail.events()
    merged = NewFact(FactKind.MERGED, other="req-000000000000", to=State.MERGED)
    with pytest.raises(RefusedError, match="cannot become"):
        register.facts.record(opened.id, give(merged), "cli:anna")
    with pytest.raises(ZeroDivisionError):
        register.facts.record(opened.id, lambda _: [SENT] * (1 // 0), "cli:anna")
    assert (register.trail.events(), register.facts.timeline(opened.id)) == (before, after)
    with pytest.raises(UnknownRequestError):
        register.facts.record("req-000000000000", give(ASKED), "cli:anna")
    assert register_reader.faults(url) == []


def sent(register: Register, fact_id: str, on: date, channel: str, **more: str) -> bool:
    with register.store.database.write() as tx:
        return register.sendings.append_sent(tx, fact_id, on, channel, **more)


def bounced(register: Register, fact_id: str) -> bool:
    with register.store.database.write() as tx:
        return register.sendings.append_bounced(tx, fact_id)


def test_the_outbox_says_once_that_a_letter_went_or_came_back(register: Register, opened: Request) -> None:
    asked = register.facts.record(opened.id, give(ASKED), "cli:anna").facts[0]
    day = date(2026, 3, 5)
    assert sent(register, asked.id, day, "smtp", proof="4Zk1", letter="let-000000000001")
    before = register.trail.events()
    assert not sent(register, asked.id, date(2026, 3, 9), "smtp")
    assert register.trail.events() == before
    found = register.facts.timeline(opened.id).facts[0]
    assert (found.sent_on, found.letter, found.sent_by) == (day, "let-000000000001", ("smtp", "4Zk1"))
    assert bounced(register, asked.id)
    assert not bounced(register, asked.id)
    assert register.facts.timeline(opened.id).facts[0].sent_on is None
    assert sent(register, asked.id, date(2026, 3, 9), "post")
    assert register.facts.timeline(opened.id).facts[0].sent_on == date(2026, 3, 9)
    register.facts.record(opened.id, give(WITHDRAWN), "cli:anna")
    assert bounced(register, asked.id)  # evidence comes in after the end too
    with pytest.raises(RefusedError, match="goes with no letter"):
        sent(register, register.facts.timeline(opened.id).facts[1].id, day, "smtp")
    with pytest.raises(RefusedError, match="no fact with this id"):
        sent(register, "fact-000000000000", day, "smtp")


def test_the_last_identity_decision_counts(register: Register, opened: Request) -> None:
    decided = register.decisions.take(opened.id, "identity", "confirmed", "cli:anna")
    assert register.facts.timeline(opened.id).identified_at == decided.at
    register.decisions.take(opened.id, "identity", "not_confirmed", "cli:anna")
    assert register.facts.timeline(opened.id).identified_at is None


def limited(*tables: str) -> dict[str, Any]:
    return {"quote": "alleen mijn bestellingen", "tables": list(tables), "categories": []}


def test_two_requests_of_a_person_are_seen_together(register: Register, open_one: Open, url: str) -> None:
    someone = (Key("customer_id", "C-77"), Key("email", "Anneke.Jansen@example.org"))
    whole, orders = open_one(), open_one(limits=limited("shop.orders"))
    both, other = open_one(limits=limited("shop.orders", "shop.lines")), open_one(keys=someone)
    seen: dict[tuple[str, str], tuple[bool, bool]] = {}

    def look(later: Timeline, earlier: Timeline, same: bool, narrower: bool) -> Any:
        seen[later.request, earlier.request] = (same, narrower)
        return [NewFact(FactKind.LINKED, other=earlier.request)], []

    for later, earlier in ((orders, whole), (whole, orders), (orders, both), (both, orders), (other, whole)):
        register.facts.record_pair(later.id, earlier.id, look, "cli:anna", names=NAMES)
    assert seen[orders.id, whole.id] == seen[orders.id, both.id] == (True, True)
    assert seen[whole.id, orders.id] == seen[both.id, orders.id] == (True, False)
    assert seen[other.id, whole.id] == (False, True)  # a shared mailbox is no person
    merged = NewFact(FactKind.MERGED, other=whole.id, to=State.MERGED)
    absorbed = NewFact(FactKind.ABSORBED, other=orders.id)
    merge = lambda *_: ([merged], [absorbed])  # noqa: E731
    after = register.facts.record_pair(orders.id, whole.id, merge, "x", names=NAMES)
    assert after.state is State.MERGED
    assert register.facts.timeline(whole.id).facts[-1].other == orders.id
    assert register_reader.faults(url) == []


def test_all_open_requests_take_a_few_statements_however_many(register: Register, open_one: Open) -> None:
    statements: list[str] = []
    event.listen(register.store.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    counts = []
    for _ in range(2):
        for _ in range(3):
            register.facts.record(open_one().id, give(ASKED, SENT), "cli:anna")
        statements.clear()
        assert {len(t.facts) for t in register.facts.timelines()} == {2}
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 5
    closed = register.facts.timelines()[0].request
    register.facts.record(closed, give(WITHDRAWN), "cli:anna")
    assert closed not in [t.request for t in register.facts.timelines()]
    states = {t.request: t.state for t in register.facts.timelines(open_only=False)}
    assert states[closed] is State.WITHDRAWN


RECEIVED = "2026-03-02T09:00:00+01:00"

ERASURE = NewCaseFact(
    CaseFactKind.MATTER_RECORDED,
    detail={"matter": "erasure", "term": "A17", "desk": None, "due": "2026-04-02"},
)


@pytest.fixture
def case(register: Register) -> str:
    return register.cases.open(b"Wis alles.", "mail", RECEIVED, RECEIVED, by="cli:ivo", facts=[ERASURE])


@both_databases
def test_case_facts_are_stored_with_events(register: Register, case: str, url: str) -> None:
    [referral] = referrals(register.case_facts.of(case))
    assert (referral.case, referral.matter) == (case, Matter.ERASURE)
    assert (referral.due, referral.handed_over) == (date(2026, 4, 2), None)
    types = [header.type for header, _ in register.trail.events()]
    assert types == ["case_opened", "case_fact_matter_recorded"]
    assert register_reader.faults(url) == []


def test_error_while_making_facts_writes_nothing(register: Register, case: str, url: str) -> None:
    make = lambda known: [hand_over(known, Matter.ERASURE, "desk", "T-1")]  # noqa: E731
    register.case_facts.record(case, make, "cli:anna")
    before = register.trail.events()
    with pytest.raises(RefusedError, match="already"):
        register.case_facts.record(case, make, "cli:anna")
    with pytest.raises(UnknownRequestError):
        register.case_facts.record("case-000000000000", lambda _: [ERASURE], "cli:anna")
    with pytest.raises(UnknownRequestError):
        register.case_facts.of("case-000000000000")
    assert register.trail.events() == before
    assert register_reader.faults(url) == []


DIGEST = "ab" * 32


def ask(
    register: Register, request_id: str, kind: str = "unclassified", about: str | None = DIGEST
) -> QuestionRow:
    detail = {"columns": ["shop.customer.note"]}
    return register.questions.ask(
        request_id, kind, options=("include", "exclude"), detail=detail, about=about
    )


@both_databases
def test_asking_moves_to_needs_person_with_both_events(register: Register, opened: Request) -> None:
    asked = ask(register, opened.id)
    assert register.requests.get(opened.id).state is State.NEEDS_PERSON
    options, detail = ("include", "exclude"), {"columns": ["shop.customer.note"]}
    kind, role, at = "unclassified", "officer", asked.asked_at
    assert asked == QuestionRow(asked.id, opened.id, kind, role, options, detail, DIGEST, at, None)
    types = [header.type for header, _ in register.trail.events(opened.id)]
    assert types == ["request_received", "question_asked", "state_changed"]


def test_an_open_question_brings_back_needs_person(register: Register, opened: Request) -> None:
    asked = ask(register, opened.id)
    moved(register, opened.id, State.ACCEPTED)
    assert ask(register, opened.id) == asked
    assert register.requests.get(opened.id).state is State.NEEDS_PERSON


def test_wrong_answers_are_turned_down_and_leave_no_trace(register: Register, open_one: Open) -> None:
    asked = ask(register, open_one().id)
    before = register.trail.events()
    with pytest.raises(RefusedError, match=r"include \| exclude"):
        register.questions.answer(asked.id, "maybe", "officer")
    for unknown in ("q-000000000000", "' OR 1=1 --"):
        with pytest.raises(RefusedError, match="no question"):
            register.questions.answer(unknown, "include", "officer")
    assert register.trail.events() == before
    assert register.questions.all() == (asked,)


def test_closed_request_takes_no_answer(register: Register, opened: Request) -> None:
    asked = ask(register, opened.id)
    moved(register, opened.id, State.WITHDRAWN)
    assert register.questions.all() == ()
    before = register.trail.events()
    with pytest.raises(TooLateError, match="it is closed"):
        register.questions.answer(asked.id, "include", "officer")
    with pytest.raises(TooLateError, match="it is closed"):
        register.decisions.take(opened.id, "review", "approved", "officer", about=DIGEST)
    with pytest.raises(RefusedError, match="cannot become"):
        ask(register, opened.id, kind="review")
    assert register.trail.events() == before
    assert len(register.questions.all(open_only=False)) == 1
