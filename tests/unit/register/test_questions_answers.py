import pytest
from tests.support.moves import moved
from tests.support.nightly import both_databases
from tests.unit.conftest import Open

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

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
    assert asked == QuestionRow(
        id=asked.id,
        request=opened.id,
        kind="unclassified",
        role="officer",
        options=("include", "exclude"),
        detail={"columns": ["shop.customer.note"]},
        about=DIGEST,
        asked_at=asked.asked_at,
        answered_at=None,
    )
    types = [header.type for header, _ in register.trail.events(opened.id)]
    assert types == ["request_received", "question_asked", "state_changed"]


def test_same_question_is_asked_once_another_is_added(register: Register, open_one: Open) -> None:
    request = open_one()
    asked = ask(register, request.id)
    before = register.trail.events()
    assert ask(register, request.id) == asked
    assert register.trail.events() == before
    others = {
        ask(register, request.id, kind="review").id,
        ask(register, request.id, about=None).id,
        ask(register, open_one().id).id,
    }
    assert len({asked.id, *others}) == 4
    assert register.requests.get(request.id).version == 2


def test_answered_question_can_be_asked_again(register: Register, opened: Request) -> None:
    asked = ask(register, opened.id)
    register.questions.answer(asked.id, "include", "jan.officer")
    before = register.trail.events()
    with pytest.raises(RefusedError, match="answered already") as error:
        register.questions.answer(asked.id, "exclude", "piet.officer")
    assert "jan.officer" not in str(error.value)
    assert register.trail.events() == before
    again = ask(register, opened.id)
    assert again.id != asked.id
    assert [q.id for q in register.questions.all(open_only=False)] == [asked.id, again.id]


def test_an_open_question_brings_back_needs_person(register: Register, opened: Request) -> None:
    asked = ask(register, opened.id)
    moved(register, opened.id, State.ACCEPTED)
    assert ask(register, opened.id) == asked
    assert register.requests.get(opened.id).state is State.NEEDS_PERSON


@both_databases
def test_an_answer_is_a_decision_and_moves_nothing(register: Register, opened: Request) -> None:
    asked = ask(register, opened.id)
    before = register.requests.get(opened.id)
    decided = register.questions.answer(
        asked.id, "exclude", "officer", {"table": "customer"}, "Because of Piet's note."
    )
    assert register.requests.get(opened.id) == before
    assert register.decisions.of(opened.id) == (decided,)
    assert (decided.kind, decided.choice, decided.by) == ("unclassified", "exclude", "officer")
    assert (decided.about, register.questions.all()) == (DIGEST, ())
    ((answered),) = register.questions.all(open_only=False, request_id=opened.id)
    assert answered.answered_at == decided.at
    header, payload = register.trail.events()[-1]
    assert (header.type, header.actor) == ("decision_taken", "officer")
    assert payload is not None
    assert payload["question"] == asked.id
    assert len(payload["text_hmac"]) == 64
    assert "Piet" not in repr(register.trail.events())


def test_a_decision_without_a_question_comes_in_order(register: Register, opened: Request) -> None:
    first = register.decisions.take(
        opened.id, "identity", "confirmed", "intake", detail={"method": "login", "level": 2}
    )
    second = register.decisions.take(opened.id, "review", "approved", "officer", about=DIGEST)
    assert register.decisions.of(opened.id) == (first, second)
    taken = [p for h, p in register.trail.events(opened.id) if p and h.type == "decision_taken"]
    assert [payload["text_hmac"] for payload in taken] == [None, None]


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
    with pytest.raises(RefusedError, match="closed"):
        register.questions.answer(asked.id, "include", "officer")
    with pytest.raises(RefusedError, match="cannot become"):
        ask(register, opened.id, kind="review")
    assert len(register.questions.all(open_only=False)) == 1


def test_question_closes_those_that_it_overtakes(register: Register, open_one: Open) -> None:
    request, other = open_one(), open_one()
    older, second = ask(register, request.id, kind="review"), ask(register, request.id)
    elsewhere = ask(register, other.id, kind="review")

    def next_(about: str = "cd" * 32) -> QuestionRow:
        return register.questions.ask(
            request.id, "review", options=["approved"], detail={}, about=about, overtakes=("review",)
        )

    newer = next_()
    assert next_() == newer  # asked again: nothing is overtaken by itself
    assert {q.id for q in register.questions.all(request_id=request.id)} == {second.id, newer.id}
    assert [q.id for q in register.questions.all(request_id=other.id)] == [elsewhere.id]
    overtaken = [p for h, p in register.trail.events(request.id) if h.type == "question_overtaken"]
    assert overtaken == [{"question": older.id, "overtaken_by": newer.id}]
    with pytest.raises(TooLateError, match="overtaken"):
        register.questions.answer(older.id, "include", "cli:anna")
    assert register.decisions.of(request.id) == ()
