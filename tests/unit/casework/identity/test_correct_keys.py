"""Keys corrected by an officer: what was confirmed does not hold for them, and what was read of others stays here."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from testbed.running import RECEIVED, run, store
from tests.support.moves import moved

from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question
from afschrift.casework.identity.confirm import confirm_identity
from afschrift.casework.identity.confirmed import identity_decision
from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import submit
from afschrift.casework.officer import Officer
from afschrift.domain.errors import (
    ConfigurationError,
    GateError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    TooLateError,
)
from afschrift.domain.keys import Key
from afschrift.domain.state import State
from afschrift.law.roles import Person, Role, Roles
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate

ROLES = Roles(
    (
        Person("Anna", frozenset({"cli:anna"}), frozenset({Role.OFFICER})),
        Person("Ivo", frozenset({"cli:ivo"}), frozenset({Role.INTAKE})),
    )
)
CONFIRMED = {"method": "call_back", "level": "high"}


@pytest.fixture
def anna(services: Services, tmp_path: Path) -> Officer:
    env = {
        "AFSCHRIFT_HOME": str(tmp_path / "home"),
        "AFSCHRIFT_INVENTORY": str(tmp_path / "inventory"),
    }
    return Officer(services.register, ROLES, "cli:anna", settings=Settings.from_environment(env))


def packed(services: Services) -> str:
    """A request of Ann of which the bundle is staged."""
    request = store(services, {"customer_id": "1"})
    assess(services, request)
    for source in classify(services, request)["sources"]:
        extract(services, request, source)
    validate(services, request)
    package(services, request)
    return request


def test_a_new_key_voids_the_confirmation_and_asks_a_person_again(services: Services, anna: Officer) -> None:
    request = packed(services)

    done = change_keys(anna, request, {"customer_id": "2", "email": " bob@example.org "})

    assert (done.added, done.changed, done.removed) == (("email",), ("customer_id",), ())
    assert services.register.identities.of(request) == (
        Key("customer_id", "2"),
        Key("email", "bob@example.org"),
    )
    assert identity_decision(services.register, request) is None
    assert services.register.requests.get(request).state is State.NEEDS_PERSON
    [question] = services.register.questions.all(request_id=request)
    assert (question.id, question.kind) == (done.question, "identity")
    [(header, payload)] = [
        (h, p) for h, p in services.register.trail.events(request) if h.type == "keys_changed"
    ]
    assert (header.actor, payload) == (
        "cli:anna",
        {
            "added": ["email"],
            "changed": ["customer_id"],
            "removed": [],
            "held": {"role": "officer", "source": "roles_file"},
        },
    )


def test_what_was_staged_of_the_earlier_keys_cannot_leave(
    services: Services, anna: Officer, tmp_path: Path
) -> None:
    request = packed(services)
    staged = tmp_path / "home" / "staging" / request
    assert list(staged.rglob("*.enc"))

    change_keys(anna, request, {"customer_id": "4"})

    assert not list(staged.rglob("*.enc"))
    for step in (validate, package, deliver):
        with pytest.raises(GateError):
            step(services, request)
    confirm_identity(anna, request, detail=CONFIRMED)
    for step in (validate, package, deliver):
        with pytest.raises(GateError):
            step(services, request)
    assert not list((tmp_path / "home" / "outbox").rglob("*.zip"))
    first = services.register.steps.latest(request, "classify")
    bundle = run(services, request)
    last = services.register.steps.latest(request, "classify")
    assert bundle.exists()
    assert first is not None
    assert last is not None
    assert first["plan"] != last["plan"]


def test_what_is_staged_while_a_run_goes_cannot_leave_either(
    services: Services, anna: Officer, tmp_path: Path
) -> None:
    request = packed(services)
    going = dataclasses.replace(services, run="manual__1")
    services.register.runs.begin(request, "manual__1", services.patience, by="x")

    change_keys(anna, request, {"customer_id": "2"})

    assert list((tmp_path / "home" / "staging" / request).rglob("*.enc"))
    with pytest.raises(GateError, match="no identity decision"):
        deliver(going, request)
    confirm_identity(anna, request, detail=CONFIRMED)
    with pytest.raises(GateError, match="needs_person"):
        deliver(going, request)


def test_a_bundle_at_its_destination_is_named_and_no_letter_goes_out(
    services: Services, anna: Officer
) -> None:
    request = packed(services)
    deliver(services, request)
    close(services, request)
    assert services.register.requests.get(request).state is State.READY

    done = change_keys(anna, request, {"customer_id": "4"})

    assert done.sentence.endswith("A bundle by the earlier keys lies at its destination: take it away there.")
    assert services.register.requests.get(request).state is State.NEEDS_PERSON
    assert identity_decision(services.register, request) is None


def test_the_same_keys_again_change_nothing(services: Services, anna: Officer) -> None:
    request = packed(services)
    before = services.register.trail.events(request)

    done = change_keys(anna, request, {"customer_id": "1"})

    assert done.sentence == "These are the keys already: nothing was changed."
    assert done.question is None
    assert services.register.trail.events(request) == before
    assert identity_decision(services.register, request) is not None


def test_the_question_about_earlier_keys_is_overtaken(services: Services, anna: Officer) -> None:
    request = store(services, {"customer_id": "1"}, authenticated=None)
    with pytest.raises(NeedsPersonError):
        assess(services, request)
    [old] = services.register.questions.all(request_id=request)

    change_keys(anna, request, {"customer_id": "2"})

    [new] = services.register.questions.all(request_id=request)
    assert new.id != old.id
    with pytest.raises(TooLateError, match="overtaken"):
        answer_question(anna, old.id, "confirmed", detail=CONFIRMED)
    with pytest.raises(NeedsPersonError):  # the next run asks the same question, once
        assess(services, request)
    assert [q.id for q in services.register.questions.all(request_id=request)] == [new.id]
    answer_question(anna, new.id, "confirmed", detail=CONFIRMED)
    assess(services, request)


def test_none_is_held_and_another_key_opens_it_again(services: Services, anna: Officer) -> None:
    request = store(services, {"customer_id": "4711"})
    with pytest.raises(NeedsPersonError):
        run(services, request)
    [question] = services.register.questions.all(request_id=request)
    answer_question(anna, question.id, "confirm_none")
    with pytest.raises(NeedsPersonError):
        run(services, request)
    assert services.register.requests.get(request).state is State.NOTHING_HELD

    change_keys(anna, request, {"customer_id": "1"})
    assert services.register.requests.get(request).state is State.NEEDS_PERSON
    confirm_identity(anna, request, detail=CONFIRMED)
    assert run(services, request).exists()


def test_the_other_request_of_the_message_keeps_its_keys_and_is_named(
    services: Services, anna: Officer
) -> None:
    content = {
        "message": "Alles.",
        "channel": "letter",
        "received_at": RECEIVED,
        "keys": {"customer_id": "1"},
    }
    request, other = submit(
        services, Intake.model_validate({**content, "right": ["access", "portability"]}), "x"
    )
    done = change_keys(anna, request, {"customer_id": "2"})
    assert done.sentence.endswith(f" {other} of the same message has its own keys.")
    assert services.register.identities.of(other) == (Key("customer_id", "1"),)


def test_a_key_is_removed_and_without_keys_no_identity_is_confirmed(
    services: Services, anna: Officer
) -> None:
    request = store(services, {"customer_id": "1", "email": "bob@example.org"})
    assert change_keys(anna, request, {"email": ""}).removed == ("email",)
    done = change_keys(anna, request, {"customer_id": ""})
    assert services.register.identities.of(request) == ()
    assert done.question is not None
    with pytest.raises(RefusedError, match="has no key"):
        answer_question(anna, done.question, "confirmed", detail=CONFIRMED)


def test_what_is_turned_down(services: Services, anna: Officer) -> None:
    request = store(services, {"customer_id": "1"})
    before = services.register.identities.of(request)
    with pytest.raises(ConfigurationError, match=r"not declared in identity\.yml") as caught:
        change_keys(anna, request, {"ann@example.org": "ann@example.org"})
    assert "ann@" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="No key was given"):
        change_keys(anna, request, {})
    with pytest.raises(NotAllowedError):
        change_keys(dataclasses.replace(anna, by="cli:ivo"), request, {"customer_id": "2"})
    moved(services.register, request, State.WITHDRAWN)
    with pytest.raises(TooLateError, match="is closed, and its keys stay"):
        change_keys(anna, request, {"customer_id": "2"})
    assert services.register.identities.of(request) == before


def test_a_message_without_a_key_is_a_request_and_its_run_reads_nothing(
    services: Services, anna: Officer
) -> None:
    unread = dataclasses.replace(services, open_source=lambda name, tag: pytest.fail(f"{name} is opened"))
    request = store(services, {}, authenticated=None)

    with pytest.raises(NeedsPersonError, match="gives no key") as caught:
        assess(unread, request)
    assert caught.value.question == "identity"
    [question] = services.register.questions.all(request_id=request)
    assert question.detail["keys"] == []
    with pytest.raises(RefusedError, match=r"has no key.*identity_request"):
        answer_question(anna, question.id, "confirmed", detail=CONFIRMED)
    with pytest.raises(RefusedError, match="has no key"):
        confirm_identity(anna, request, detail=CONFIRMED)
    services.register.decisions.take(request, "identity", "confirmed", "another", detail=CONFIRMED)
    with pytest.raises(NeedsPersonError):
        assess(unread, request)
    with pytest.raises(NeedsPersonError):
        classify(unread, request)

    change_keys(anna, request, {"customer_id": "1"})
    confirm_identity(anna, request, detail=CONFIRMED)
    assert run(services, request).exists()
