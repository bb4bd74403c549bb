"""Cases over HTTP: other rights, mandates, messages that are not received, holds and complaints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, api_server, log_in
from tests.support.days import local_today
from tests.support.installed import Installation, installed

pytestmark = [pytest.mark.airflow]

ROLES = """
people:
  Anna: {accounts: ["airflow:anna"], roles: [officer]}
  Sam: {accounts: ["airflow:sam"], roles: [second_signer]}
  Dirk: {accounts: ["airflow:dirk"], roles: [dpo]}
  Ivo: {accounts: ["airflow:ivo"], roles: [intake]}
"""
WORDS = "Kanariezin over de vrouw met de gele jas"
WHY = "De kwikstaart procedeert."

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def installation(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(demo_warehouse, tmp_path_factory.mktemp("rest")) as made:
        (made.home / "roles.yml").write_text(ROLES, encoding="utf-8")
        yield made


@pytest.fixture(scope="module")
def call(airflow_env: AirflowEnv, installation: Installation) -> Iterator[Call]:
    """Asks as a user of Airflow."""
    from starlette.testclient import TestClient

    with api_server() as server:
        client = TestClient(server, raise_server_exceptions=False)

        def ask(user: str, path: str, body: Any = None) -> Any:
            headers = {"Authorization": f"Bearer {log_in(user, 'user')}"}
            method = "GET" if body is None else "POST"
            return client.request(method, f"/afschrift/api{path}", headers=headers, json=body)

        yield ask


def stored(installation: Installation, **content: Any) -> Any:
    from afschrift.casework.intake.message import Intake
    from afschrift.casework.intake.store_request import take_in

    services = installation.services
    whole = {"message": WORDS, "channel": "email", "received_at": services.now(), "right": "access"}
    whole |= {"keys": {"customer_id": str(HEAVY.number)}, **content}
    return take_in(services, Intake.model_validate(whole), "airflow:ivo")


def test_matter_of_another_right_is_passed_on(call: Call, installation: Installation) -> None:
    case = stored(installation, other_rights=["erasure"]).case
    assert [(matter["case"], matter["right"]) for matter in call("dirk", "/matters").json()] == [
        (case, "erasure")
    ]
    body = {"right": "erasure", "to": "klantenservice", "reference": "T-1"}
    assert call("dirk", f"/cases/{case}/handed-over", body).status_code == 403
    assert call("ivo", f"/cases/{case}/handed-over", body | {"to": "a@b.example"}).status_code == 409
    wrong = call("ivo", f"/cases/{case}/handed-over", {"right": "erasure"})
    assert (wrong.status_code, set(wrong.json()["fields"])) == (422, {"to", "reference"})
    assert call("ivo", f"/cases/{case}/handed-over", body).status_code == 200
    assert call("dirk", "/matters").json() == []
    assert call("ivo", "/cases/case-000000000000/handed-over", body).status_code == 404


def test_an_unclear_right(call: Call, installation: Installation) -> None:
    [request] = stored(installation, right="unclear").requests
    body = {"right": "both", "text": "de vrouw met de gele jas"}
    assert call("ivo", f"/requests/{request}/reading", body).status_code == 403
    assert call("anna", f"/requests/{request}/reading", body | {"text": "iets anders"}).status_code == 409
    done = call("anna", f"/requests/{request}/reading", body).json()
    assert installation.services.register.requests.get(done["beside"]).right.value == "portability"


def test_mandate_is_recorded_and_ended(call: Call, installation: Installation) -> None:
    from afschrift.domain.errors import NeedsPersonError
    from afschrift.steps.assess import assess

    proof = {"by": "log-in", "level": "high", "at": installation.services.now()}
    keys = {"customer_id": "77"}  # of no other person here
    [request] = stored(installation, made_by="guardian", authenticated=proof, keys=keys).requests
    assert call("anna", f"/requests/{request}/mandate-withdrawn", {}).status_code == 409
    with pytest.raises(NeedsPersonError):
        assess(installation.services, request)
    [question] = installation.services.register.questions.all(request_id=request)
    shown = call("anna", f"/questions/{question.id}").json()
    assert "guardianship_register" in shown["form"]["properties"]["kind"]["enum"]
    form = {"kind": "guardianship_register", "checked_on": "2026-01-02", "scope": "both"}
    form |= {"identity_checked": "eid", "answer_to": "representative", "answer_by": "post", "secrecy": "care"}
    body = {"choice": "proven", "detail": form}
    lacking = call("anna", f"/questions/{question.id}/answer", body)
    assert (lacking.status_code, set(lacking.json()["fields"])) == (422, {"text"})
    done = call("anna", f"/questions/{question.id}/answer", body | {"text": WORDS})
    signer = done.json()["signer"]
    assert call("sam", f"/questions/{signer}/answer", {"choice": "agree"}).status_code == 200
    assess(installation.services, request)
    assert call("anna", f"/requests/{request}/mandate-withdrawn", {"text": WORDS}).status_code == 200
    assert WORDS not in repr(installation.services.register.trail.events())


def test_message_that_is_not_received(call: Call, installation: Installation) -> None:
    case = stored(installation, channel="cleaners")
    body = {"published_on": "2020-01-01", "text": WORDS}
    assert call("ivo", f"/cases/{case.case}/not-received", body).status_code == 403
    assert call("anna", f"/cases/{case.case}/not-received", body | {"text": ""}).status_code == 422
    signer = call("anna", f"/cases/{case.case}/not-received", body).json()["signer"]
    done = call("sam", f"/questions/{signer}/answer", {"choice": "agree"}).json()
    assert "R03" in done["next"]
    assert installation.services.register.requests.get(case.requests[0]).state.value == "not_received"


def test_complaint_and_holds_after_the_answer(call: Call, installation: Installation) -> None:
    register = installation.services.register
    request = installation.submit(HEAVY.number, "access")
    at = f"/cases/{request}"
    assert call("dirk", f"{at}/hold", {"ground": "court", "text": WHY}).status_code == 403
    [held] = call("anna", f"{at}/hold", {"ground": "court", "text": WHY}).json()
    [hold] = held["holds"]
    assert (hold["ground"], hold["by"]) == ("court", "airflow:anna")
    wrong = call("anna", f"{at}/hold", {"ground": "kwikstaart", "text": WHY})
    assert (wrong.status_code, "kwikstaart" in wrong.text) == (409, False)
    assert call("anna", f"{at}/hold", {"ground": "court"}).json()["fields"].keys() == {"text"}
    assert call("anna", f"{at}/hold", {"ground": "court", "text": " "}).status_code == 409

    came = {"from": "authority", "reference": "z2026-1", "received": str(local_today())}
    [reply] = call("anna", f"{at}/complaint", came).json()
    assert (reply["complaints"][0]["from"], len(reply["holds"])) == ("authority", 2)
    outcome = {"reference": "z2026-1", "outcome": "upheld", "text": WHY}
    [reply] = call("anna", f"{at}/complaint/outcome", outcome).json()
    assert reply["complaints"][0]["outcome"] == "upheld"
    for hold in reply["holds"]:
        assert call("anna", f"{at}/release", {"hold": hold["hold"], "text": WHY}).status_code == 200

    restriction = f"/requests/{request}/restrictions/q-000000000000"
    look = call("anna", f"{restriction}/review", {"outcome": "lifted", "text": WHY})
    assert (look.status_code, "no restriction" in look.json()["detail"]) == (409, True)
    assert call("sam", f"{restriction}/sign", {"agree": True}).status_code == 409
    assert call("anna", f"{restriction}/request", {}).status_code == 409

    shown = call("dirk", at).json()
    moments = [entry["at"] for entry in shown["story"]]
    assert moments == sorted(moments)
    assert [r["request"] for r in shown["requests"]] == [request]
    assert "kwikstaart" not in repr(shown)
    assert [h.type for h, _ in register.trail.events(request)][-1] == "case_viewed"
    assert "kwikstaart" not in repr(register.trail.events())
    assert call("stranger", at).status_code == 403
