"""A flagged request goes before a person: what is asked, what each choice does, what is refused."""

import json
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from testbed.running import store
from tests.support.days import days_away
from tests.support.deciding import ANN, Bureau, trigger_codes, unchanged
from tests.support.ground_forms import GROUNDS, complete, in_trail
from tests.support.moves import moved

from afschrift.casework.answer import answer_question
from afschrift.domain.errors import (
    FormError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    TooLateError,
)
from afschrift.domain.state import State
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind
from afschrift.law.grounds import Outcome
from afschrift.law.letter import LetterState
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

EXCESS = ("refuse", "manifestly_excessive")


def test_nothing_flagged_asks_nothing(bureau: Bureau) -> None:
    bureau.answered(1)
    request = bureau.store()
    assess(bureau.services, request)
    assert bureau.register.questions.all(open_only=False) == ()


def test_the_twelfth_request_of_a_year_is_fulfilled_free(bureau: Bureau) -> None:
    """No number of requests refuses anything by itself, without evidence of abuse (R47)."""
    earlier = bureau.answered(11)
    request = bureau.store()
    question = bureau.asked(request)
    [flag] = question.detail["flags"]
    assert (flag["flag"], flag["count"]) == ("repetition", 11)
    assert [past["request"] for past in flag["earlier"]] == earlier
    received = datetime.fromisoformat(bureau.register.requests.get(earlier[-1]).received_at)
    assert flag["earlier"][-1]["received_on"] == str(local_date(received, "Europe/Amsterdam"))
    assert (question.kind, question.role) == ("decision", "officer")
    assert "merge" not in question.options
    assert bureau.answer(question, "fulfil").letter is None
    assess(bureau.services, request)
    assert classify(bureau.services, request)["tables"] > 0
    assert not bureau.register.letters.all()


def test_with_evidence_and_a_second_signer_it_is_refused_with_its_letter(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    words = "Drie keer dezelfde brief."
    done = bureau.answer(question, *EXCESS, reasons=words, to="ann@example.org")
    assert (done.letter, bool(done.signer)) == (None, True)
    assert not bureau.register.letters.all()
    with pytest.raises(NeedsPersonError, match="second person"):
        assess(bureau.services, request)
    with pytest.raises(NeedsPersonError, match="second person"):
        classify(bureau.services, request)
    for account in ("cli:anna", "airflow:anna"):
        with pytest.raises(NotAllowedError, match="four eyes"):
            bureau.sign(request, by=account)
    for account in ("cli:vera", "cli:dirk", "cli:ivo", "cli:root"):
        with pytest.raises(NotAllowedError, match="second_signer"):
            bureau.sign(request, by=account)
    signed = bureau.sign(request)
    [letter] = bureau.register.letters.all()
    assert (letter.id, letter.kind, letter.state) == (signed.letter, "refusal", LetterState.PRODUCED)
    assert words in b"".join(bureau.register.documents.read(letter.document, "cli:anna")).decode()
    assert bureau.state(request) is State.NEEDS_PERSON
    with pytest.raises(NeedsPersonError, match="once its letter is sent"):
        assess(bureau.services, request)
    bureau.send(letter.id)
    assert bureau.state(request) is State.REFUSED
    [fact] = bureau.register.facts.timeline(request).of(FactKind.DECIDED)
    assert (fact.letter, fact.sent_on is not None) == (letter.id, True)


def test_the_evidence_of_a_decision(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, *EXCESS)
    bureau.sign(request, text="Gelezen.")
    taken = [
        (h.actor, p) for h, p in bureau.register.trail.events(request) if h.type == "decision_taken" and p
    ]
    [(actor, payload), (signer, signed)] = [event for event in taken if event[1]["kind"] != "identity"]
    assert actor == "cli:anna"
    assert payload["held"] == {"role": "officer", "source": "roles_file"}
    assert payload["options"] == list(question.options)
    assert (payload["choice"], payload["detail"]["ground"]) == EXCESS
    assert payload["rules"] == list(GROUNDS.grounds["manifestly_excessive"].rules)
    assert payload["about"] == question.about
    assert len(payload["text_hmac"]) == 64
    assert (signer, signed["held"]["role"]) == ("airflow:sam", "second_signer")
    assert signed["about"] == question.about
    recorded = repr(bureau.register.trail.events())
    for field in GROUNDS.texts({n: f.example for n, f in GROUNDS.fields.items()}).values():
        assert str(field) not in recorded


TURNED_DOWN: list[tuple[str, str | None, dict[str, Any], str]] = [
    ("refuse", "own_costs", {}, "R52"),
    ("charge", "own_costs", {}, "R52"),
    ("refuse", "count", {}, "R47"),
    ("extend", "effort", {}, "R40"),
    ("refuse", "rights_of_others", {}, "R31"),
    ("refuse_part", "persons_wish", {"quote": None, "places": ["shop.ticket"]}, "R24"),
    ("refuse_part", "persons_wish", {"quote": "Geen tickets.", "places": ["shop.ticket"]}, "R24"),
    ("charge", "manifestly_excessive", {"costs": {"overhead": "5.00"}}, "R51"),
    ("charge", "manifestly_excessive", {"costs": {"system_costs": "5.00"}}, "R52"),
    ("refuse", "manifestly_excessive", {"objective": None}, "R48"),
    ("refuse", "identity_failure", {}, "R10"),
    ("refuse", "other", {}, "R48"),
    ("refuse", None, {}, "R48"),
    ("extend", "complexity", {"needed_until": days_away(200).date().isoformat()}, "R39"),
]


def test_what_is_turned_down_changes_nothing(bureau: Bureau) -> None:
    _, question = bureau.flagged()
    for choice, code, given, rule in TURNED_DOWN:
        give = partial(bureau.answer, question, choice, code, **given)
        assert f"({rule})" in str(unchanged(bureau, question, give, RefusedError)), (choice, code)
    with pytest.raises(FormError, match="choose fulfil"):
        bureau.answer(question, "merge", "overlap")  # nothing overlaps, so it is no option
    no_letter = partial(bureau.answer, question, *EXCESS, to="no address")
    unchanged(bureau, question, no_letter, RefusedError)


def test_words_in_the_wrong_field_never_reach_the_trail(bureau: Bureau) -> None:
    _, question = bureau.flagged()

    form = complete("manifestly_excessive", Outcome.REFUSE)
    detail = {"ground": "manifestly_excessive", **in_trail(form)}
    texts = GROUNDS.texts(form)

    def give(detail: dict[str, Any], texts: dict[str, Any], text: str | None = None) -> None:
        answer_question(bureau.officer(), question.id, "refuse", detail=detail, texts=texts, text=text)

    lacking = {name: words for name, words in texts.items() if name != "objective"}
    for codes, words in (
        (detail | {"objective": "kwikstaart"}, lacking),
        ({name: code for name, code in detail.items() if name != "harm"}, texts | {"harm": "none"}),
        (detail | {"kwikstaart": "kwikstaart"}, texts),
        (detail | {"harm": "kwikstaart"}, texts),
        (detail | {"ground": ["kwikstaart"]}, texts),
        (detail, texts | {"objective": {"kwikstaart": 1}}),
    ):
        error = unchanged(bureau, question, partial(give, codes, words), RefusedError)
        assert "kwikstaart" not in str(error)
    unchanged(bureau, question, partial(give, detail, texts, "kwikstaart"), FormError)
    give(detail, texts)


def test_who_asked_from_another_address_shortly_before(bureau: Bureau) -> None:
    bureau.store("portability", {"customer_id": "7", "email": "a@example.org"}, days=20)
    request = bureau.store("access", {"customer_id": "7", "email": "b@example.org"})
    [flag] = bureau.asked(request).detail["flags"]
    assert (flag["flag"], flag["keys"]) == ("contact_changed", ["email"])
    assert "example.org" not in repr(bureau.register.trail.events())
    old = bureau.store("portability", {"customer_id": "8", "email": "a@example.org"}, days=40)
    assert old
    assess(bureau.services, bureau.store("access", {"customer_id": "8", "email": "b@example.org"}))


def test_a_question_overtaken_by_a_late_request_is_refused(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.store(days=2)  # entered late: it came in before
    again = bureau.asked(request)
    assert again.id != question.id
    assert trigger_codes(again) == ["repetition", "overlap"]
    unchanged(bureau, question, lambda: bureau.answer(question, "fulfil"), TooLateError)
    bureau.answer(again, "fulfil")
    assess(bureau.services, request)


def test_no_choice_is_a_default_and_each_has_its_grounds(bureau: Bureau) -> None:
    _, question = bureau.flagged("portability")
    form = question.form or {}
    assert form["properties"]["choice"]["enum"] == list(question.options)
    assert "default" not in json.dumps(form)
    assert "specify" not in question.options
    codes = set(form["properties"]["ground"]["enum"])
    right = bureau.register.requests.get(question.request).right
    assert codes == {code for o in question.options for code in GROUNDS.offered(Outcome(o), right)}


DAYS = (90, 60)


def repeated(bureau: Bureau) -> str:
    """A request after two that were answered, and had come in the last half hour of a day in UTC."""
    for days in DAYS:
        received = datetime.combine(days_away(-days), time(23, 30), tzinfo=UTC)
        earlier = store(bureau.services, ANN, received_at=received.isoformat())
        moved(bureau.register, earlier, State.ACCEPTED)
        moved(bureau.register, earlier, State.DELIVERED)
    return bureau.store()


def test_a_flag_names_the_day_of_receipt_in_the_controllers_zone(bureau: Bureau) -> None:
    [flag] = bureau.asked(repeated(bureau)).detail["flags"]
    following = [str((days_away(-days) + timedelta(1)).date()) for days in DAYS]
    assert [past["received_on"] for past in flag["earlier"]] == following
