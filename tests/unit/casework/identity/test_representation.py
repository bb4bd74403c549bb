"""A person asks for another person, or a child asks alone: on a real register and a real source."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from testbed import mini
from testbed.register_reader import faults
from testbed.running import event_types, members, packed, run
from tests.support.days import leap_day_of_a_child, local_today
from tests.support.deciding import Bureau, mandate, unchanged
from tests.support.family import ADULT, CHILD, NOT_KNOWN, dates_of_birth, open_family
from tests.support.ground_forms import GROUNDS
from tests.support.in_parts import Club

from afschrift.casework.answer import look
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.identity.breach import take_back
from afschrift.casework.identity.confirmed import mandate_is_over
from afschrift.casework.identity.question import MANDATE_FORM
from afschrift.casework.partial_response.question import ask_about
from afschrift.domain.errors import (
    FormError,
    GateError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    SourceDownError,
    TooLateError,
)
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.questions.forms import fields
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.deliver import deliver
from afschrift.wiring.build_services import build

pytestmark = pytest.mark.slow
NOTE = "De verzorgers zijn het eens; zangvogel wil het zelf ook."
MANDATE = mandate()
PARENT = MANDATE | {"kind": "parental_authority", "secrecy": "none"}


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_family(tmp_path, monkeypatch)


def test_a_proxy_is_asked_about_after_the_identity_and_then_goes_through(bureau: Bureau) -> None:
    request = bureau.store(keys=ADULT, made_by="proxy", authenticated=None)
    assert bureau.asked(request).kind == "identity"
    sure = {"method": "eid", "level": "high"}
    bureau.register.decisions.take(request, "identity", "confirmed", "cli:anna", detail=sure)
    question = bureau.asked(request)
    assert (question.kind, question.role) == ("mandate", "officer")
    assert question.detail["made_by"] == "proxy"
    assert bureau.asked(request).id == question.id
    with pytest.raises((GateError, NeedsPersonError)):  # the gate stays shut, whatever step is started
        classify(bureau.services, request)
    done = bureau.reply(question, "proven", **MANDATE)
    assert done.next_step == ""
    with pytest.raises(TooLateError, match="answered already"):
        bureau.reply(question, "proven", **MANDATE)
    bundle = members(run(bureau.services, request))
    for name in ("index.html", "README.txt"):
        assert "iemand anders dit voor de persoon" in " ".join(bundle[name].decode().split())
    [taken] = [p for p in bureau.events("decision_taken", request) if p["kind"] == "mandate"]
    assert (taken["detail"], taken["rules"]) == (MANDATE | {"destination": "outbox"}, ["R15"])
    assert faults(bureau.settings.register) == []


def test_an_unproven_mandate_says_what_to_do_and_is_asked_for_again(bureau: Bureau) -> None:
    request = bureau.store(keys=ADULT, made_by="proxy")
    question = bureau.asked(request)
    done = bureau.reply(question, "not_proven", lacking="authority")
    assert "mandate_request" in done.next_step
    again = bureau.asked(request)
    assert again.id != question.id
    assert again.detail["earlier_decisions"] == 1
    bureau.reply(again, "proven", **MANDATE)
    assess(bureau.services, request)


@pytest.mark.parametrize(
    ("right", "form", "words"),
    [
        ("access", {"scope": "portability"}, "R15"),
        ("portability", {"scope": "access"}, "R15"),
        ("access", {"answer_by": "insecure_portal"}, "R15"),
        ("access", {"valid_until": "2020-01-01"}, "ran out"),
        ("access", {"kind": "parental_authority", "secrecy": "none"}, "R16"),
        ("access", {"kind": "passport_copy"}, "kind"),
        ("access", {"identity_checked": None}, "identity_checked"),
    ],
)
def test_what_does_not_carry_it_changes_nothing(
    bureau: Bureau, right: str, form: dict[str, Any], words: str
) -> None:
    request = bureau.store(right, keys=ADULT, made_by="parent")
    question = bureau.asked(request)
    assert question.detail["minor"] == "no"
    filled = {name: value for name, value in (MANDATE | form).items() if value is not None}
    error = unchanged(bureau, question, lambda: bureau.reply(question, "proven", NOTE, **filled), FormError)
    assert words in str(error)


def test_a_parent_of_a_child_writes_what_is_best_and_it_stays_encrypted(bureau: Bureau) -> None:
    request = bureau.store(keys=CHILD, made_by="parent")
    question = bureau.asked(request)
    assert question.detail["minor"] == "yes"
    error = unchanged(bureau, question, lambda: bureau.reply(question, "proven", **PARENT), FormError)
    assert "R16" in str(error)
    bureau.reply(question, "proven", NOTE, **PARENT)
    assess(bureau.services, request)
    events = json.dumps([payload for _, payload in bureau.register.trail.events()])
    assert "zangvogel" not in events
    assert "text_hmac" in events
    texts = [t.text for t in bureau.register.cases.texts(request, "x") if t.kind == "decision"]
    assert NOTE.encode() in texts


@pytest.mark.parametrize("secrecy", ["care", "parents_in_conflict", "safety"])
def test_what_must_stay_secret_is_signed_by_a_second_person(bureau: Bureau, secrecy: str) -> None:
    request = bureau.store(keys=CHILD, made_by="guardian")
    question = bureau.asked(request)
    form = PARENT | {"kind": "guardianship_register", "secrecy": secrecy}
    done = bureau.reply(question, "proven", NOTE, **form)
    signing = bureau.asked(request)
    assert (signing.id, signing.kind, signing.role) == (done.signer, "mandate_signed", "second_signer")
    with pytest.raises(NotAllowedError, match="four eyes"):
        bureau.reply(signing, "agree", by="airflow:anna")
    bureau.reply(signing, "disagree", by="airflow:sam")
    again = bureau.asked(request)
    assert again.kind == "mandate"
    bureau.reply(again, "proven", NOTE, **form)
    bureau.reply(bureau.asked(request), "agree", by="airflow:sam")
    assess(bureau.services, request)
    assert faults(bureau.settings.register) == []


def test_a_child_that_asks_alone(bureau: Bureau) -> None:
    request = bureau.store(keys=CHILD)
    question = bureau.asked(request)
    assert (question.kind, question.options) == ("minor", ("with_representative", "answer_child"))
    answered = lambda: bureau.reply(question, "answer_child", reason="able_to_decide")  # noqa: E731
    assert "R16" in str(unchanged(bureau, question, answered, FormError))
    bureau.reply(question, "answer_child", NOTE, reason="able_to_decide")
    assess(bureau.services, request)

    through_another = bureau.store(keys={"email": "bob@example.org"})
    bureau.reply(bureau.asked(through_another), "with_representative")
    bureau.reply(bureau.asked(through_another), "not_proven", lacking="authority")
    question = bureau.asked(through_another)  # the child does not go on alone
    assert (question.kind, question.detail["made_by"]) == ("mandate", "self")
    bureau.reply(question, "proven", NOTE, **PARENT)
    assess(bureau.services, through_another)


def test_no_question_about_an_adult_or_an_unknown_date_of_birth(bureau: Bureau) -> None:
    for keys, found in ((ADULT, "no"), (NOT_KNOWN, "unknown")):
        request = bureau.store(keys=keys)
        assess(bureau.services, request)
        [payload] = bureau.events("age_read", request)
        assert (payload["minor"], payload["limit"], payload["rules"]) == (found, 16, ["R16"])


@pytest.mark.parametrize(
    "proposed",
    [("born: {origin", "born: {review: needed, origin"), ("  customer:\n", "  customer:\n    ways: guessed\n"),
     ("customer_id: {origin: assigned}\n      email", "customer_id: {origin: assigned, review: needed}\n      email")],
)  # fmt: skip
def test_text_that_only_a_program_takes_for_a_date_makes_no_adult(
    bureau: Bureau, proposed: tuple[str, str]
) -> None:
    file = bureau.settings.inventory / "shop.yml"
    text = file.read_text(encoding="utf-8")
    assert proposed[0] in text
    file.write_text(text.replace(*proposed, 1), encoding="utf-8")
    late = Bureau(bureau.settings, build(lambda _line: None, bureau.settings))
    adult = late.asked(late.store(keys=ADULT, made_by="parent"))
    assert (adult.kind, adult.detail["minor"]) == ("mandate", "unknown")
    child = late.asked(late.store(keys=CHILD, made_by="parent"))
    assert child.detail["minor"] == "yes"  # to treat the person as a possible child is the safe side


def test_the_date_of_birth_is_read_once_and_kept_nowhere(bureau: Bureau) -> None:
    request = bureau.store(keys=CHILD)
    for _ in range(2):
        bureau.asked(request)
    assert event_types(bureau.services, request).count("age_read") == 1
    register = bureau.settings.register.removeprefix("sqlite:///")
    kept = b"".join(path.read_bytes() for path in Path(register).parent.glob("*.db*"))
    assert dates_of_birth()[2].encode() not in kept


def test_without_a_column_nothing_is_read_and_nothing_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = open_family(tmp_path, monkeypatch, born=False)
    request = bureau.store(keys=CHILD)
    assess(bureau.services, request)
    assert "age_read" not in event_types(bureau.services, request)
    asked = bureau.asked(bureau.store("portability", keys=CHILD, made_by="parent"))
    assert asked.detail["minor"] == "unknown"


@pytest.mark.parametrize(("received", "kind"), [("22:59:59", "minor"), ("23:00:00", None)])
def test_the_day_is_that_of_the_controller(bureau: Bureau, received: str, kind: str | None) -> None:
    """Midnight of 29 February in Amsterdam, where the child turns sixteen; not midnight in UTC."""
    year = leap_day_of_a_child().year + 16
    turns = datetime.fromisoformat(f"{year}-02-29T00:00:00+01:00")
    services = replace(bureau.services, now=lambda: f"{year}-03-05T00:00:00Z")
    late = Bureau(bureau.settings, services)
    request = late.store(keys=CHILD)
    corrected = NewFact(FactKind.RECEIPT_CORRECTED, instant=f"{year}-02-28T{received}.000000Z")
    bureau.register.facts.record(request, lambda t: [corrected], "cli:anna")
    assert turns.astimezone().timestamp() == datetime.fromisoformat(f"{year}-02-28T23:00:00Z").timestamp()
    if kind is None:
        assess(services, request)
    else:
        assert late.asked(request).kind == kind


def test_parental_authority_ends_when_the_child_comes_of_age_meanwhile(bureau: Bureau) -> None:
    birthday = f"{leap_day_of_a_child().year + 16}-03-01T12:00:00Z"
    before = (datetime.fromisoformat(birthday) - timedelta(days=9)).isoformat()
    early = Bureau(bureau.settings, replace(bureau.services, now=lambda: before))
    request = early.store(keys=CHILD, made_by="parent")
    received = NewFact(FactKind.RECEIPT_CORRECTED, instant=before.replace("+00:00", ".000000Z"))
    bureau.register.facts.record(request, lambda t: [received], "cli:anna")
    early.reply(early.asked(request), "proven", NOTE, **PARENT)
    assess(early.services, request)
    late = Bureau(bureau.settings, replace(bureau.services, now=lambda: birthday))
    question = late.asked(request)
    assert (question.kind, question.detail["minor"]) == ("mandate", "no")


def test_a_withdrawn_mandate_delivers_nothing_and_is_asked_for_again(bureau: Bureau) -> None:
    request = bureau.store(keys=ADULT, made_by="proxy")
    bureau.reply(bureau.asked(request), "proven", **MANDATE)
    packed(bureau.services, request)
    with pytest.raises(NotAllowedError):
        take_back(bureau.officer("airflow:dirk"), request)
    take_back(bureau.officer(), request, "Aan de telefoon.")
    with pytest.raises(NeedsPersonError) as caught:
        deliver(bureau.services, request)
    assert caught.value.question == "mandate"
    assert bureau.state(request) is State.NEEDS_PERSON
    with pytest.raises(TooLateError):
        take_back(bureau.officer(), request)
    [question] = bureau.questions(request)
    bureau.reply(question, "proven", **MANDATE)
    assert Path(run(bureau.services, request)).exists()


@pytest.mark.parametrize(
    ("language", "article"), [("nl", "artikel 15, eerste lid,"), ("en", "Article 15(1)")]
)
def test_without_proof_of_authority_the_request_is_refused_by_letter(
    bureau: Bureau, language: str, article: str
) -> None:
    request = bureau.store(keys=ADULT, made_by="proxy", language=language)
    bureau.reply(bureau.asked(request), "proven", **MANDATE)
    take_back(bureau.officer(), request, "Aan de telefoon.")
    shown = look(bureau.officer(), bureau.asked(request).id)
    titles = [(section.title, section.lines[0].value) for section in shown.sections]
    assert titles == [("Decided before", "Not proven"), ("Decided before", "Proven")]

    question = open_decision(GROUNDS, bureau.register, request)
    bureau.answer(question, "refuse", "no_mandate")
    done = bureau.sign(request)
    assert bureau.register.letters.get(done.letter).kind == "refusal"
    bureau.send(done.letter)
    assert bureau.state(request) is State.REFUSED


def test_no_refusal_for_want_of_a_mandate_that_is_there_or_not_needed(bureau: Bureau) -> None:
    for more in ({}, {"made_by": "proxy"}):
        request = bureau.store(keys=ADULT, **more)
        if more:
            bureau.reply(bureau.asked(request), "proven", **MANDATE)
        question = open_decision(GROUNDS, bureau.register, request)
        refuse = partial(bureau.answer, question, "refuse", "no_mandate")
        assert "R15" in str(unchanged(bureau, question, refuse, RefusedError))
    asked = fields(MANDATE_FORM)["lacking"]["enum"]
    assert GROUNDS.fields["lacking"].schema["enum"] == asked


def test_a_mandate_that_ran_out_before_the_delivery_is_asked_for_again(bureau: Bureau) -> None:
    request = bureau.store(keys=ADULT, made_by="proxy")
    until = local_today() + timedelta(days=1)
    bureau.reply(bureau.asked(request), "proven", **MANDATE, valid_until=str(until))
    packed(bureau.services, request)
    later = replace(bureau.services, now=lambda: f"{until + timedelta(days=1)}T12:00:00Z")
    with pytest.raises(NeedsPersonError):
        deliver(later, request)
    register = bureau.register
    assert [mandate_is_over(register, request, until + timedelta(days)) for days in (0, 1)] == [False, True]
    [question] = bureau.questions(request)
    assert question.kind == "mandate"
    assert deliver.__name__ not in event_types(bureau.services, request)


def test_where_the_source_of_the_age_is_down_nothing_goes_on_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = open_family(tmp_path, monkeypatch, born=False)
    club = Club(tmp_path)
    club.declare(tmp_path / "inventory")
    with closing(sqlite3.connect(club.path)) as connection:
        connection.execute("UPDATE card SET note = ?", [str(leap_day_of_a_child())])
        connection.commit()
    identity = mini.IDENTITY + "birth_date: club.card.note\n"
    (tmp_path / "inventory" / "identity.yml").write_text(identity, encoding="utf-8")
    services = build(lambda _line: None, bureau.settings)
    request = bureau.store(keys=ADULT)
    with club.away():
        with pytest.raises(SourceDownError) as caught:
            assess(services, request)
        ask_about(services, request, caught.value)
        [question] = bureau.questions(request)
        assert question.options == ("try_again",)
    bureau.register.questions.answer(question.id, "try_again", "cli:anna", {"source": "club"})
    with pytest.raises(NeedsPersonError, match="under 16"):
        assess(services, request)
