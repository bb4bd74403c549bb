"""A question assigned to one person: others may not answer it, deputies may, and it can be reassigned."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.days import days_away
from tests.support.deciding import ROLES, Bureau

from afschrift.domain.errors import NotAllowedError, RefusedError, TooLateError
from afschrift.questions.ask import assign, assigned_to


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return Bureau.open(tmp_path, monkeypatch)


def test_assigned_deputy_reassigned_and_back(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    register = bureau.register
    assert assign(register, ROLES, question.id, "anna", "cli:otto") == "anna"
    with pytest.raises(NotAllowedError, match="another person"):
        bureau.answer(question, "fulfil", by="cli:otto")
    refused = [
        p for h, p in register.trail.events(request) if h.type == "answer_refused" and h.actor == "cli:otto"
    ]
    assert refused == [{"kind": "decision", "role": "officer"}]
    assert register.questions.get(question.id).answered_at is None
    bureau.answer(question, "extend", "complexity", by="airflow:vera", needed_until=_until())  # a deputy
    again = bureau.asked(request)
    assign(register, ROLES, again.id, "otto", "cli:vera")
    assign(register, ROLES, again.id, None, "cli:otto")
    assert assigned_to(register.facts.timeline(request), again.id) is None
    bureau.answer(again, "fulfil", by="cli:vera")
    recorded = [
        p["fact"]["detail"]
        for h, p in register.trail.events(request)
        if h.type == "fact_question_assigned" and p
    ]
    assert [detail["to"] for detail in recorded] == ["anna", "otto", None]


def _until() -> str:

    return days_away(50).date().isoformat()


def test_who_cannot_be_given_it(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    register = bureau.register
    before = register.facts.timeline(request)
    for name in ("sam", "dirk", "unknown", "cli:root"):
        with pytest.raises(RefusedError, match="holds the role officer"):
            assign(register, ROLES, question.id, name, "cli:anna")
    for account in ("cli:dirk", "cli:ivo", "cli:root"):
        with pytest.raises(NotAllowedError):
            assign(register, ROLES, question.id, "vera", account)
    assert register.facts.timeline(request) == before
    bureau.answer(question, "refuse", "manifestly_excessive")
    [signing] = register.questions.all(request_id=request)
    with pytest.raises(NotAllowedError, match="four eyes"):
        assign(register, ROLES, signing.id, "anna", "cli:otto")
    assert assign(register, ROLES, signing.id, "sam", "cli:otto") == "sam"
    with pytest.raises(TooLateError):
        assign(register, ROLES, question.id, "vera", "cli:anna")
    bureau.sign(request)
