"""The REST interface to requests and cases: another right, a mandate, a complaint, a hold."""

from typing import Any

import pytest
from demo.people import HEAVY
from tests.support.days import local_today
from tests.support.pages import Desk

from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import take_in
from afschrift.domain.errors import NeedsPersonError
from afschrift.steps.assess import assess

pytestmark = pytest.mark.airflow
TEXT = "Kanariezin over de vrouw met de gele jas"
WHY = "De kwikstaart procedeert."


def call(desk: Desk, user: str, path: str, body: Any = None) -> Any:
    return desk.ask(user, "GET" if body is None else "POST", path, json=body)


def stored(desk: Desk, **content: Any) -> Any:
    services = desk.services
    whole = {"message": TEXT, "channel": "email", "received_at": services.now(), "right": "access"}
    whole |= {"keys": {"customer_id": str(HEAVY.number)}, **content}
    return take_in(services, Intake.model_validate(whole), "airflow:ivo")


def test_matter_of_another_right_is_passed_on(desk: Desk) -> None:
    case = stored(desk, other_rights=["erasure"]).case
    assert [(matter["case"], matter["right"]) for matter in call(desk, "dirk", "/matters").json()] == [
        (case, "erasure")
    ]
    body = {"right": "erasure", "to": "klantenservice", "reference": "T-1"}
    assert call(desk, "dirk", f"/cases/{case}/hand-over", body).status_code == 403
    assert call(desk, "ivo", f"/cases/{case}/hand-over", body | {"to": "a@b.example"}).status_code == 409
    wrong = call(desk, "ivo", f"/cases/{case}/hand-over", {"right": "erasure"})
    assert (wrong.status_code, set(wrong.json()["fields"])) == (422, {"to", "reference"})
    assert call(desk, "ivo", f"/cases/{case}/hand-over", body).status_code == 200
    assert call(desk, "dirk", "/matters").json() == []
    assert call(desk, "ivo", "/cases/case-000000000000/hand-over", body).status_code == 404


def test_an_unclear_right(desk: Desk) -> None:
    [request] = stored(desk, right="unclear").requests
    body = {"right": "both", "text": "de vrouw met de gele jas"}
    assert call(desk, "ivo", f"/requests/{request}/reading", body).status_code == 403
    assert (
        call(desk, "anna", f"/requests/{request}/reading", body | {"text": "iets anders"}).status_code == 409
    )
    done = call(desk, "anna", f"/requests/{request}/reading", body).json()
    assert desk.register.requests.get(done["requests"][1]["request"]).right.value == "portability"


def test_mandate_is_recorded_and_ended(desk: Desk) -> None:
    proof = {"by": "log-in", "level": "high", "at": desk.services.now()}
    keys = {"customer_id": "77"}  # of no other person here
    [request] = stored(desk, made_by="guardian", authenticated=proof, keys=keys).requests
    assert call(desk, "anna", f"/requests/{request}/mandate-withdrawn", {}).status_code == 409
    with pytest.raises(NeedsPersonError):
        assess(desk.services, request)
    [question] = desk.register.questions.all(request_id=request)
    shown = call(desk, "anna", f"/questions/{question.id}").json()
    assert "guardianship_register" in shown["form"]["properties"]["kind"]["enum"]
    form = {"kind": "guardianship_register", "checked_on": "2026-01-02", "scope": "both"}
    form |= {"identity_checked": "eid", "answer_to": "representative", "answer_by": "post", "secrecy": "care"}
    body = {"choice": "proven", "detail": form}
    lacking = call(desk, "anna", f"/questions/{question.id}/answer", body)
    assert (lacking.status_code, set(lacking.json()["fields"])) == (422, {"text"})
    done = call(desk, "anna", f"/questions/{question.id}/answer", body | {"text": TEXT})
    signer = done.json()["signer"]
    assert call(desk, "sam", f"/questions/{signer}/answer", {"choice": "agree"}).status_code == 200
    assess(desk.services, request)
    assert call(desk, "anna", f"/requests/{request}/mandate-withdrawn", {"text": TEXT}).status_code == 200
    assert TEXT not in repr(desk.register.trail.events())


def test_parties_and_a_death_are_recorded(desk: Desk) -> None:
    case = stored(desk, made_by="proxy", representative={"name": "M. Vos"}, keys={"customer_id": "78"})
    [request], at = case.requests, f"/cases/{case.case}/parties"
    assert call(desk, "ivo", at, {}).status_code == 403
    record = f"/cases/{case.case}/party"
    assert call(desk, "dirk", record, {"party": "heir", "remove": True}).status_code == 403
    wrong = call(desk, "anna", record, {"party": "heir", "name": "Kwikstaart", "nickname": "Zangvogel"})
    assert wrong.status_code == 422
    assert not any(word in wrong.text for word in ("nickname", "Kwikstaart", "Zangvogel"))
    for body in ({"party": "person", "name": "Jan Jansen"}, {"party": "representative", "remove": True}):
        assert call(desk, "anna", record, body).status_code == 200
    assert call(desk, "anna", at, {}).json() == {"person": {"name": "Jan Jansen"}}
    at = f"/requests/{request}"
    assert call(desk, "dirk", f"{at}/deceased", {"rests_on": "notary"}).status_code == 403
    assert call(desk, "anna", f"{at}/deceased", {"rests_on": "a_dream"}).status_code == 422
    [words] = call(desk, "anna", f"{at}/deceased", {"rests_on": "notary", "text": TEXT}).json()["lines"]
    assert "person_deceased" in words
    assert desk.register.requests.get(request).state.value == "person_deceased"
    assert call(desk, "anna", f"{at}/not-deceased", {}).status_code == 403
    assert call(desk, "sam", f"{at}/not-deceased", {"text": TEXT}).json()["lines"] == [
        f"{request}: needs_person"
    ]
    assert TEXT not in repr(desk.register.trail.events())


def test_message_that_is_not_received(desk: Desk) -> None:
    case = stored(desk, channel="cleaners")
    body = {"published_on": "2020-01-01", "text": TEXT}
    assert call(desk, "ivo", f"/cases/{case.case}/not-received", body).status_code == 403
    assert call(desk, "anna", f"/cases/{case.case}/not-received", body | {"text": ""}).status_code == 422
    assert call(desk, "anna", f"/cases/{case.case}/not-received", body).status_code == 200
    [signer] = [question.id for question in desk.register.questions.all(request_id=case.requests[0])]
    done = call(desk, "sam", f"/questions/{signer}/answer", {"choice": "agree"}).json()
    assert "R03" in done["next"]
    assert desk.register.requests.get(case.requests[0]).state.value == "not_received"


def test_complaint_and_holds_after_the_answer(desk: Desk) -> None:
    register = desk.register
    request = desk.submit(HEAVY.number, "access")
    at = f"/cases/{request}"
    assert call(desk, "dirk", f"{at}/hold", {"ground": "court", "text": WHY}).status_code == 403
    [held] = call(desk, "anna", f"{at}/hold", {"ground": "court", "text": WHY}).json()["requests"]
    [hold] = held["holds"]
    assert (hold["ground"], hold["by"]) == ("court", "airflow:anna")
    wrong = call(desk, "anna", f"{at}/hold", {"ground": "kwikstaart", "text": WHY})
    assert (wrong.status_code, "kwikstaart" in wrong.text) == (409, False)
    assert call(desk, "anna", f"{at}/hold", {"ground": "court"}).json()["fields"].keys() == {"text"}
    assert call(desk, "anna", f"{at}/hold", {"ground": "court", "text": " "}).status_code == 422

    came = {"from": "authority", "reference": "z2026-1", "received": str(local_today())}
    [reply] = call(desk, "anna", f"{at}/complaint", came).json()["requests"]
    assert (reply["complaints"][0]["from"], len(reply["holds"])) == ("authority", 2)
    outcome = {"reference": "z2026-1", "outcome": "upheld", "text": WHY}
    [reply] = call(desk, "anna", f"{at}/complaint-outcome", outcome).json()["requests"]
    assert reply["complaints"][0]["outcome"] == "upheld"
    for hold in reply["holds"]:
        assert call(desk, "anna", f"{at}/release", {"hold": hold["hold"], "text": WHY}).status_code == 200

    at_request, of = f"/requests/{request}", {"restriction": "q-000000000000"}
    look = call(desk, "anna", f"{at_request}/review-restriction", {**of, "outcome": "lifted", "text": WHY})
    assert (look.status_code, "no restriction" in look.json()["detail"]) == (409, True)
    assert (
        call(desk, "sam", f"{at_request}/sign-restriction-review", {**of, "agree": True}).status_code == 409
    )
    assert call(desk, "anna", f"{at_request}/follow-up", of).status_code == 409

    shown = call(desk, "dirk", at).json()
    moments = [entry["at"] for entry in shown["story"]]
    assert moments == sorted(moments)
    assert [r["request"] for r in shown["requests"]] == [request]
    assert "kwikstaart" not in repr(shown)
    assert [h.type for h, _ in register.trail.events(request)][-1] == "case_viewed"
    assert "kwikstaart" not in repr(register.trail.events())
    assert call(desk, "stranger", at).status_code == 403
