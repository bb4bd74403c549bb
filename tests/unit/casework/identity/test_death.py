"""The death of the person whose data it is: nothing leaves any more, and their heirs get a letter (R17)."""

from datetime import timedelta
from typing import Any

import pytest
from testbed.register_reader import faults
from testbed.running import drive
from tests.support.days import local_today
from tests.support.deciding import FILES, Bureau

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.casework.disputes import DisputeService
from afschrift.casework.identity.death import lift_death
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.casework.record_death import record_death
from afschrift.domain.errors import (
    FormError,
    GateError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    TooLateError,
)
from afschrift.domain.state import State
from afschrift.law.clock.clock import clock

WAY = {"other_way": ["estate", "desk"]}
CLEO = {"customer_id": "3"}
PARTIES = {"person": {"name": "Jan Jansen"}, "heir": {"name": "Jan Jansen", "address": "Kade 2"}}


def text_of(bureau: Bureau, request: str, **given: Any) -> str:
    return bureau.text(request, "person_deceased", keep=True, **WAY | given)


def test_nothing_leaves_once_a_death_is_recorded(bureau: Bureau) -> None:
    representative = {"name": "M. Vos", "address": "Singel 1"}
    request = bureau.store(
        ["access", "portability"], made_by="proxy", representative=representative, **PARTIES
    )
    other = bureau.store(keys=CLEO, days=3, person=PARTIES["person"])  # of a living person of the same name
    bureau.register.decisions.take(
        request, "mandate", "proven", "cli:anna", detail={"answer_to": "representative"}
    )
    letter = make(bureau.officer(), request, "acknowledgement", {}).letter
    with pytest.raises(FormError, match="rests_on"):
        record_death(bureau.officer(), request, "a_dream")
    with pytest.raises(NotAllowedError):
        record_death(bureau.officer("cli:dirk"), request, "notary")
    assert bureau.state(request).open
    assert bureau.questions(request) == ()
    record_death(bureau.officer(), request, "notary", "Verklaring van notaris Smit.")
    both = bureau.register.cases.get(request).requests
    assert [bureau.state(each) for each in both] == [State.PERSON_DECEASED] * 2
    assert bureau.questions(other) == ()
    drive(bureau.services, other)
    with pytest.raises(GateError, match="person_deceased"):
        drive(bureau.services, request)
    assert letter is not None
    for act in (
        lambda: send(bureau.settings, bureau.register, letter.id, "cli:anna"),
        lambda: make(bureau.officer(), request, "delivery", FILES),
        lambda: make(bureau.officer(), other, "person_deceased", WAY),
        lambda: bureau.clocks().withdraw(request, "email"),
        lambda: record_death(bureau.officer(), request, "notary"),
    ):
        with pytest.raises((RefusedError, TooLateError)) as error:
            act()
        assert error.value.remedy
    assert bureau.due(request) == ("person_deceased",)
    text = text_of(bureau, request)
    assert "Beste M. Vos" in text and "omdat u voor" in text
    assert bureau.due(request) == ("person_deceased",)
    text = text_of(bureau, request, party="heir")
    assert "Jan Jansen Kade 2" in text
    assert "Wij gaan ervan uit dat Jan Jansen is overleden. Wij condoleren" in text
    assert bureau.due(request) == ()
    assert faults(bureau.settings.register) == []


def test_a_second_signer_lifts_an_error_and_the_clock_counts_on(bureau: Bureau) -> None:
    request = bureau.store(days=10, **PARTIES)
    jurisdiction, days = load_jurisdiction(bureau.settings), local_today() + timedelta(days=40)
    before = clock(bureau.register.facts.timeline(request), jurisdiction, days)
    with pytest.raises(TooLateError, match="No death"):
        lift_death(bureau.officer("airflow:sam"), request)
    record_death(bureau.officer(), request, "family")
    assert clock(bureau.register.facts.timeline(request), jurisdiction, days).closed_on == local_today()
    disputes = DisputeService(bureau.officer())
    disputes.complain(request, "person", "z1", local_today())
    with pytest.raises(RefusedError, match="R17"):
        disputes.end_complaint(request, "z1", "upheld", reopen=True)
    for by in ("cli:otto", "cli:anna"):  # no second signer; and the one who recorded it
        with pytest.raises(NotAllowedError):
            lift_death(bureau.officer(by), request)
    [after] = lift_death(bureau.officer("airflow:sam"), request, "Zij belde ons zelf.")
    assert after.state is State.NEEDS_PERSON
    assert vars(clock(after, jurisdiction, days)) == vars(before)
    assert drive(bureau.services, request)
    assert faults(bureau.settings.register) == []


def test_an_heir_is_asked_about_and_gets_a_letter(bureau: Bureau) -> None:
    message = "Ik vraag alles op van mijn vader Jan Jansen."
    more = {"keys": {}, "authenticated": None, "message": message, "made_by": "heir"}
    request = bureau.store(**more, **PARTIES)
    assert "Wij kijken wat wij voor u kunnen doen" in bureau.text(request, "acknowledgement")
    bureau.reply(bureau.asked(request), "deceased", rests_on="death_certificate")
    assert bureau.state(request) is State.PERSON_DECEASED
    text = text_of(bureau, request)
    assert "Beste Jan Jansen" in text and "omdat u voor" not in text
    assert "uw verzoek om inzage in de gegevens van Jan Jansen" in text
    [letter] = bureau.register.letters.all(request_id=request)
    bureau.send(letter.id)
    assert bureau.due(request) == ()
    alive = bureau.store(**more | {"message": "Alles van mijn vader."})
    bureau.reply(bureau.asked(alive), "not_deceased")
    with pytest.raises(NeedsPersonError):
        drive(bureau.services, alive)
    assert bureau.questions(alive)[-1].kind == "identity"


def test_a_death_stops_the_other_requests_of_that_person_and_later_ones(bureau: Bureau) -> None:
    recorded, waiting = bureau.store("portability", days=4), bureau.store(days=3)
    drive(bureau.services, waiting)
    letter = make(bureau.officer(), waiting, "delivery", FILES).letter
    assert letter is not None
    record_death(bureau.officer(), recorded, "notary")
    later = bureau.store(["access", "portability"])
    for request in (waiting, *bureau.register.cases.get(later).requests):
        with pytest.raises(NeedsPersonError, match=f"death was recorded in {recorded}"):
            drive(bureau.services, request)
    with pytest.raises(RefusedError, match="needs_person"):
        send(bureau.settings, bureau.register, letter.id, "cli:anna")
    [question] = [q for q in bureau.questions(waiting) if q.kind == "deceased"]
    bureau.reply(question, "not_deceased")
    assert drive(bureau.services, waiting)
    bureau.reply(bureau.asked(later), "deceased", rests_on="family")
    assert bureau.state(later) is State.PERSON_DECEASED
    assert bureau.asked(waiting).detail == {"recorded_in": later}  # another record, so another question
    lift_death(bureau.officer("airflow:sam"), later)
    assert drive(bureau.services, waiting)
    bureau.register.evidence.must_follow(waiting)
