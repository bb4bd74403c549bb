"""A new kind of question takes an object, a name and its handlers alone, and shows what is judged to who may see it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from testbed.register_reader import faults
from tests.support.command_line import run_command
from tests.support.deciding import Bureau
from tools import questions_page

from afschrift.casework.answer import answer_question, look
from afschrift.casework.handlers import HANDLERS, Handlers
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS, kind_named
from afschrift.domain.errors import FormError, NotAllowedError, RefusedError, TooLateError
from afschrift.law.roles import SIGNS, Role
from afschrift.questions.ask import ask
from afschrift.questions.forms import form
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.questions.view import NOT_FOR_ROLE, Kept, Line, Section, in_words, masked
from afschrift.register.records import DecisionRow, QuestionRow

VALUE, WORDS = "ann.canary@example.org", "She said so herself."
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
Asked = tuple[Bureau, QuestionRow]


def take(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    detail = {**given.detail, "second_signer": True}
    decision = officer.register.questions.answer(
        question.id, given.choice, officer.by, detail, given.text, authority=given.authority
    )
    return Answered(decision, question.request)


def signature(decision: DecisionRow, question: QuestionRow) -> OpenQuestion:
    return OpenQuestion(SIGNED, SIGNS, "Another looks.", {"question": question.id}, bound=decision.about)


def view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    kept = officer.register.questions.kept(question.id)
    lines = (
        Line("E-mail", kept.get("mail", "gone"), Kept.MASKED),
        Line("Words", WORDS, Kept.ROLE),
        Line("Rows", "3"),
    )
    return (Section("Where", lines, ("Table", "Rows"), (("shop.orders", 3),)),)


def toy(mail: str) -> OpenQuestion:
    return OpenQuestion(TOY, TOY.options, "A toy turned up.", {"n": 1}, kept={"mail": mail})


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    for kind in (TOY, SIGNED):
        monkeypatch.setitem(KINDS, kind.name, kind)
    monkeypatch.setitem(HANDLERS, TOY.name, Handlers(take, signed_by=signature, view=view))
    bureau = Bureau.open(tmp_path, monkeypatch)
    request = bureau.store()
    ask(bureau.register, request, [toy(VALUE)])
    [question] = bureau.register.questions.all(request_id=request)
    return bureau, question


def values(bureau: Bureau, question: QuestionRow, by: str, *, unmask: bool = False) -> list[str]:
    found = look(bureau.officer(by), question.id, unmask=unmask)
    assert found is not None
    return [line.value for line in found.sections[0].lines]


def looks(bureau: Bureau, question: QuestionRow) -> list[tuple[str, str, str]]:
    found = bureau.register.trail.events(question.request)
    viewed = [(header.actor, payload) for header, payload in found if header.type == "question_viewed"]
    return [(actor, payload["role"], payload["values"]) for actor, payload in viewed if payload]


def test_the_terminal_and_the_documentation_show_it(asked: Asked) -> None:
    listing = run_command("questions")
    assert "options yes, no" in listing
    assert "size: a value of type integer (How large, needed for yes)" in listing
    shown = "## `toy`\n\nIs it a toy?\n\n- `yes`: It is played with.\n- `no`: It stays in its box.\n"
    assert shown in questions_page.page()
    show = ("questions", "show", asked[1].id)
    shown = run_command(*show)
    assert f"    E-mail: {masked(VALUE)}" in shown
    assert "    shop.orders  3" in shown
    assert VALUE not in shown
    whole = json.loads(run_command(*show, "--unmask", "--json"))
    assert whole["sections"][0]["lines"][0]["value"] == VALUE


def test_its_answer_is_taken_and_signed(asked: Asked) -> None:
    bureau, question = asked
    officer = bureau.officer("cli:anna")
    with pytest.raises(FormError, match="size"):
        answer_question(officer, question.id, "yes")
    done = answer_question(officer, question.id, "yes", detail={"size": 3})
    assert done.signer is not None
    assert done.signer in done.next_step
    signed = answer_question(bureau.officer("cli:sam"), done.signer, "agree")
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


def test_who_may_answer_sees_values_masked_and_whole_once_they_ask(asked: Asked) -> None:
    bureau, question = asked
    assert values(bureau, question, "cli:anna") == [masked(VALUE), WORDS, "3"]
    assert values(bureau, question, "cli:anna", unmask=True) == [VALUE, WORDS, "3"]
    assert values(bureau, question, "cli:dirk") == [NOT_FOR_ROLE, NOT_FOR_ROLE, "3"]
    seen = [
        ("cli:anna", "officer", "masked"),
        ("cli:anna", "officer", "unmasked"),
        ("cli:dirk", "dpo", "counts"),
    ]
    assert looks(bureau, question) == seen
    for by in ("cli:dirk", "airflow:sam", "cli:stranger"):
        with pytest.raises(NotAllowedError):
            look(bureau.officer(by), question.id, unmask=True)
        header, _ = bureau.register.trail.events(question.request)[-1]
        assert (header.type, header.actor) == ("answer_refused", by)
    assert looks(bureau, question) == seen
    bureau.answer(question, "no")
    assert values(bureau, question, "cli:anna") == [masked(VALUE), WORDS, "3"]
    with pytest.raises(TooLateError):
        look(bureau.officer("cli:anna"), question.id, unmask=True)


def test_what_it_shows_is_encrypted_and_goes_with_the_key(asked: Asked) -> None:
    bureau, question = asked
    register = bureau.register
    assert question.detail == {"n": 1}
    recorded = json.dumps([payload for _, payload in register.trail.events(question.request)])
    assert (VALUE in recorded, "kept_hmac" in recorded) == (False, True)
    assert VALUE not in repr(asdict(question))
    assert register.questions.kept(question.id) == {"mail": VALUE}
    ask(register, question.request, [toy("other@example.org")])  # it keeps what it showed first
    assert [q.id for q in register.questions.all(request_id=question.request)] == [question.id]
    assert register.questions.kept(question.id) == {"mail": VALUE}
    texts = register.cases.texts(question.request, "cli:anna")
    assert [field.kind for field in texts] == ["request"]  # it is no text of the case file
    assert register.cases.get(question.request).texts == 1
    assert faults(bureau.settings.register) == []
    register.data_keys.shred(question.request, "test")
    assert register.questions.kept(question.id) == {}
    [destroyed] = values(bureau, question, "cli:anna")
    assert "was destroyed" in destroyed
    files = [path for path in bureau.settings.home.rglob("*") if path.is_file()]
    assert any(path.name.startswith("register.db") for path in files)
    assert not any(VALUE.encode() in path.read_bytes() for path in files)


def test_a_view_that_cannot_be_made_says_why_and_blocks_no_answer(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
        raise RefusedError("The map is torn.", remedy="mend it.")

    monkeypatch.setitem(HANDLERS, TOY.name, Handlers(view=broken))
    bureau, question = asked
    assert values(bureau, question, "cli:anna") == ["The map is torn. What to do: mend it."]


@pytest.mark.parametrize(
    ("value", "left"), [("", "••••"), ("123", "••••"), ("4711", "4••••1"), (VALUE, "an••••rg")]
)
def test_a_mask_leaves_little_and_hides_the_length(value: str, left: str) -> None:
    assert masked(value) == left
