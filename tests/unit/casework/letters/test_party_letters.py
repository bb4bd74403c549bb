"""Letters to the parties of a case: to whom, where, and whose data they name."""

import json
from typing import Any

import pytest
from testbed.register_reader import faults
from testbed.running import drive
from tests.support.days import local_today
from tests.support.deciding import FILES, Bureau, mandate

from afschrift.casework.identity.breach import require_no_breach, take_back
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.parties import party_lines, record_parties
from afschrift.casework.intake.receive import case_of_message
from afschrift.casework.letters.make import make
from afschrift.domain.errors import (
    AfschriftError,
    FormError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    TooLateError,
)
from afschrift.domain.state import State
from afschrift.law.clock.sending import Sending

CHILD = {"name": "Zeynep T.", "address": "Lindelaan 3\n1234 AB Ons Dorp"}
PARENT = {"name": "Aysel Tuncay", "address": "Lindelaan 3, 1234 AB Ons Dorp"}
LAWYER = {"organisation": "Vos Advocaten", "address": "Singel 1\n1012 AA Amsterdam", "language": "en"}
SURE = {"method": "eid", "level": "high"}
GIVEN: dict[str, dict[str, Any]] = {
    "delivery": FILES,
    "mandate_request": {"lacking": "Een brief waarin staat dat u dit mag."},
    "nothing_held": {"searched": ["De winkel"], "searched_for": ["Klantnummer"]},
}


def asked(bureau: Bureau, **more: Any) -> str:
    return bureau.store(message="Ik vraag alles van Zeynep T. op.", made_by="parent", person=CHILD, **more)


def proven(bureau: Bureau, request: str, answer_to: str) -> None:
    detail = mandate(answer_to=answer_to)
    bureau.register.decisions.take(request, "mandate", "proven", "cli:anna", detail=detail)


def text_of(bureau: Bureau, request: str, kind: str, **given: Any) -> str:
    return bureau.text(request, kind, **GIVEN.get(kind, {}) | given)


@pytest.mark.parametrize(
    ("to", "answer_to", "kind", "words"),
    [
        (PARENT, "representative", "delivery", ("Beste Aysel Tuncay", "De gegevens van Zeynep T. staan nu")),
        (PARENT, "representative", "nothing_held", ("geen gegevens over Zeynep T. die", "kennen wij Zeynep")),
        (PARENT, "representative", "acknowledgement", ("U wilt de gegevens van Zeynep T. inzien",)),
        (PARENT, "person", "acknowledgement", ("Beste Aysel Tuncay",)),
        (PARENT, "person", "delivery", ("Beste Zeynep T.", "het verzoek van Aysel Tuncay om inzage in uw")),
        (PARENT, None, "mandate_request", ("Beste Aysel Tuncay", "U vraagt dit voor Zeynep T.", "Die loopt")),
        (LAWYER, "representative", "delivery", ("Vos Advocaten Singel 1 1012", "The data of Zeynep T. are")),
        (LAWYER, "person", "delivery", ("Beste Zeynep T.", "U bepaalt of Vos Advocaten ze van u krijgt")),
        (LAWYER, None, "nothing_held", ("Beste Zeynep T.", "geen gegevens over u die", "hebben over u.")),
    ],
)
def test_a_letter_goes_to_the_party_and_names_the_person(
    bureau: Bureau, to: dict[str, str], answer_to: str | None, kind: str, words: tuple[str, ...]
) -> None:
    request = asked(bureau, representative=to)
    if answer_to is not None:
        proven(bureau, request, answer_to)
    text = text_of(bureau, request, kind)
    assert [phrase for phrase in words if phrase not in text] == []
    assert ("uw gegevens" in text) == (words[0] == "Beste Zeynep T.")
    assert ("Persoonlijk" in text) == (to is PARENT)  # the household has one letter box


def test_an_unproven_representative_reads_no_name_that_they_did_not_write(bureau: Bureau) -> None:
    full = {"name": "Zeynep Elif Tuncay-de Vries"}
    request = asked(bureau, representative=PARENT)
    record_parties(bureau.officer(), request, {"person": full})
    assert "uw verzoek om inzage in de gegevens van de persoon voor wie u vraagt" in text_of(
        bureau, request, "mandate_request"
    )
    proven(bureau, request, "representative")
    assert full["name"] in text_of(bureau, request, "delivery")


def test_an_unidentified_requester_reads_no_address_that_they_did_not_write(bureau: Bureau) -> None:
    message = "Alles van mij graag. Zeynep T., Lindelaan 3"
    request = bureau.store(message=message, person=CHILD, authenticated=None)
    text = text_of(bureau, request, "acknowledgement")
    assert "Zeynep T. Lindelaan 3 Datum" in text
    bureau.register.decisions.take(request, "identity", "confirmed", "cli:anna", detail=SURE)
    assert "Ons Dorp" not in text
    assert "Zeynep T. Lindelaan 3 1234 AB Ons Dorp Datum" in text_of(bureau, request, "acknowledgement")


def test_an_answer_posted_on_a_mandate_that_was_over_is_judged_as_a_breach(bureau: Bureau) -> None:
    request = asked(bureau, representative=PARENT)
    bureau.reply(bureau.asked(request), "proven", **mandate())
    drive(bureau.services, request)
    letter = make(bureau.officer(), request, "delivery", FILES).letter
    assert letter is not None
    require_no_breach(bureau.register, request, local_today(), letter)
    take_back(bureau.officer(), request)
    assert "possible_breach" not in [q.kind for q in bureau.questions(request)]  # nothing left
    how = Sending(local_today(), "by_hand", "r1")
    [to_inform] = [q for q in bureau.questions(request) if q.kind == "tell_person"]
    for enter in (
        lambda: require_no_breach(bureau.register, request, local_today(), letter),
        lambda: bureau.clocks().inform(request, how),
        lambda: bureau.clocks().sent(request, how),
        lambda: bureau.reply(to_inform, "told", on=str(how.on), channel="by_hand", proof="r1"),
    ):
        with pytest.raises(NeedsPersonError, match="possible breach"):
            enter()
    first, *_ = (q for q in bureau.questions(request) if q.kind == "possible_breach")
    with pytest.raises(FormError, match="advice"):
        bureau.reply(first, "no_breach", "De brief kwam ongeopend terug.")
    bureau.reply(first, "no_breach", "De brief kwam ongeopend terug.", advice="no_breach")
    require_no_breach(bureau.register, request, local_today(), letter)


@pytest.mark.parametrize(
    ("answer_to", "by_letter"), [("representative", True), ("representative", False), ("person", True)]
)
def test_a_mandate_taken_back_after_the_answer_left_is_judged_too(
    bureau: Bureau, answer_to: str, by_letter: bool
) -> None:
    request = asked(bureau, representative=PARENT)
    bureau.reply(bureau.asked(request), "proven", **mandate(answer_to=answer_to))
    drive(bureau.services, request)
    if by_letter:
        letter = make(bureau.officer(), request, "delivery", FILES).letter
        assert letter is not None
        bureau.send(letter.id)
    else:
        bureau.clocks().inform(request, Sending(local_today(), "by_hand", "r1"))
    assert bureau.state(request) is State.DELIVERED
    if answer_to == "person":
        with pytest.raises(TooLateError, match="closed"):
            take_back(bureau.officer(), request)
        return
    take_back(bureau.officer(), request, "Zij belde zelf.")
    [question] = bureau.questions(request)  # it outlives its request
    assert question in bureau.register.questions.all()
    bureau.reply(question, "no_risk", "Zij had het nog niet geopend.", advice="no_risk")
    assert bureau.questions(request) == ()
    assert bureau.state(request) is State.DELIVERED
    assert faults(bureau.settings.register) == []


def test_no_mandate_is_asked_of_a_person_who_asks_for_themselves(bureau: Bureau) -> None:
    with pytest.raises(RefusedError, match=r"R15.*What to do: "):
        text_of(bureau, bureau.store(), "mandate_request")


def test_a_mandate_for_one_right_of_two_carries_that_right_alone(bureau: Bureau) -> None:
    access = asked(bureau, right=["access", "portability"], representative=PARENT)
    requests = bureau.register.cases.get(access).requests
    proven(bureau, access, "representative")
    assert "Beste Aysel Tuncay" in text_of(bureau, requests[0], "delivery")
    assert "Beste Zeynep T." in text_of(bureau, requests[1], "delivery")


def test_an_officer_chooses_another_party_and_corrects_them(bureau: Bureau) -> None:
    request = asked(bureau, representative=PARENT)
    with pytest.raises(FormError, match="no such party"):
        text_of(bureau, request, "acknowledgement", party="heir")
    heir = {"name": "Zeynep T.", "organisation": "Notaris Smit", "channel": "email", "email": "s@example.org"}
    record_parties(bureau.officer(), request, {"heir": heir, "representative": None})
    assert "Zeynep T. Notaris Smit Datum" in text_of(bureau, request, "acknowledgement", party="heir")
    assert [line.label for line in party_lines(bureau.register, request)] == ["Person", "Heir"]
    for wrong, name in (
        ({"aunt": PARENT}, "aunt"),
        ({"heir": {"nickname": "Zangvogel"}}, "heir.nickname"),
        ({"heir": {"language": "nl"}}, "heir"),
        ({"heir": {"name": "Zangvogel", "language": "fr"}}, "heir.language"),
    ):
        with pytest.raises(FormError) as error:
            record_parties(bureau.officer(), request, wrong)
        assert name in error.value.fields
        assert "Zangvogel" not in f"{error.value} {error.value.remedy}"
    with pytest.raises(NotAllowedError):
        record_parties(bureau.officer("cli:ivo"), request, {"heir": None})


def test_a_representative_of_two_persons_has_a_case_for_each(bureau: Bureau) -> None:
    first = asked(bureau, representative=PARENT, authenticated=None, days=3)
    kept = bureau.register.requests.get(first)
    content = {"message": "Ik vraag alles van Zeynep T. op.", "channel": "portal", "right": "access"}
    content |= {"received_at": kept.received_at, "made_by": "parent", "keys": {"customer_id": "1"}}
    channel = bureau.register.cases.get(first).channel
    for person, found in ((CHILD, kept.case), ({"name": "Deniz T."}, None), (None, kept.case)):
        intake = Intake.model_validate(content | {"channel": channel, "person": person})
        assert case_of_message(bureau.register, intake) == found


def test_the_representative_of_an_earlier_version_is_a_party(bureau: Bureau) -> None:
    request = bureau.store(made_by="parent", message="Alles van mijn dochter.")
    case = bureau.register.requests.get(request).case
    bureau.register.cases.add_text(case, "representative", json.dumps(PARENT).encode(), "cli:ivo")
    text = text_of(bureau, request, "acknowledgement")
    assert "Aysel Tuncay Lindelaan 3, 1234 AB Ons Dorp" in text
    bureau.register.data_keys.shred(request, "retention")
    assert bureau.register.cases.parties(request) == {}
    with pytest.raises(AfschriftError):
        record_parties(bureau.officer(), request, {"person": CHILD})
