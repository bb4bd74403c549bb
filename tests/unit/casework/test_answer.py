"""One way to answer: role, four eyes, form, and one winner of two, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from testbed.mini import write_inventory
from testbed.running import installation, store
from tests.support.moves import moved

from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question, form_of, still_open, visible
from afschrift.casework.identity.confirm import confirm_identity
from afschrift.casework.identity.confirmed import identity_question
from afschrift.casework.officer import Officer
from afschrift.domain.errors import (
    FormError,
    NeedsPersonError,
    NotAllowedError,
    TooLateError,
    UnknownQuestionError,
    UnknownRequestError,
)
from afschrift.domain.state import State
from afschrift.law.roles import Person, Role, Roles
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import initialise
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.wiring.build_services import build

DIGEST = "ab" * 32
PROOF = {"method": "call_back", "level": "substantial"}


def person(name: str, *roles: Role) -> Person:
    return Person(name, frozenset({f"airflow:{name}", f"cli:{name}"}), frozenset(roles))


ROLES = Roles(
    (
        person("anna", Role.OFFICER, Role.SECOND_SIGNER),
        person("sam", Role.SECOND_SIGNER),
        person("dirk", Role.DPO),
        person("ada", Role.AUDITOR),
        person("ivo", Role.INTAKE),
    )
)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Services:
    """An installation whose register is on one of the two databases."""
    env = {
        "AFSCHRIFT_HOME": str(tmp_path / "home"),
        "AFSCHRIFT_INVENTORY": str(write_inventory(tmp_path / "i")),
    }
    if request.param == "postgresql":
        env["AFSCHRIFT_REGISTER"] = request.getfixturevalue("postgres").url
    settings = Settings.from_environment(env)
    initialise(settings)
    return build(lambda line: None, settings)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))


def waiting(services: Services) -> tuple[str, str]:
    """A request at its identity question."""
    request = store(services, {"customer_id": "1"}, authenticated=None)
    with pytest.raises(NeedsPersonError):
        assess(services, request)
    [question] = services.register.questions.all(request_id=request)
    return request, question.id


def test_an_answer_is_kept_with_account_time_role_and_authority(either: Services) -> None:
    register, (request, question) = either.register, waiting(either)
    asked = register.questions.get(question)
    assert (asked.role, asked.about is not None, asked.form) == ("officer", True, form_of(asked))
    words = "Rang her back on the number that we had."
    decided = answer_question(
        Officer(register, ROLES, "cli:anna"), question, "confirmed", detail=PROOF, text=words
    ).decision
    assert register.decisions.of(request) == (decided,)
    assert (decided.by, decided.about, decided.detail) == ("cli:anna", asked.about, PROOF)
    header, payload = register.trail.events(request)[-1]
    assert (header.type, header.actor) == ("decision_taken", "cli:anna")
    assert asked.asked_at < decided.at <= header.at
    assert payload is not None
    assert payload["held"] == {"role": "officer", "source": "roles_file"}
    assert payload["detail"] == PROOF
    assert "Rang" not in repr(register.trail.events())
    assert assess(either, request)["request"] == request


def test_of_simultaneous_answers_only_the_first_counts(either: Services, tmp_path: Path) -> None:
    register, (request, question) = either.register, waiting(either)
    url = register.store.database.url.render_as_string(hide_password=False)
    ready = threading.Barrier(8)

    def one_of_them(number: int) -> str:
        own = Register(url, KeyStore.open(tmp_path / "home" / "keys.json"))
        detail, choice = (PROOF, "confirmed") if number % 2 else ({"doubt": "keys_disagree"}, "not_confirmed")
        ready.wait()
        try:
            return answer_question(
                Officer(own, ROLES, "cli:anna"), question, choice, detail=detail, text=str(number)
            ).decision.choice
        except TooLateError as error:
            assert "answered already" in str(error)
            return "too late"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one_of_them, range(8)))
    assert outcomes.count("too late") == 7
    [decision] = register.decisions.of(request)
    assert decision.choice in outcomes
    assert [h.type for h, _ in register.trail.events(request)].count("decision_taken") == 1
    with Database(url).read() as tx:
        texts = tx.execute(text("SELECT count(*) FROM message WHERE kind = 'decision'")).scalar()
    assert texts == 1


@pytest.mark.parametrize("by", ["airflow:sam", "airflow:dirk", "airflow:ada", "cli:ivo", "cli:root", "anna"])
def test_without_the_role_nothing_changes_but_the_trail(services: Services, by: str) -> None:
    register, (request, question) = services.register, waiting(services)
    before = register.requests.get(request)
    with pytest.raises(NotAllowedError, match="role officer"):
        answer_question(Officer(register, ROLES, by), question, "confirmed", detail=PROOF, text="words")
    with pytest.raises(NotAllowedError, match="role officer"):
        confirm_identity(Officer(register, ROLES, by), request, detail=PROOF)
    assert register.decisions.of(request) == ()
    assert register.requests.get(request) == before
    assert register.questions.get(question).answered_at is None
    recorded = [(h.actor, p) for h, p in register.trail.events(request) if h.type == "answer_refused"]
    assert recorded == [(by, {"kind": "identity", "role": "officer"})] * 2


def test_who_sees_a_question(services: Services) -> None:
    asked = services.register.questions.get(waiting(services)[1])
    seeing = {
        name for name in ("anna", "sam", "dirk", "ada", "ivo") if visible(ROLES, f"airflow:{name}", asked)
    }
    assert seeing == {"anna", "dirk", "ada"}


def test_who_decided_does_not_sign(services: Services) -> None:
    register, request = services.register, store(services, {"customer_id": "1"})
    register.decisions.take(request, "refusal", "refuse", "airflow:anna", about=DIGEST)
    ask = {"options": ["agree", "disagree"], "role": "second_signer"}
    about_it = register.questions.ask(request, "refusal_signed", detail={}, about=DIGEST, **ask).id  # type: ignore[arg-type]
    other = register.questions.ask(request, "refusal_signed", detail={}, about="cd" * 32, **ask).id  # type: ignore[arg-type]
    for account in ("airflow:anna", "cli:anna"):
        with pytest.raises(NotAllowedError, match="four eyes"):
            answer_question(Officer(register, ROLES, account), about_it, "agree")
    assert [h.type for h, _ in register.trail.events(request)].count("answer_refused") == 2
    answer_question(Officer(register, ROLES, "cli:anna"), other, "agree")
    assert (
        answer_question(Officer(register, ROLES, "airflow:sam"), about_it, "agree").decision.by
        == "airflow:sam"
    )


def test_a_bad_form_leaves_the_register_as_it_was(services: Services) -> None:
    register, (request, question) = services.register, waiting(services)
    before = register.trail.events()
    for choice, detail in (
        ("perhaps", PROOF),
        ("confirmed", {}),
        ("confirmed", PROOF | {"name": "Ann"}),
        ("confirmed", PROOF | {"checked_on": "Ann"}),
        ("not_confirmed", PROOF),
    ):
        with pytest.raises(FormError) as caught:
            answer_question(Officer(register, ROLES, "cli:anna"), question, choice, detail=detail)
        assert "Ann" not in str(caught.value)
    with pytest.raises(FormError):
        confirm_identity(
            Officer(register, ROLES, "cli:anna"),
            request,
            detail={"method": "passport of Ann", "level": "high"},
        )
    assert register.trail.events() == before
    assert register.questions.get(question).answered_at is None


def test_nothing_is_decided_on_a_closed_request(either: Services) -> None:
    register, (request, question) = either.register, waiting(either)
    untouched = store(either, {"customer_id": "1"})
    for each in (request, untouched):
        moved(register, each, State.WITHDRAWN)
    before = register.trail.events()
    with pytest.raises(TooLateError, match="it is closed"):
        answer_question(Officer(register, ROLES, "cli:anna"), question, "confirmed", detail=PROOF)
    with pytest.raises(TooLateError, match="it is closed"):
        confirm_identity(Officer(register, ROLES, "cli:anna"), request, detail=PROOF)
    with pytest.raises(TooLateError, match="it is closed"):
        register.decisions.take(untouched, "review", "approved", "cli:anna", about=DIGEST)
    assert register.trail.events() == before


def test_identity_may_be_confirmed_before_anybody_asks(services: Services) -> None:
    register = services.register
    request = store(services, {"customer_id": "1"}, authenticated=None)
    decided = confirm_identity(Officer(register, ROLES, "airflow:anna"), request, detail=PROOF)
    assert (decided.kind, decided.choice) == ("identity", "confirmed")
    assert decided.about == identity_question(register, request).about  # it holds for these keys alone
    assert assess(services, request)["request"] == request
    assert register.questions.all(request_id=request, open_only=False) == ()


def test_the_next_run_waits_for_the_last_answer(services: Services) -> None:
    register, request = services.register, store(services, {"customer_id": "1"})
    first, second, other = (
        register.questions.ask(
            about, "unclassified", options=["include", "exclude"], detail={"columns": [column]}
        )
        for about, column in ((request, "a"), (request, "b"), (store(services, {"customer_id": "2"}), "a"))
    )
    answer_question(Officer(register, ROLES, "cli:anna"), first.id, "include")
    assert still_open(register, request) == (second.id,)
    answer_question(Officer(register, ROLES, "cli:anna"), second.id, "exclude")
    assert still_open(register, request) == ()
    assert still_open(register, other.request) == (other.id,)


def test_a_question_asked_before_there_were_forms_has_that_of_its_kind(services: Services) -> None:
    register, request = services.register, store(services, {"customer_id": "1"}, authenticated=None)
    asked = register.questions.ask(request, "identity", options=["confirmed", "not_confirmed"], detail={})
    assert asked.form is None
    with pytest.raises(FormError, match="method"):
        answer_question(Officer(register, ROLES, "cli:anna"), asked.id, "confirmed")
    answer_question(Officer(register, ROLES, "cli:anna"), asked.id, "confirmed", detail=PROOF)


def test_unknown(services: Services) -> None:
    for unknown in ("q-000000000000", "' OR 1=1 --", "req-000000000000"):
        with pytest.raises(UnknownQuestionError):
            answer_question(Officer(services.register, ROLES, "cli:anna"), unknown, "confirmed")
    with pytest.raises(UnknownRequestError):
        confirm_identity(Officer(services.register, ROLES, "cli:anna"), "req-000000000000", detail=PROOF)
