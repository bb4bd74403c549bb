from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.moves import moved

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

Open = Callable[..., Request]
DIGEST = "ab" * 32


def ask(
    register: Register, request_id: str, *, kind: str = "unclassified", about: str | None = DIGEST
) -> QuestionRow:
    return register.questions.ask(
        request_id,
        kind,
        options=("include", "exclude"),
        detail={"columns": ["shop.customer.note"]},
        about=about,
    )


def test_asking_moves_to_needs_person_with_both_events(register: Register, open_one: Open) -> None:
    one = open_one()
    asked = ask(register, one.id)
    assert register.requests.get(one.id).state is State.NEEDS_PERSON
    assert asked == QuestionRow(
        id=asked.id,
        request=one.id,
        kind="unclassified",
        role="officer",
        options=("include", "exclude"),
        detail={"columns": ["shop.customer.note"]},
        about=DIGEST,
        asked_at=asked.asked_at,
        answered_at=None,
    )
    types = [header.type for header, _ in register.trail.events(one.id)]
    assert types == ["request_received", "question_asked", "state_changed"]


def test_asking_the_same_again_changes_nothing_and_something_else_is_another_question(
    register: Register, open_one: Open
) -> None:
    one = open_one()
    asked = ask(register, one.id)
    before = register.trail.events()
    assert ask(register, one.id) == asked
    assert register.trail.events() == before
    others = {
        ask(register, one.id, kind="review").id,
        ask(register, one.id, about=None).id,
        ask(register, open_one().id).id,
    }
    assert len({asked.id, *others}) == 4
    assert register.requests.get(one.id).version == 2


def test_an_answered_question_may_be_asked_anew(register: Register, open_one: Open) -> None:
    one = open_one()
    asked = ask(register, one.id)
    register.questions.answer(asked.id, "include", "officer")
    again = ask(register, one.id)
    assert again.id != asked.id
    assert [q.id for q in register.questions.all(open_only=False)] == [asked.id, again.id]


def test_an_open_question_brings_the_request_back_to_needs_person(register: Register, open_one: Open) -> None:
    one = open_one()
    asked = ask(register, one.id)
    moved(register, one.id, State.ACCEPTED)
    assert ask(register, one.id) == asked
    assert register.requests.get(one.id).state is State.NEEDS_PERSON


def test_an_answer_is_a_decision_and_moves_nothing(register: Register, open_one: Open) -> None:
    one = open_one()
    asked = ask(register, one.id)
    before = register.requests.get(one.id)
    decided = register.questions.answer(
        asked.id, "exclude", "officer", {"table": "customer"}, "Because of Piet's note."
    )
    assert register.requests.get(one.id) == before
    assert register.decisions.of(one.id) == (decided,)
    assert (decided.kind, decided.choice, decided.by, decided.about) == (
        "unclassified",
        "exclude",
        "officer",
        DIGEST,
    )
    assert register.questions.all() == ()
    ((answered),) = register.questions.all(open_only=False, request_id=one.id)
    assert answered.answered_at == decided.at
    header, payload = register.trail.events()[-1]
    assert (header.type, header.actor) == ("decision_taken", "officer")
    assert payload is not None
    assert payload["question"] == asked.id
    assert len(payload["text_hmac"]) == 64
    assert "Piet" not in repr(register.trail.events())


def test_a_decision_without_a_question_comes_in_order(register: Register, open_one: Open) -> None:
    one = open_one()
    first = register.decisions.take(
        one.id, "identity", "confirmed", "intake", detail={"method": "login", "level": 2}
    )
    second = register.decisions.take(one.id, "review", "approved", "officer", about=DIGEST)
    assert register.decisions.of(one.id) == (first, second)
    assert [p["text_hmac"] for h, p in register.trail.events(one.id) if p and h.type == "decision_taken"] == [
        None,
        None,
    ]


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


def test_the_second_answer_is_turned_down(register: Register, open_one: Open) -> None:
    asked = ask(register, open_one().id)
    register.questions.answer(asked.id, "include", "jan.officer")
    before = register.trail.events()
    with pytest.raises(RefusedError, match="answered already") as told:
        register.questions.answer(asked.id, "exclude", "piet.officer")
    assert "jan.officer" not in str(told.value)
    assert register.trail.events() == before


def test_a_closed_request_has_no_open_questions_and_takes_no_answer(
    register: Register, open_one: Open
) -> None:
    one = open_one()
    asked = ask(register, one.id)
    moved(register, one.id, State.WITHDRAWN)
    assert register.questions.all() == ()
    with pytest.raises(RefusedError, match="closed"):
        register.questions.answer(asked.id, "include", "officer")
    with pytest.raises(RefusedError, match="cannot become"):
        ask(register, one.id, kind="review")
    assert len(register.questions.all(open_only=False)) == 1


def test_of_answers_at_once_one_wins_and_the_others_are_told(
    register: Register, open_one: Open, at_once: Callable[[str, int], list[str]]
) -> None:
    one = open_one()
    asked = ask(register, one.id)
    told = at_once(
        f"""
from afschrift.domain.errors import RefusedError
try:
    print(register.questions.answer({asked.id!r}, ["include", "exclude"][me % 2], f"officer{{me}}").by)
except RefusedError as error:
    assert "answered already" in str(error)
    print("told")
""",
        3,
    )
    assert told.count("told") == 2
    (decided,) = register.decisions.of(one.id)
    assert decided.by in told
    assert [h.type for h, _ in register.trail.events(one.id)].count("decision_taken") == 1


def test_the_same_question_asked_at_once_stands_once(
    register: Register, open_one: Open, at_once: Callable[[str, int], list[str]]
) -> None:
    one = open_one()
    told = at_once(f"print(register.questions.ask({one.id!r}, 'review', options=['yes'], detail={{}}).id)", 3)
    assert len(set(told)) == 1
    assert [h.type for h, _ in register.trail.events(one.id)] == [
        "request_received",
        "question_asked",
        "state_changed",
    ]


def test_what_is_asked_next_closes_older_questions_of_the_kinds_it_overtakes(
    register: Register, open_one: Open
) -> None:
    one, other = open_one(), open_one()
    older, beside = ask(register, one.id, kind="review"), ask(register, one.id)
    elsewhere = ask(register, other.id, kind="review")

    def next_(about: str = "cd" * 32) -> QuestionRow:
        return register.questions.ask(
            one.id, "review", options=["approved"], detail={}, about=about, overtakes=("review",)
        )

    newer = next_()
    assert next_() == newer  # asked again: nothing is overtaken by itself
    assert {q.id for q in register.questions.all(request_id=one.id)} == {beside.id, newer.id}
    assert [q.id for q in register.questions.all(request_id=other.id)] == [elsewhere.id]
    told = [
        payload for header, payload in register.trail.events(one.id) if header.type == "question_overtaken"
    ]
    assert told == [{"question": older.id, "overtaken_by": newer.id}]
    with pytest.raises(TooLateError, match="overtaken"):
        register.questions.answer(older.id, "include", "cli:anna")
    assert register.decisions.of(one.id) == ()
