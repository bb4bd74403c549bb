"""A kind of question shows what is judged: masked until an account that may answer asks, and each look is recorded."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from testbed.register_reader import faults
from tests.support.deciding import ROLES, Bureau
from typer.testing import CliRunner

from afschrift.casework.answer import look
from afschrift.casework.handlers import HANDLERS, Handlers
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS
from afschrift.cli.main import app
from afschrift.domain.errors import NotAllowedError, RefusedError, TooLateError
from afschrift.law.roles import Person, Role, Roles
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.questions.view import NOT_FOR_ROLE, Kept, Line, Section, masked
from afschrift.register.records import QuestionRow

VALUE, WORDS = "ann.canary@example.org", "She said so herself."
DIRK = Person("Dirk", frozenset({"cli:dirk"}), frozenset({Role.DPO}))
WITH_DPO = Roles((*ROLES.people, DIRK))


def view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    kept = officer.register.questions.kept(question.id)
    lines = (
        Line("E-mail", kept.get("mail", "gone"), Kept.MASKED),
        Line("Words", WORDS, Kept.ROLE),
        Line("Rows", "3"),
    )
    return (Section("Where", lines, ("Table", "Rows"), (("shop.orders", 3),)),)


TOY = QuestionKind("toy", "A toy", "Is it?", {"yes": "It is.", "no": "It is not."})


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Bureau, QuestionRow]:
    monkeypatch.setitem(KINDS, TOY.name, TOY)
    monkeypatch.setitem(HANDLERS, TOY.name, Handlers(view=view))
    bureau = Bureau.open(tmp_path, monkeypatch)
    request = bureau.store()
    ask(bureau.register, request, [OpenQuestion(TOY, TOY.options, "A toy.", {"n": 1}, kept={"mail": VALUE})])
    [question] = bureau.register.questions.all(request_id=request)
    return bureau, question


def values(bureau: Bureau, question: QuestionRow, by: str, *, unmask: bool = False) -> list[str]:
    found = look(Officer(bureau.register, WITH_DPO, by), question.id, unmask=unmask)
    assert found is not None
    return [line.value for line in found.sections[0].lines]


def looks(bureau: Bureau, question: QuestionRow) -> list[tuple[str, str, str]]:
    found = bureau.register.trail.events(question.request)
    return [
        (header.actor, payload["role"], payload["values"])
        for header, payload in found
        if header.type == "question_viewed" and payload
    ]


def test_who_may_answer_sees_values_masked_and_whole_once_they_ask(asked: tuple[Bureau, QuestionRow]) -> None:
    bureau, question = asked
    assert values(bureau, question, "cli:anna") == [masked(VALUE), WORDS, "3"]
    assert values(bureau, question, "cli:anna", unmask=True) == [VALUE, WORDS, "3"]
    assert values(bureau, question, "cli:dirk") == [NOT_FOR_ROLE, NOT_FOR_ROLE, "3"]
    assert looks(bureau, question) == [
        ("cli:anna", "officer", "masked"),
        ("cli:anna", "officer", "unmasked"),
        ("cli:dirk", "dpo", "counts"),
    ]


@pytest.mark.parametrize("by", ["cli:dirk", "airflow:sam", "cli:stranger"])
def test_others_see_no_value_and_the_attempt_is_recorded(asked: tuple[Bureau, QuestionRow], by: str) -> None:
    bureau, question = asked
    with pytest.raises(NotAllowedError):
        look(Officer(bureau.register, WITH_DPO, by), question.id, unmask=True)
    assert looks(bureau, question) == []
    header, _ = bureau.register.trail.events(question.request)[-1]
    assert (header.type, header.actor) == ("answer_refused", by)


def test_of_an_answered_question_no_value_is_shown(asked: tuple[Bureau, QuestionRow]) -> None:
    bureau, question = asked
    bureau.answer(question, "yes")
    assert values(bureau, question, "cli:anna") == [masked(VALUE), WORDS, "3"]
    with pytest.raises(TooLateError):
        look(bureau.officer("cli:anna"), question.id, unmask=True)


def test_what_it_shows_is_encrypted_and_goes_with_the_key(asked: tuple[Bureau, QuestionRow]) -> None:
    bureau, question = asked
    register = bureau.register
    assert question.detail == {"n": 1}
    recorded = json.dumps([payload for _, payload in register.trail.events(question.request)])
    assert (VALUE in recorded, "kept_hmac" in recorded) == (False, True)
    assert VALUE not in repr(asdict(question))
    assert register.questions.kept(question.id) == {"mail": VALUE}
    texts = register.cases.texts(question.request, "cli:anna")
    assert [field.kind for field in texts] == ["request"]  # it is no text of the case file
    assert register.cases.get(question.request).texts == 1
    assert faults(bureau.settings.register) == []
    register.data_keys.shred(question.request, "test")
    assert register.questions.kept(question.id) == {}
    seen = look(bureau.officer("cli:anna"), question.id)
    assert seen is not None
    [section] = seen.sections
    assert "was destroyed" in section.lines[0].value
    files = [path for path in bureau.settings.home.rglob("*") if path.is_file()]
    assert any(path.name.startswith("register.db") for path in files)
    assert not any(VALUE.encode() in path.read_bytes() for path in files)


def test_an_open_question_keeps_what_it_showed_first(asked: tuple[Bureau, QuestionRow]) -> None:
    bureau, question = asked
    again = OpenQuestion(TOY, TOY.options, "A toy.", {"n": 1}, kept={"mail": "other@example.org"})
    ask(bureau.register, question.request, [again])
    assert [q.id for q in bureau.register.questions.all(request_id=question.request)] == [question.id]
    assert bureau.register.questions.kept(question.id) == {"mail": VALUE}


def test_a_view_that_cannot_be_made_says_why_and_blocks_no_answer(
    asked: tuple[Bureau, QuestionRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
        raise RefusedError("The map is torn.", remedy="mend it.")

    monkeypatch.setitem(HANDLERS, TOY.name, Handlers(view=broken))
    bureau, question = asked
    assert values(bureau, question, "cli:anna") == ["The map is torn. What to do: mend it."]


def test_the_terminal_shows_the_same(asked: tuple[Bureau, QuestionRow]) -> None:
    _, question = asked
    shown = CliRunner().invoke(app, ["questions", "show", question.id])
    assert f"    E-mail: {masked(VALUE)}" in shown.output
    assert "    shop.orders  3" in shown.output
    assert VALUE not in shown.output
    whole = CliRunner().invoke(app, ["questions", "show", question.id, "--unmask", "--json"])
    assert json.loads(whole.output)["sections"][0]["lines"][0]["value"] == VALUE


@pytest.mark.parametrize(
    ("value", "left"), [("", "••••"), ("123", "••••"), ("4711", "4••••1"), (VALUE, "an••••rg")]
)
def test_a_mask_leaves_little_and_hides_the_length(value: str, left: str) -> None:
    assert masked(value) == left
