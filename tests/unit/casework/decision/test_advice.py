"""The data protection officer advises themselves, and decisions quote them."""

import json

import pytest
from tests.support.deciding import Bureau

from afschrift.casework.actions.action import Subject, perform
from afschrift.casework.actions.actions import actions_of, open_actions, situation
from afschrift.domain.errors import FormError, NotAllowedError

[ADVISE] = [action for action in actions_of(Subject.REQUEST) if action.name == "advise"]
WORDS = "Te vroeg: vraag eerst wat zij zoekt. Kwikstaart."
EXCESS = ("refuse", "manifestly_excessive")


def advise(bureau: Bureau, request: str, by: str, text: str = WORDS) -> None:
    perform(bureau.officer(by), ADVISE, request, {"text": text})


def test_only_the_data_protection_officer_gives_advice(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    for account in ("cli:anna", "airflow:sam", "cli:ada", "cli:root"):
        with pytest.raises(NotAllowedError, match="role dpo"):
            advise(bureau, request, account)
        assert ADVISE not in open_actions(
            bureau.officer(account), situation(bureau.officer(account), Subject.REQUEST, request)
        )
    assert len(bureau.events("answer_refused", request)) == 4
    with pytest.raises(FormError):
        advise(bureau, request, "cli:dirk", " ")
    assert not bureau.events("case_text_added", request)
    dirk = bureau.officer("cli:dirk")
    assert open_actions(dirk, situation(dirk, Subject.REQUEST, request)) == [ADVISE]
    advise(bureau, request, "cli:dirk")
    [payload] = bureau.events("case_text_added", request)
    assert payload["kind"] == "dpo_advice"
    assert "Kwikstaart" not in repr(bureau.register.trail.events(request))
    [line] = [
        line.value
        for line in bureau.seen(question)["Advice of the data protection officer"].lines
        if line.label == "In words"
    ]
    assert line == WORDS


def test_a_decision_quotes_the_last_advice(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    advise(bureau, request, "cli:dirk", "Eens.")
    advise(bureau, request, "airflow:dirk")
    with pytest.raises(FormError) as wrong:
        bureau.answer(question, *EXCESS, dpo_advice="De FG vindt het goed.")
    assert set(wrong.value.fields) == {"dpo_advice"}
    assert bureau.register.questions.get(question.id).answered_at is None
    done = bureau.answer(question, *EXCESS, dpo_advice=None)
    text = bureau.register.decisions.text(request, str(done.decision.text))
    assert json.loads(str(text))["dpo_advice"] == WORDS
