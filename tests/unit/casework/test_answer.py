"""One way to answer: role, four eyes, form; a new kind of question, and what it shows."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
from testbed.register_reader import faults
from tests.support.command_line import run_command
from tests.support.deciding import ROLES, Bureau
from tools import questions_page

from afschrift.casework.answer import answer_question, look, still_open, visible
from afschrift.casework.answer_rows import ANSWERS, answer_action, form_of
from afschrift.casework.identity.confirm import confirm_identity
from afschrift.casework.informing.question import INFORM_KIND
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS, kind_named
from afschrift.domain.errors import (
    FormError,
    NotAllowedError,
    RefusedError,
    TooLateError,
    UnknownQuestionError,
    UnknownRequestError,
)
from afschrift.law.roles import SIGNS, Role
from afschrift.questions.ask import ask, put
from afschrift.questions.forms import form
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.questions.view import NOT_FOR_ROLE, Kept, Line, Section, in_words, masked
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.steps.assess import assess

PROOF = {"method": "call_back", "level": "substantial"}


@pytest.fixture
def waiting(bureau: Bureau) -> QuestionRow:
    """The identity question of a request."""
    return bureau.asked(bureau.store(authenticated=None))


def test_an_answer_is_kept_with_account_time_role_and_authority(bureau: Bureau, waiting: QuestionRow) -> None:
    register, request = bureau.register, waiting.request
    assert (waiting.role, waiting.about is not None, waiting.form) == ("officer", True, form_of(waiting))
    kept = {**PROOF, "destination": "outbox"}
    words = "Rang her back on the number that we had."
    decided = bureau.reply(waiting, "confirmed", words, **PROOF).decision
    assert register.decisions.of(request) == (decided,)
    assert (decided.by, decided.about, decided.detail) == ("cli:anna", waiting.about, kept)
    header, payload = register.trail.events(request)[-1]
    assert (header.type, header.actor) == ("decision_taken", "cli:anna")
    assert waiting.asked_at < decided.at <= header.at
    assert payload["held"] == {"role": "officer", "source": "roles_file"}
    assert payload["detail"] == kept
    assert "Rang" not in repr(register.trail.events())
    assert assess(bureau.services, request)["request"] == request


def test_without_the_role_nothing_changes_but_the_trail(bureau: Bureau, waiting: QuestionRow) -> None:
    register, request = bureau.register, waiting.request
    before = register.requests.get(request)
    for by in ("airflow:sam", "airflow:dirk", "airflow:ada", "cli:ivo", "cli:root", "anna"):
        with pytest.raises(NotAllowedError, match="role officer"):
            bureau.reply(waiting, "confirmed", "words", by, **PROOF)
        with pytest.raises(NotAllowedError, match="role officer"):
            confirm_identity(bureau.officer(by), request, detail=PROOF)
        recorded = [(h.actor, p) for h, p in register.trail.events(request)][-2:]
        assert recorded == [(by, {"kind": "identity", "role": "officer"})] * 2
    assert register.decisions.of(request) == ()
    assert register.requests.get(request) == before
    assert register.questions.get(waiting.id).answered_at is None
    names = ("anna", "sam", "dirk", "ada", "ivo")
    seeing = {name for name in names if visible(ROLES, f"airflow:{name}", waiting)}
    assert seeing == {"anna", "dirk", "ada"}


def test_a_bad_form_leaves_the_register_as_it_was(bureau: Bureau, waiting: QuestionRow) -> None:
    register = bureau.register
    before = register.trail.events()
    for choice, detail in (
        ("perhaps", PROOF),
        ("confirmed", {}),
        ("confirmed", PROOF | {"name": "Ann"}),
        ("confirmed", PROOF | {"checked_on": "Ann"}),
        ("not_confirmed", PROOF),
    ):
        with pytest.raises(FormError) as caught:
            answer_question(bureau.officer(), waiting.id, choice, detail=detail)
        assert "Ann" not in str(caught.value)
    wrong = {"method": "passport of Ann", "level": "high"}
    with pytest.raises(FormError):
        confirm_identity(bureau.officer(), waiting.request, detail=wrong)
    for unknown in ("q-000000000000", "' OR 1=1 --", "req-000000000000"):
        with pytest.raises(UnknownQuestionError):
            answer_question(bureau.officer(), unknown, "confirmed")
    with pytest.raises(UnknownRequestError):
        confirm_identity(bureau.officer(), "req-000000000000", detail=PROOF)
    assert register.trail.events() == before
    assert register.questions.get(waiting.id).answered_at is None


def test_the_next_run_waits_for_the_last_answer(bureau: Bureau) -> None:
    register, request = bureau.register, bureau.store()
    ask = partial(register.questions.ask, kind="unclassified", options=["include", "exclude"])
    places = ((request, "a"), (request, "b"), (bureau.store(), "a"))
    first, second, other = (ask(about, detail={"columns": [column]}) for about, column in places)
    bureau.reply(first, "include")
    assert still_open(register, request) == (second.id,)
    bureau.reply(second, "exclude")
    assert still_open(register, request) == ()
    assert still_open(register, other.request) == (other.id,)
    put(register, request, OpenQuestion(INFORM_KIND, ("told",), "", {}))
    assert still_open(register, request) == ()  # no run waits for that


def test_a_question_asked_before_there_were_forms_has_that_of_its_kind(bureau: Bureau) -> None:
    request = bureau.store(authenticated=None)
    options = ["confirmed", "not_confirmed"]
    asked = bureau.register.questions.ask(request, "identity", options=options, detail={})
    assert asked.form is None
    with pytest.raises(FormError, match="method"):
        bureau.reply(asked, "confirmed")
    bureau.reply(asked, "confirmed", **PROOF)


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
    mail = Line("E-mail", kept.get("mail", "gone"), Kept.MASKED)
    lines = (mail, Line("Words", WORDS, Kept.ROLE), Line("Rows", "3"))
    return (Section("Where", lines, ("Table", "Rows"), (("shop.orders", 3),)),)


def toy(mail: str) -> OpenQuestion:
    return OpenQuestion(TOY, TOY.options, "A toy turned up.", {"n": 1}, kept={"mail": mail})


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    for kind in (TOY, SIGNED):
        monkeypatch.setitem(KINDS, kind.name, kind)
    monkeypatch.setitem(ANSWERS, TOY.name, answer_action(TOY, take, view, signature))
    bureau = Bureau.open(tmp_path, monkeypatch)
    request = bureau.store()
    ask(bureau.register, request, [toy(VALUE)])
    [question] = bureau.questions(request)
    return bureau, question


def values(bureau: Bureau, question: QuestionRow, by: str, *, unmask: bool = False) -> list[str]:
    found = look(bureau.officer(by), question.id, unmask=unmask)
    return [line.value for line in found.sections[0].lines]


def looks(bureau: Bureau, question: QuestionRow) -> list[tuple[str, str, str]]:
    found = bureau.register.trail.events(question.request)
    viewed = [(header.actor, payload) for header, payload in found if header.type == "question_viewed"]
    return [(actor, payload["role"], payload["values"]) for actor, payload in viewed if payload]


def test_the_terminal_and_the_documentation_show_it(asked: Asked) -> None:
    listing = run_command("questions")
    assert "options yes, no" in listing
    assert "size: a number (How large, needed for “Yes”)" in listing
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
    officer = bureau.officer()
    with pytest.raises(FormError, match="size"):
        answer_question(officer, question.id, "yes")
    done = answer_question(officer, question.id, "yes", detail={"size": 3})
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


def test_reasons_and_a_kind_of_an_earlier_version_are_put_in_words() -> None:
    for reason in ("part_left_out", "answered", "pointed_out", "names_unread"):
        assert in_words(reason) != reason.replace("_", " ").capitalize()
    assert kind_named("something_new").title == "Something new"


def test_who_may_answer_sees_values_masked_and_whole_once_they_ask(asked: Asked) -> None:
    bureau, question = asked
    assert values(bureau, question, "cli:anna") == [masked(VALUE), WORDS, "3"]
    assert values(bureau, question, "cli:anna", unmask=True) == [VALUE, WORDS, "3"]
    assert values(bureau, question, "cli:dirk") == [NOT_FOR_ROLE, NOT_FOR_ROLE, "3"]
    of_anna = [("cli:anna", "officer", how) for how in ("masked", "unmasked")]
    seen = [*of_anna, ("cli:dirk", "dpo", "counts")]
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
        look(bureau.officer(), question.id, unmask=True)


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

    monkeypatch.setitem(ANSWERS, TOY.name, answer_action(TOY, view=broken))
    bureau, question = asked
    assert values(bureau, question, "cli:anna") == ["The map is torn. What to do: mend it."]


@pytest.mark.parametrize(
    ("value", "left"), [("", "••••"), ("123", "••••"), ("4711", "4••••1"), (VALUE, "an••••rg")]
)
def test_a_mask_leaves_little_and_hides_the_length(value: str, left: str) -> None:
    assert masked(value) == left
