"""The REST interface in Airflow's own application, behind its log-in, with our roles: no network, no scheduler."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, log_in
from tests.support.installed import Installation, installed
from tests.support.moves import moved
from tests.support.pages import app

pytestmark = [pytest.mark.airflow]

ROLES = """
people:
  Anna: {accounts: ["airflow:anna", "cli:anna"], roles: [officer]}
  Sam: {accounts: ["airflow:sam"], roles: [second_signer]}
  Dirk: {accounts: ["airflow:dirk"], roles: [dpo]}
  Ada: {accounts: ["airflow:ada"], roles: [auditor]}
  Ivo: {accounts: ["airflow:ivo"], roles: [intake]}
  Vera: {accounts: ["airflow:vera"], roles: [officer]}
"""
CONFIRMED = {"choice": "confirmed", "detail": {"method": "call_back", "level": "substantial"}}
TEXT = "Kanariezin over de vrouw met de gele jas"

Call = Callable[..., Any]
__all__ = ["app"]


@pytest.fixture(scope="module")
def installation(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all tests here; each has a request of its own."""
    with installed(demo_warehouse, tmp_path_factory.mktemp("rest")) as made:
        yield made


@pytest.fixture
def call(app: Any, installation: Installation) -> Call:
    """Asks as a user of Airflow; None: without a log-in. All may trigger but `vera`, who is a viewer."""
    from starlette.testclient import TestClient

    (installation.home / "roles.yml").write_text(ROLES, encoding="utf-8")
    client = TestClient(app, raise_server_exceptions=False)

    def ask(user: str | None, method: str, path: str, **more: Any) -> Any:
        headers = more.pop("headers", {})
        if user is not None:
            role = "viewer" if user == "vera" else "user"
            headers["Authorization"] = f"Bearer {log_in(user, role)}"
        return client.request(method, f"/afschrift/api{path}", headers=headers, **more)

    return ask


@pytest.fixture
def asked(installation: Installation) -> tuple[str, str]:
    """A request that waits for its identity decision, and its question."""
    from afschrift.domain.errors import NeedsPersonError
    from afschrift.steps.assess import assess

    request = installation.submit(HEAVY.number, "access", authenticated=False)
    with pytest.raises(NeedsPersonError):
        assess(installation.services, request)
    [question] = installation.services.register.questions.all(request_id=request)
    return request, question.id


def test_call_without_log_in_is_refused(call: Call, asked: tuple[str, str]) -> None:
    request, question = asked
    ways = [
        ("GET", "/questions"),
        ("GET", f"/questions/{question}"),
        ("POST", f"/questions/{question}/answer"),
        ("GET", f"/requests/{request}"),
    ]
    assert [call(None, *way).status_code for way in ways] == [401] * 4
    forged = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0."}
    assert {call(None, *way, headers=dict(forged)).status_code for way in ways} <= {401, 403}
    strangers = [call("stranger", *way) for way in ways]
    assert [reply.status_code for reply in strangers] == [403] * 4
    assert all("the roles file" in reply.text and "roles.yml" not in reply.text for reply in strangers)
    for path in ("/../openapi.json", "/../docs", "/../redoc"):
        assert call(None, "GET", path).status_code in (401, 404)


def test_questions_are_shown_by_role(call: Call, asked: tuple[str, str]) -> None:
    request, question = asked
    listed = {user: call(user, "GET", "/questions").json() for user in ("anna", "sam", "dirk", "ada", "ivo")}
    seen = {
        user: [(q["id"], q["may_answer"]) for q in qs if q["id"] == question] for user, qs in listed.items()
    }
    assert (listed["sam"], listed["ivo"]) == ([], [])
    assert seen == {
        "anna": [(question, True)],
        "sam": [],
        "dirk": [(question, False)],
        "ada": [(question, False)],
        "ivo": [],
    }
    shown = call("anna", "GET", f"/questions/{question}").json()
    assert shown["form"]["properties"]["level"]["enum"] == ["low", "substantial", "high"]
    assert (shown["kind"], shown["options"]) == ("identity", ["confirmed", "not_confirmed"])
    assert call("sam", "GET", f"/questions/{question}").status_code == 404
    assert "timeline" not in call("ivo", "GET", f"/requests/{request}").json()


def test_view_of_the_timeline_is_recorded(call: Call, asked: tuple[str, str]) -> None:
    request, question = asked
    shown = call("ada", "GET", f"/requests/{request}").json()
    assert (shown["state"], shown["open_questions"]) == ("needs_person", [question])
    last = shown["timeline"][-1]
    assert (last["type"], last["actor"], last["payload"]) == (
        "request_viewed",
        "airflow:ada",
        {"role": "auditor"},
    )


@pytest.mark.parametrize("user", ["sam", "dirk", "ada", "ivo"])
def test_answer_without_the_role_only_leaves_an_event(
    call: Call, asked: tuple[str, str], installation: Installation, user: str
) -> None:
    request, question = asked
    refused = call(user, "POST", f"/questions/{question}/answer", json=CONFIRMED)
    assert refused.status_code == 403
    assert "role officer" in refused.json()["detail"]
    assert "the person who keeps the roles file gives it" in refused.json()["detail"]
    register = installation.services.register
    assert register.decisions.of(request) == ()
    assert register.questions.get(question).answered_at is None
    header, payload = register.trail.events(request)[-1]
    assert (header.type, header.actor) == ("answer_refused", f"airflow:{user}")
    assert payload == {"kind": "identity", "role": "officer"}


def test_answer_is_recorded_and_starts_the_next_run(
    call: Call, asked: tuple[str, str], installation: Installation, airflow_env: AirflowEnv
) -> None:
    request, question = asked
    reply = call("anna", "POST", f"/questions/{question}/answer", json=CONFIRMED | {"text": TEXT})
    assert reply.status_code == 200, reply.text
    assert (reply.json()["run"], reply.json()["next"]) == (f"{request}.1", None)
    runs = airflow_env.rows(
        "SELECT state, triggering_user_name FROM dag_run WHERE run_id = ?", f"{request}.1"
    )
    assert runs == [("queued", "anna")]
    [decision] = installation.services.register.decisions.of(request)
    assert (decision.by, decision.detail) == ("airflow:anna", CONFIRMED["detail"])
    assert installation.events(request)[-1][1]["held"] == {"role": "officer", "source": "roles_file"}

    again = call("anna", "POST", f"/questions/{question}/answer", json={"choice": "not_confirmed"})
    assert again.status_code == 409
    assert "answered already" in again.json()["detail"]
    assert len(installation.services.register.decisions.of(request)) == 1


def test_next_run_starts_with_the_last_answer(
    call: Call, asked: tuple[str, str], installation: Installation, airflow_env: AirflowEnv
) -> None:
    request, question = asked
    register = installation.services.register
    options = ["include", "exclude"]
    other = register.questions.ask(
        request, "unclassified", options=options, detail={"columns": ["shop.a.b"]}
    ).id
    reply = call("anna", "POST", f"/questions/{question}/answer", json=CONFIRMED).json()
    assert (reply["run"], other in reply["next"]) == (None, True)
    assert airflow_env.rows("SELECT state FROM dag_run WHERE run_id LIKE ?", f"{request}%") == []
    reply = call("anna", "POST", f"/questions/{other}/answer", json={"choice": "include"}).json()
    assert (reply["run"], reply["next"]) == (f"{request}.1", None)


def test_one_of_simultaneous_answers_is_taken(
    call: Call, asked: tuple[str, str], installation: Installation
) -> None:
    request, question = asked
    with ThreadPoolExecutor(4) as pool:
        replies = list(
            pool.map(
                lambda _: call("anna", "POST", f"/questions/{question}/answer", json=CONFIRMED), range(4)
            )
        )
    assert sorted(reply.status_code for reply in replies) == [200, 409, 409, 409]
    assert all("answered already" in r.json()["detail"] for r in replies if r.status_code == 409)
    assert [r.json()["run"] for r in replies if r.status_code == 200] == [f"{request}.1"]
    assert len(installation.services.register.decisions.of(request)) == 1


def test_text_of_an_answer_does_not_reach_airflow(
    call: Call, asked: tuple[str, str], installation: Installation, airflow_env: AirflowEnv
) -> None:
    _, question = asked
    bodies = [
        CONFIRMED | {"text": TEXT, "more": TEXT},
        CONFIRMED | {"detail": {"method": TEXT, TEXT: 1}},
        CONFIRMED | {"text": TEXT},
    ]
    replies = [call("anna", "POST", f"/questions/{question}/answer", json=body) for body in bodies]
    assert [reply.status_code for reply in replies] == [422, 422, 200]
    assert all(TEXT not in reply.text for reply in replies)
    with sqlite3.connect(airflow_env.home / "airflow.db") as connection:
        dump = "\n".join(connection.iterdump())
    with sqlite3.connect(installation.home / "register.db") as connection:
        ours = "\n".join(connection.iterdump())
    assert question in ours
    assert "trigger_dag_run" in dump
    assert TEXT not in airflow_env.log + dump + ours
    assert "request finished" in airflow_env.log


def test_answer_of_an_airflow_viewer_starts_no_run(
    call: Call, asked: tuple[str, str], installation: Installation
) -> None:
    request, question = asked
    reply = call("vera", "POST", f"/questions/{question}/answer", json=CONFIRMED).json()
    assert reply["run"] is None
    assert "The answer is recorded, but no run was started" in reply["next"]
    assert f"afschrift run {request}" in reply["next"]
    assert [d.choice for d in installation.services.register.decisions.of(request)] == ["confirmed"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"choice": "perhaps"}, {"choice"}),
        ({"choice": "confirmed"}, {"method", "level"}),
        ({"choice": "confirmed", "detail": {"method": "Jan", "level": "high"}}, {"method"}),
        ({"choice": "not_confirmed", "detail": {"doubt": "keys_disagree", "Jan": "Jan"}}, {"detail"}),
        (
            {"choice": "confirmed", "detail": {"method": "login", "level": "low", "checked_on": "Jan"}},
            {"checked_on"},
        ),
        ({"choice": "confirmed", "detail": {"method": ["Jan"]}}, {"method", "level"}),
        ({"choice": "confirmed", "detail": {"method": [["Jan"]]}}, {"detail"}),
        (CONFIRMED | {"texts": {"reasons": "Jan"}}, {"texts"}),
        (CONFIRMED | {"texts": {"reasons": {"Jan": "Jan"}}}, {"texts"}),
        ({"Jan": "Jan"}, {"choice", "body"}),
        ({"choice": "confirmed", "text": "Jan" * 10_000}, {"text"}),
        (["Jan"], {"body"}),
    ],
)
def test_form_faults_name_fields_and_quote_nothing(
    call: Call, asked: tuple[str, str], installation: Installation, body: Any, fields: set[str]
) -> None:
    request, question = asked
    before = installation.services.register.trail.events(request)
    reply = call("anna", "POST", f"/questions/{question}/answer", json=body)
    assert reply.status_code == 422
    assert set(reply.json()["fields"]) == fields
    assert "Jan" not in reply.text
    assert installation.services.register.trail.events(request) == before


def test_body_that_is_not_json_is_refused(call: Call, asked: tuple[str, str]) -> None:
    """A page of a stranger can make a browser send plain text with its cookie, but no JSON."""
    path = f"/questions/{asked[1]}/answer"
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        headers = {"Content-Type": kind} if kind else {}
        assert call("anna", "POST", path, content=json.dumps(CONFIRMED), headers=headers).status_code == 422
    assert (
        call("anna", "POST", path, content=b"{", headers={"Content-Type": "application/json"}).status_code
        == 422
    )


def test_unknown_and_closed_questions(call: Call, asked: tuple[str, str], installation: Installation) -> None:
    from afschrift.domain.state import State

    request, question = asked
    for path in ("/questions/q-000000000000", "/questions/%27%20OR%201", "/requests/req-000000000000"):
        assert call("anna", "GET", path).status_code == 404
    assert call("anna", "POST", "/questions/q-000000000000/answer", json=CONFIRMED).status_code == 404
    moved(installation.services.register, request, State.WITHDRAWN)
    closed = call("anna", "POST", f"/questions/{question}/answer", json=CONFIRMED)
    assert (closed.status_code, "it is closed" in closed.json()["detail"]) == (409, True)


def test_faulty_roles_file_refuses_all_and_is_logged(
    call: Call, installation: Installation, airflow_env: AirflowEnv
) -> None:
    (installation.home / "roles.yml").write_text(ROLES + "  Anna2: {accounts: [anna], roles: [boss]}\n")
    reply = call("anna", "GET", "/questions")
    assert reply.status_code == 500
    assert "roles.yml" not in reply.text
    assert "roles.yml:9: people.Anna2.roles" in airflow_env.log


def test_unexpected_error_is_reported_without_its_message(
    call: Call, airflow_env: AirflowEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.web import question_api

    def broken() -> Any:
        raise ValueError(TEXT)

    monkeypatch.setattr(question_api, "open_register", broken)
    reply = call("anna", "GET", "/questions")
    assert reply.status_code == 500
    assert "Unexpected ValueError at" in airflow_env.log
    assert TEXT not in airflow_env.log + reply.text


def test_cookie_of_the_user_interface_is_accepted(
    call: Call, app: Any, asked: tuple[str, str], installation: Installation
) -> None:
    from starlette.testclient import TestClient

    request, question = asked
    client = TestClient(app, cookies={"_token": log_in("anna")})
    own = {"Sec-Fetch-Site": "same-origin"}
    reply = client.post(f"/afschrift/api/questions/{question}/answer", json=CONFIRMED, headers=own)
    assert (reply.status_code, reply.json()["run"]) == (200, f"{request}.1")


def test_post_of_another_site_with_the_cookie_is_refused(
    call: Call, app: Any, asked: tuple[str, str], installation: Installation
) -> None:
    from starlette.testclient import TestClient

    request, question = asked
    client = TestClient(app, cookies={"_token": log_in("anna")})
    answer = f"/afschrift/api/questions/{question}/answer"
    bodyless = f"/afschrift/api/requests/{request}/restrictions/x/request"
    before = installation.services.register.trail.events(request)
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "null", "Authorization": "Bearer "},
        {},
    ):
        for path, body in ((answer, CONFIRMED), (answer, {}), (bodyless, None)):
            reply = client.post(path, json=body, headers=headers)
            assert (reply.status_code, "not sent from its own page" in reply.text) == (403, True), headers
    assert installation.services.register.trail.events(request) == before
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/afschrift/api/questions", headers=cross).status_code == 403
    own = {"Origin": "http://testserver"}
    assert client.post(answer, json={"choice": "perhaps"}, headers=own).status_code == 422
    program = call("anna", "POST", f"/questions/{question}/answer", json=CONFIRMED, headers=cross)
    assert (program.status_code, program.json()["run"]) == (200, f"{request}.1")


def test_admin_is_officer_in_a_demo(
    call: Call, asked: tuple[str, str], installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (installation.home / "roles.yml").unlink()
    assert call("admin", "GET", "/questions").status_code == 403
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    assert call("anna", "GET", "/questions").status_code == 403
    assert call("admin", "POST", f"/questions/{asked[1]}/answer", json=CONFIRMED).status_code == 200


def test_decision_is_signed_and_has_its_letter(call: Call, installation: Installation) -> None:
    from tests.support.ground_forms import GROUNDS, complete

    from afschrift.casework.decision.require_decision import open_decision
    from afschrift.law.grounds import Outcome

    register = installation.services.register
    request = installation.submit(HEAVY.number, "portability")
    question = open_decision(GROUNDS, register, request).id
    form = complete("manifestly_unfounded", Outcome.REFUSE) | {"objective": TEXT}
    ground = {"ground": "manifestly_unfounded"}
    body = {"choice": "refuse", "detail": ground | GROUNDS.kept_in_trail(form), "texts": GROUNDS.texts(form)}
    ask = f"/questions/{question}/answer"
    before = register.trail.events(request)
    lacking = call("anna", "POST", ask, json=body | {"texts": {"objective": TEXT}})
    assert (lacking.status_code, set(lacking.json()["fields"])) == (422, {"subjective", "reasons"})
    misplaced = call("anna", "POST", ask, json=body | {"detail": ground | {"objective": TEXT}})
    assert (misplaced.status_code, set(misplaced.json()["fields"])) == (422, {"objective"})
    never = call("anna", "POST", ask, json={"choice": "refuse", "detail": {"ground": "own_costs"}})
    assert (never.status_code, "(R52)" in never.json()["detail"]) == (409, True)
    assert not any(TEXT in reply.text for reply in (lacking, misplaced, never))
    assert register.trail.events(request) == before

    shown = call("anna", "GET", f"/questions/{question}").json()
    assert "manifestly_unfounded" in shown["form"]["properties"]["ground"]["enum"]
    reply = call("anna", "POST", ask, json=body).json()
    assert (reply["run"], reply["signer"] in reply["next"]) == (None, True)
    sign = f"/questions/{reply['signer']}/answer"
    assert call("anna", "POST", sign, json={"choice": "agree"}).status_code == 403
    signed = call("sam", "POST", sign, json={"choice": "agree"}).json()
    assert signed["letter"] in signed["next"]
    assert register.requests.get(request).state.open
    assert TEXT not in json.dumps(installation.events(request))
