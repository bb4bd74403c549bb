"""Kinds of questions: each is put in words, and a new one takes an object, a name and its handlers alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.deciding import ROLES, Bureau
from tools import questions_page
from typer.testing import CliRunner

from afschrift.casework.answer import answer_question
from afschrift.casework.handlers import HANDLERS, Handlers
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS, kind_named
from afschrift.cli.main import app
from afschrift.domain.errors import FormError
from afschrift.law.roles import SIGNS, Role
from afschrift.questions.ask import ask
from afschrift.questions.forms import form
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.questions.view import in_words
from afschrift.register.records import DecisionRow, QuestionRow


def take(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    detail = {**given.detail, "second_signer": True}
    decision = officer.register.questions.answer(
        question.id, given.choice, officer.by, detail, given.text, authority=given.authority
    )
    return Answered(decision, question.request)


def signature(decision: DecisionRow, question: QuestionRow) -> OpenQuestion:
    return OpenQuestion(SIGNED, SIGNS, "Another looks.", {"question": question.id}, bound=decision.about)


SIGNED = QuestionKind(
    "toy_signed", "Toy signed", "Is it?", dict.fromkeys(SIGNS, "So be it."), Role.SECOND_SIGNER
)
TOY = QuestionKind(
    "toy",
    "A toy",
    "Is it a toy?",
    {"yes": "It is played with.", "no": "It stays in its box."},
    form=form(("yes", "no"), {"size": {"title": "How large", "type": "integer"}}, {"yes": ("size",)}),
)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Bureau, QuestionRow]:
    for kind in (TOY, SIGNED):
        monkeypatch.setitem(KINDS, kind.name, kind)
    monkeypatch.setitem(HANDLERS, TOY.name, Handlers(take, signed_by=signature))
    bureau = Bureau.open(tmp_path, monkeypatch)
    request = bureau.store()
    ask(bureau.register, request, [OpenQuestion(TOY, TOY.options, "A toy turned up.")])
    [question] = bureau.register.questions.all(request_id=request)
    return bureau, question


@pytest.mark.usefixtures("airflow_env")
def test_the_terminal_the_page_and_the_documentation_show_it(asked: tuple[Bureau, QuestionRow]) -> None:
    from afschrift.web.form import form_for  # imports Airflow: set up first

    bureau, question = asked
    listing = CliRunner().invoke(app, ["questions"]).output
    assert "options yes, no" in listing
    assert "size: a value of type integer (How large, needed for yes)" in listing
    page = form_for(bureau.register, question, {})
    assert (page.words.title, page.words.does["no"]) == ("A toy", "It stays in its box.")
    assert [field.name for field in page.fields] == ["size"]
    shown = "## `toy`\n\nIs it a toy?\n\n- `yes`: It is played with.\n- `no`: It stays in its box.\n"
    assert shown in questions_page.page()


def test_its_answer_is_taken_and_signed(asked: tuple[Bureau, QuestionRow]) -> None:
    bureau, question = asked
    with pytest.raises(FormError, match="size"):
        answer_question(Officer(bureau.register, ROLES, "cli:anna"), question.id, "yes")
    done = answer_question(
        Officer(bureau.register, ROLES, "cli:anna"), question.id, "yes", detail={"size": 3}
    )
    assert done.signer is not None
    assert done.signer in done.next_step
    signed = answer_question(Officer(bureau.register, ROLES, "cli:sam"), done.signer, "agree")
    assert (signed.decision.kind, signed.decision.about) == ("toy_signed", done.decision.about)


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_says_what_it_does(kind: str) -> None:
    words = KINDS[kind]
    assert words.name == kind
    assert words.title
    assert words.asks
    assert all(words.does.values())


@pytest.mark.parametrize("reason", ["part_left_out", "answered", "pointed_out", "names_unread"])
def test_why_a_bundle_is_reviewed_is_put_in_words(reason: str) -> None:
    assert in_words(reason) != reason.replace("_", " ").capitalize()


def test_a_kind_of_an_earlier_version_is_shown_all_the_same() -> None:
    assert kind_named("something_new").title == "Something new"
