"""An officer who decides on a key or on several accounts sees them and the rows they reach; no digest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.deciding import Bureau

from afschrift.casework.answer import look
from afschrift.domain.errors import NeedsPersonError
from afschrift.questions.view import Kept, Section, masked
from afschrift.register.records import QuestionRow
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return Bureau.open(tmp_path, monkeypatch, all_tables=True)


def asked(bureau: Bureau, kind: str, keys: dict[str, str]) -> QuestionRow:
    request = bureau.store(keys=keys)
    assess(bureau.services, request)
    with pytest.raises(NeedsPersonError):
        classify(bureau.services, request)
    return next(q for q in bureau.register.questions.all(request_id=request) if q.kind == kind)


def seen(bureau: Bureau, question: QuestionRow) -> tuple[Section, ...]:
    found = look(bureau.officer("cli:anna"), question.id, unmask=True)
    assert found is not None
    return found.sections


def lines(section: Section) -> list[tuple[str, str, Kept]]:
    return [(line.label, line.value, line.kept) for line in section.lines]


def test_a_shared_key_shows_itself_its_others_and_what_it_finds(bureau: Bureau) -> None:
    question = asked(bureau, "shared_key", {"customer_id": "2"})
    key, found = seen(bureau, question)
    assert lines(key) == [
        ("Value", "tab", Kept.MASKED),
        ("This person's", "no days are known", Kept.ROLE),
        ("Used at the same time by", "1 other account", Kept.OPEN),
    ]
    assert found.heads == ("Table", "Rows that it finds", "Rows that nothing else finds")
    assert found.rows == (("shop.beat", 1, 1),)  # of his three: two by his other device


def test_days_on_which_a_key_was_the_persons_are_shown(bureau: Bureau) -> None:
    """Ann had the address until 2023; Cleo has had it since."""
    question = asked(bureau, "several_persons", {"customer_id": "1", "email": "bob@example.org"})
    first, second, held = seen(bureau, question)
    assert ("customer_id", "1", Kept.MASKED) in lines(first)
    assert ("Given with the request", "yes", Kept.OPEN) in lines(first)
    assert ("Reached by email", "ann@example.org", Kept.MASKED) in lines(first)
    assert ("Which was the requester's", "from 2023-01-01 on", Kept.ROLE) in lines(first)
    assert ("Given with the request", "no", Kept.OPEN) in lines(second)
    assert ("Reached by email", "bob@example.org", Kept.MASKED) in lines(second)
    assert held.heads == ("Table", "Rows of account 1", "Rows of account 2")
    assert ("shop.orders", 2, 1) in held.rows
    assert ("shop.customer", 1, 1) in held.rows


@pytest.mark.parametrize(
    ("kind", "keys", "value"),
    [
        ("shared_key", {"customer_id": "2"}, "tab"),
        ("several_persons", {"customer_id": "1", "email": "bob@example.org"}, "bob@example.org"),
    ],
)
def test_no_value_is_in_the_detail_or_the_trail(
    bureau: Bureau, kind: str, keys: dict[str, str], value: str
) -> None:
    question = asked(bureau, kind, keys)
    events = json.dumps([payload for _, payload in bureau.register.trail.events(question.request)])
    assert f'"{value}"' not in json.dumps(question.detail) + events
    found = look(bureau.officer("cli:anna"), question.id)
    assert found is not None
    assert found.more
    shown = [line.value for section in found.sections for line in section.lines]
    assert (value in shown, masked(value) in shown) == (False, True)


def test_the_same_is_asked_as_before_and_the_answer_counts(bureau: Bureau) -> None:
    """What is shown is no part of what is asked: a new row in the meantime asks no new question."""
    question = asked(bureau, "shared_key", {"customer_id": "2"})
    for open_question in bureau.register.questions.all(request_id=question.request):
        bureau.answer(
            open_question, "include" if open_question.kind == "shared_key" else open_question.options[0]
        )
    bureau.execute("INSERT INTO beat VALUES ('tab', '2024-03-01 00:00:00Z', 91)")
    classify(bureau.services, question.request)
