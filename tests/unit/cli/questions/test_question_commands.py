"""Questions and answers at a terminal: what is shown, recorded and turned down."""

import getpass
import io
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from testbed.running import store
from tests.support.command_line import refused, run_command
from tests.support.ground_forms import GROUNDS, complete

from afschrift.casework.answer_form import answer_form
from afschrift.casework.officer import Officer
from afschrift.cli.forms import ask_answer, from_file
from afschrift.domain.errors import NeedsPersonError, TooLateError
from afschrift.law.roles import Roles
from afschrift.questions.kind import GivenAnswer
from afschrift.services import Services
from afschrift.steps.assess import assess

PROOF = ("--set", "method=call_back", "--set", "level=substantial")
WORDS = "Teruggebeld op het nummer van de kwikstaart."


@pytest.fixture
def asked(services: Services) -> tuple[str, str]:
    """A request at its identity question, and that question."""
    request = store(services, {"customer_id": "1"}, authenticated=None)
    with pytest.raises(NeedsPersonError):
        assess(services, request)
    return request, services.register.questions.all(request_id=request)[0].id


def test_a_question_is_shown_with_options_and_fields(asked: tuple[str, str]) -> None:
    request, question = asked
    shown = run_command("questions")
    assert f"{question}  {request}  identity  role officer" in shown
    assert "options confirmed, not_confirmed" in shown
    assert "level: low | substantial | high (How sure it is, needed for “Confirmed”)" in shown
    [row] = json.loads(run_command("questions", "--json"))
    assert (row["id"], row["form"]["properties"]["choice"]["enum"]) == (question, row["options"])
    assert row["answered_at"] is None


def test_answer_is_recorded_under_the_account_of_the_process(
    services: Services, asked: tuple[str, str], tmp_path: Path
) -> None:
    request, question = asked
    other = services.register.questions.ask(
        request, "unclassified", options=["include", "exclude"], detail={"columns": ["shop.a.b"]}
    ).id
    (tmp_path / "why.txt").write_text(WORDS, encoding="utf-8")
    answer = ("answer", question, "--choice")
    expected = run_command(*answer, "confirmed", *PROOF, "--text-file", tmp_path / "why.txt")
    assert "Recorded: identity = confirmed." in expected
    assert f"needs an answer to {other} too" in expected
    header, payload = services.register.trail.events(request)[-1]
    assert (header.actor, payload and payload["held"]["source"]) == (f"cli:{getpass.getuser()}", "terminal")
    assert WORDS not in repr(services.register.trail.events(request))
    assert f"afschrift run {request}" in run_command("answer", other, "--choice", "include")
    assert run_command("questions").startswith("No open question")
    assert question in run_command("questions", "--all")
    assert isinstance(refused(*answer, "not_confirmed"), TooLateError)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--choice", "perhaps"), "choose confirmed | not_confirmed"),
        (("--choice", "confirmed"), "method: is missing; it takes login | eid"),
        (("--choice", "confirmed", "--set", "method"), "write it as --set name=value"),
        (("--choice", "confirmed", *PROOF, "--set", "checked_on=kwikstaart"), "a date as 2026-11-25"),
        (("--choice", "confirmed", *PROOF, "--set", "naam=kwikstaart"), "1 field(s) that there are not"),
        (("--choice", "confirmed", *PROOF, "--text-file", "/nowhere/kwik"), "The text cannot be read"),
        (("--choice", "confirmed", *PROOF, "--run", "--airflow"), "give --run or --airflow"),
    ],
)
def test_a_mistake_records_nothing_and_says_what_to_do(
    services: Services, asked: tuple[str, str], words: tuple[str, ...], expected: str
) -> None:
    request, question = asked
    message = str(refused("answer", question, *words))
    assert expected in message
    assert "kwikstaart" not in message
    assert services.register.decisions.of(request) == ()


def test_a_decision_from_a_form_is_signed_and_leads_to_its_letter(services: Services, tmp_path: Path) -> None:
    request = store(services, {"customer_id": "1"}, received_at=datetime.now(UTC).isoformat())
    question = run_command("request", "decide", request).split()[0]
    assert "afschrift grounds list" in run_command("questions")
    assert "terminal" in str(refused("answer", question))
    empty = run_command("grounds", "show", "manifestly_unfounded", "--form")
    assert "is missing" in str(refused("answer", question, "--form", "-", stdin=empty))
    form = with_examples(empty).replace("Twaalf", "Kwikstaart")
    (tmp_path / "form.yml").write_text(form, encoding="utf-8")
    wrong = form.replace("manifestly_unfounded", "count")
    assert "(R47)" in str(refused("answer", question, "--form", "-", stdin=wrong))
    assert "give --form alone" in str(refused("answer", question, "--choice", "fulfil", "--form", "-"))
    assert "parts of an answer" in str(refused("answer", question, "--form", "-", stdin="kwikstaart: 1"))
    expected = run_command("answer", question, "--form", tmp_path / "form.yml")
    assert "Recorded: decision = refuse." in expected
    [signing] = services.register.questions.all(request_id=request)
    assert signing.id in expected
    assert "four eyes" in str(refused("answer", signing.id, "--choice", "agree"))
    roles = "people: {Sam: {accounts: ['cli:%s'], roles: [second_signer]}}"
    register = services.register
    decided = register.decisions.of(request)[-1]
    assert decided.by == f"cli:{getpass.getuser()}"
    (tmp_path / "home" / "roles.yml").write_text(roles % getpass.getuser(), encoding="utf-8")
    assert "four eyes" in str(refused("answer", signing.id, "--choice", "agree"))
    assert "Kwikstaart" not in repr(register.trail.events())


def with_examples(form: str) -> str:
    return re.sub(r"^  #   (\w+: .*)\n  \w+:$", r"  \1", form, flags=re.MULTILINE)


def parsed(text: str) -> GivenAnswer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        return from_file(Path("-"))


def test_each_ground_shows_a_form_that_does(services: Services) -> None:
    """What `grounds show --form` prints is empty; filled in with its examples, it reads back as that form."""
    listed = run_command("grounds", "list")
    for code, ground in GROUNDS.grounds.items():
        assert f"{code}  " in listed
        assert f"{code}  {ground.title['en']}" in run_command("grounds", "show", code)
        for outcome in ground.outcomes:
            printed = run_command("grounds", "show", code, "--form", "--choice", outcome.value)
            assert parsed(printed) == GivenAnswer(outcome.value, {"ground": code})
            filled = parsed(with_examples(printed))
            assert filled.choice == outcome.value
            form = {**filled.detail, **filled.texts}
            assert form.pop("ground") == code
            assert complete(code, outcome).items() <= form.items()
            assert set(form) <= set(ground.fields)
    for code in GROUNDS.never:
        assert "turned down" in run_command("grounds", "show", code)
    assert {load["code"] for load in json.loads(run_command("grounds", "list", "--json"))} == set(
        GROUNDS.codes
    )
    assert "rights_of_others" in run_command("grounds", "list", "--right", "access")
    assert "further_copy" not in run_command("grounds", "list", "--right", "portability")
    assert "no such ground" in str(refused("grounds", "show", "other"))


def test_a_decision_is_asked_for_field_by_field(
    services: Services, asked: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a real terminal: what is typed is the form, and lists end with an empty line."""
    choice = ["perhaps", "extend", "complexity", "several_requests", ""]
    typed = [*choice, "2026-12-24", "Veel werk.", "", "", ""]
    row = services.register.questions.get(asked[1])
    row = replace(row, kind="decision", options=("fulfil", "extend"))
    who = Officer(services.register, Roles(()), "cli:anna")
    screen, keyboard = os.openpty()
    os.write(screen, "".join(f"{line}\n" for line in typed).encode())
    with os.fdopen(keyboard) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        filled = ask_answer(partial(answer_form, who, row), row.options)
    os.close(screen)
    assert filled.choice == "extend"
    assert filled.detail == {
        "ground": "complexity",
        "complexity": ["several_requests"],
        "needed_until": "2026-12-24",
    }
    assert filled.texts == {"reasons": "Veel werk."}
