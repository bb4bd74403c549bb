"""Keys corrected by an officer: what was confirmed does not hold for them, and what was read of others stays here."""

import dataclasses

import pytest
from testbed.running import RECEIVED, packed, run, store
from tests.support.deciding import Bureau
from tests.support.moves import moved

from afschrift.casework.answer import answer_question
from afschrift.casework.identity.confirm import confirm_identity
from afschrift.casework.identity.confirmed import identity_decision
from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import submit
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
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.package import package
from afschrift.steps.validate import validate

CONFIRMED = {"method": "call_back", "level": "high"}


def test_a_new_key_voids_the_confirmation_and_asks_a_person_again(bureau: Bureau) -> None:
    request = packed(bureau.services, bureau.store())

    done = change_keys(bureau.officer(), request, {"customer_id": "2", "email": " bob@example.org "})

    assert (done.added, done.changed, done.removed) == (("email",), ("customer_id",), ())
    keys = (Key("customer_id", "2"), Key("email", "bob@example.org"))
    assert bureau.register.identities.of(request) == keys
    assert identity_decision(bureau.register, request) is None
    assert bureau.state(request) is State.NEEDS_PERSON
    [question] = bureau.questions(request)
    assert (question.id, question.kind) == (done.question, "identity")
    held = {"role": "officer", "source": "roles_file"}
    changed = {"added": ["email"], "changed": ["customer_id"], "removed": [], "held": held}
    assert bureau.events("keys_changed", request) == [changed]
    events = bureau.register.trail.events(request)
    assert [h.actor for h, _ in events if h.type == "keys_changed"] == ["cli:anna"]


def test_what_was_staged_of_the_earlier_keys_cannot_leave(bureau: Bureau) -> None:
    request = packed(bureau.services, bureau.store())
    staged = bureau.settings.home / "staging" / request
    assert list(staged.rglob("*.enc"))

    change_keys(bureau.officer(), request, {"customer_id": "4"})

    assert not list(staged.rglob("*.enc"))
    for confirmed in (False, True):
        if confirmed:
            confirm_identity(bureau.officer(), request, detail=CONFIRMED)
        for step in (validate, package, deliver):
            with pytest.raises(GateError):
                step(bureau.services, request)
    assert not list((bureau.settings.home / "outbox").rglob("*.zip"))
    assert run(bureau.services, request).exists()
    first, last = bureau.events("plan_frozen", request)
    assert first["plan"] != last["plan"]


def test_what_is_staged_while_a_run_goes_cannot_leave_either(bureau: Bureau) -> None:
    request = packed(bureau.services, bureau.store())
    going = dataclasses.replace(bureau.services, run="manual__1")
    bureau.register.runs.begin(request, "manual__1", bureau.services.patience, by="x")

    change_keys(bureau.officer(), request, {"customer_id": "2"})

    assert list((bureau.settings.home / "staging" / request).rglob("*.enc"))
    with pytest.raises(GateError, match="no identity decision"):
        deliver(going, request)
    confirm_identity(bureau.officer(), request, detail=CONFIRMED)
    with pytest.raises(GateError, match="needs_person"):
        deliver(going, request)


def test_a_bundle_at_its_destination_is_named_and_no_letter_goes_out(bureau: Bureau) -> None:
    request = packed(bureau.services, bureau.store())
    deliver(bureau.services, request)
    close(bureau.services, request)
    assert bureau.state(request) is State.READY

    done = change_keys(bureau.officer(), request, {"customer_id": "4"})

    assert done.sentence.endswith("A bundle by the earlier keys lies at its destination: take it away there.")
    assert bureau.state(request) is State.NEEDS_PERSON
    assert identity_decision(bureau.register, request) is None


def test_the_same_keys_again_change_nothing(bureau: Bureau) -> None:
    request = bureau.store()
    before = bureau.register.trail.events(request)

    done = change_keys(bureau.officer(), request, {"customer_id": "1"})

    assert (done.sentence, done.question) == ("These are the keys already: nothing was changed.", None)
    assert bureau.register.trail.events(request) == before


def test_the_question_about_earlier_keys_is_overtaken(bureau: Bureau) -> None:
    request = bureau.store(authenticated=None)
    with pytest.raises(NeedsPersonError):
        assess(bureau.services, request)
    [old] = bureau.questions(request)

    change_keys(bureau.officer(), request, {"customer_id": "2"})

    [new] = bureau.questions(request)
    assert new.id != old.id
    with pytest.raises(TooLateError, match="overtaken"):
        bureau.reply(old, "confirmed", **CONFIRMED)
    with pytest.raises(NeedsPersonError):  # the next run asks the same question, once
        assess(bureau.services, request)
    assert [q.id for q in bureau.questions(request)] == [new.id]
    bureau.reply(new, "confirmed", **CONFIRMED)
    assess(bureau.services, request)


def test_none_is_held_and_another_key_opens_it_again(bureau: Bureau) -> None:
    request = bureau.store(keys={"customer_id": "4711"})
    with pytest.raises(NeedsPersonError):
        run(bureau.services, request)
    [question] = bureau.questions(request)
    bureau.reply(question, "confirm_none")
    with pytest.raises(NeedsPersonError):
        run(bureau.services, request)
    assert bureau.state(request) is State.NOTHING_HELD

    change_keys(bureau.officer(), request, {"customer_id": "1"})
    assert bureau.state(request) is State.NEEDS_PERSON
    confirm_identity(bureau.officer(), request, detail=CONFIRMED)
    assert run(bureau.services, request).exists()


def test_the_other_request_of_the_message_keeps_its_keys_and_is_named(bureau: Bureau) -> None:
    content = {"message": "Alles.", "channel": "letter", "received_at": RECEIVED}
    content |= {"keys": {"customer_id": "1"}, "right": ["access", "portability"]}
    request, other = submit(bureau.services, Intake.model_validate(content), "x")
    done = change_keys(bureau.officer(), request, {"customer_id": "2"})
    assert done.sentence.endswith(f" {other} of the same message has its own keys.")
    assert bureau.register.identities.of(other) == (Key("customer_id", "1"),)


def test_a_key_is_removed_and_without_keys_no_identity_is_confirmed(bureau: Bureau) -> None:
    request = bureau.store(keys={"customer_id": "1", "email": "bob@example.org"})
    assert change_keys(bureau.officer(), request, {"email": ""}).removed == ("email",)
    done = change_keys(bureau.officer(), request, {"customer_id": ""})
    assert bureau.register.identities.of(request) == ()
    with pytest.raises(RefusedError, match="has no key"):
        answer_question(bureau.officer(), done.question, "confirmed", detail=CONFIRMED)


def test_what_is_turned_down(bureau: Bureau) -> None:
    request = bureau.store()
    before = bureau.register.identities.of(request)
    with pytest.raises(ConfigurationError, match=r"not declared in identity\.yml") as caught:
        change_keys(bureau.officer(), request, {"ann@example.org": "ann@example.org"})
    assert "ann@" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="No key was given"):
        change_keys(bureau.officer(), request, {})
    with pytest.raises(NotAllowedError):
        change_keys(bureau.officer("cli:ivo"), request, {"customer_id": "2"})
    moved(bureau.register, request, State.WITHDRAWN)
    with pytest.raises(TooLateError, match="is closed, and its keys stay"):
        change_keys(bureau.officer(), request, {"customer_id": "2"})
    assert bureau.register.identities.of(request) == before


def test_a_message_without_a_key_is_a_request_and_its_run_reads_nothing(bureau: Bureau) -> None:
    unread = dataclasses.replace(
        bureau.services, open_source=lambda name, tag: pytest.fail(f"{name} is opened")
    )
    request = store(bureau.services, {}, authenticated=None)

    with pytest.raises(NeedsPersonError, match="gives no key") as caught:
        assess(unread, request)
    assert caught.value.question == "identity"
    [question] = bureau.questions(request)
    assert question.detail["keys"] == []
    with pytest.raises(RefusedError, match=r"has no key.*identity_request"):
        bureau.reply(question, "confirmed", **CONFIRMED)
    with pytest.raises(RefusedError, match="has no key"):
        confirm_identity(bureau.officer(), request, detail=CONFIRMED)
    bureau.register.decisions.take(request, "identity", "confirmed", "another", detail=CONFIRMED)
    with pytest.raises(NeedsPersonError):
        assess(unread, request)
    with pytest.raises(NeedsPersonError):
        classify(unread, request)

    change_keys(bureau.officer(), request, {"customer_id": "1"})
    confirm_identity(bureau.officer(), request, detail=CONFIRMED)
    assert run(bureau.services, request).exists()
