"""The REST interface in Airflow's own application, behind its log-in, with our roles: no network, no scheduler."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from demo.people import HEAVY
from tests.support.moves import moved
from tests.support.pages import ROLES, Desk

pytestmark = pytest.mark.airflow
CONFIRMED: dict[str, Any] = {"choice": "confirmed", "detail": {"method": "call_back", "level": "substantial"}}
TEXT = "Kanariezin over de vrouw met de gele jas"


@dataclass(frozen=True)
class Asked:
    """A request that waits for its identity decision, and its question."""

    desk: Desk
    request: str
    question: str

    @property
    def path(self) -> str:
        return f"/questions/{self.question}"

    def answer(self, user: str, body: Any = CONFIRMED, question: str = "", **more: Any) -> Any:
        """Answer it, or another question."""
        path = f"/questions/{question or self.question}/answer"
        return self.desk.ask(user, "POST", path, json=body, **more)


@pytest.fixture
def asked(desk: Desk) -> Asked:
    (desk.home / "roles.yml").write_text(ROLES, encoding="utf-8")  # a test may break it
    return Asked(desk, *desk.identity(HEAVY.number))


def test_call_without_log_in_is_refused(desk: Desk, asked: Asked) -> None:
    ways = [("GET", "/questions"), ("GET", asked.path), ("POST", f"{asked.path}/answer")]
    ways.append(("GET", f"/requests/{asked.request}"))
    assert [desk.ask(None, *way).status_code for way in ways] == [401] * 4
    forged = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0."}
    assert {desk.ask(None, *way, headers=dict(forged)).status_code for way in ways} <= {401, 403}
    strangers = [desk.ask("stranger", *way) for way in ways]
    assert [reply.status_code for reply in strangers] == [403] * 4
    assert all("the roles file" in reply.text and "roles.yml" not in reply.text for reply in strangers)
    for path in ("/../openapi.json", "/../docs", "/../redoc"):
        assert desk.ask(None, "GET", path).status_code in (401, 404)


def test_questions_and_timeline_are_shown_by_role(desk: Desk, asked: Asked) -> None:
    users = ("anna", "sam", "dirk", "ada", "ivo")
    listed = {user: desk.ask(user, "GET", "/questions").json() for user in users}
    may = {
        user: [shown["may_answer"] for shown in found if shown["id"] == asked.question]
        for user, found in listed.items()
    }
    assert (listed["sam"], listed["ivo"]) == ([], [])
    assert may == {"anna": [True], "sam": [], "dirk": [False], "ada": [False], "ivo": []}
    shown = desk.ask("anna", "GET", asked.path).json()
    assert shown["form"]["properties"]["level"]["enum"] == ["low", "substantial", "high"]
    assert (shown["kind"], shown["options"]) == ("identity", ["confirmed", "not_confirmed"])
    assert desk.ask("sam", "GET", asked.path).status_code == 404
    assert "timeline" not in desk.ask("ivo", "GET", f"/requests/{asked.request}").json()
    seen = desk.ask("ada", "GET", f"/requests/{asked.request}").json()
    assert (seen["state"], seen["open_questions"]) == ("needs_person", [asked.question])
    last = [seen["timeline"][-1][name] for name in ("type", "actor", "payload")]
    assert last == ["request_viewed", "airflow:ada", {"role": "auditor"}]


@pytest.mark.parametrize("user", ["sam", "dirk", "ada", "ivo"])
def test_answer_without_the_role_only_leaves_an_event(desk: Desk, asked: Asked, user: str) -> None:
    refused = asked.answer(user)
    assert refused.status_code == 403
    assert "role officer" in refused.json()["detail"]
    assert "the person who keeps the roles file gives it" in refused.json()["detail"]
    assert desk.register.decisions.of(asked.request) == ()
    assert desk.register.questions.get(asked.question).answered_at is None
    header, payload = desk.register.trail.events(asked.request)[-1]
    assert (header.type, header.actor) == ("answer_refused", f"airflow:{user}")
    assert payload == {"kind": "identity", "role": "officer"}


def test_answer_is_recorded_and_starts_the_next_run(desk: Desk, asked: Asked) -> None:
    reply = asked.answer("anna", CONFIRMED | {"text": TEXT})
    assert reply.status_code == 200, reply.text
    assert (reply.json()["run"], reply.json()["next"]) == (f"{asked.request}.1", None)
    runs = "SELECT state, triggering_user_name FROM dag_run WHERE run_id = ?"
    assert desk.env.rows(runs, f"{asked.request}.1") == [("queued", "anna")]
    [decision] = desk.register.decisions.of(asked.request)
    detail = {**CONFIRMED["detail"], "destination": "outbox"}
    assert (decision.by, decision.detail) == ("airflow:anna", detail)
    assert desk.events(asked.request)[-1][1]["held"] == {"role": "officer", "source": "roles_file"}

    again = asked.answer("anna", {"choice": "not_confirmed"})
    assert (again.status_code, "answered already" in again.json()["detail"]) == (409, True)
    assert len(desk.register.decisions.of(asked.request)) == 1


def test_next_run_starts_with_the_last_answer(desk: Desk, asked: Asked) -> None:
    columns = {"options": ["include", "exclude"], "detail": {"columns": ["shop.a.b"]}}
    other = desk.register.questions.ask(asked.request, "unclassified", **columns).id
    reply = asked.answer("anna").json()
    assert (reply["run"], other in reply["next"]) == (None, True)
    assert desk.env.rows("SELECT state FROM dag_run WHERE run_id LIKE ?", f"{asked.request}%") == []
    reply = asked.answer("anna", {"choice": "include"}, other).json()
    assert (reply["run"], reply["next"]) == (f"{asked.request}.1", None)


def test_one_of_simultaneous_answers_is_taken(desk: Desk, asked: Asked) -> None:
    desk.ask("anna", "GET", asked.path)  # Airflow makes its secret at the first log-in; threads make several
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: asked.answer("anna"), range(4)))
    assert sorted(reply.status_code for reply in replies) == [200, 409, 409, 409], [r.text for r in replies]
    assert all("answered already" in r.json()["detail"] for r in replies if r.status_code == 409)
    assert [r.json()["run"] for r in replies if r.status_code == 200] == [f"{asked.request}.1"]
    assert len(desk.register.decisions.of(asked.request)) == 1


def test_text_of_an_answer_does_not_reach_airflow(desk: Desk, asked: Asked) -> None:
    misplaced = CONFIRMED | {"detail": {"method": TEXT, TEXT: 1}}
    bodies = [CONFIRMED | {"text": TEXT, "more": TEXT}, misplaced, CONFIRMED | {"text": TEXT}]
    replies = [asked.answer("anna", body) for body in bodies]
    assert [reply.status_code for reply in replies] == [422, 422, 200]
    assert all(TEXT not in reply.text for reply in replies)
    dumps = []
    for file in (desk.env.home / "airflow.db", desk.home / "register.db"):
        with sqlite3.connect(file) as connection:
            dumps.append("\n".join(connection.iterdump()))
    assert ("trigger_dag_run" in dumps[0], asked.question in dumps[1]) == (True, True)
    assert TEXT not in desk.env.log + "".join(dumps)
    assert "request finished" in desk.env.log


def test_answer_of_an_airflow_viewer_starts_no_run(desk: Desk, asked: Asked) -> None:
    reply = asked.answer("vera").json()
    assert reply["run"] is None
    assert "The answer is recorded, but no run was started" in reply["next"]
    assert f"afschrift run {asked.request}" in reply["next"]
    assert [d.choice for d in desk.register.decisions.of(asked.request)] == ["confirmed"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"choice": "perhaps"}, {"choice"}),
        ({"choice": "confirmed"}, {"method", "level"}),
        ({"choice": "confirmed", "detail": {"method": "Jan", "level": "high"}}, {"method"}),
        ({"choice": "not_confirmed", "detail": {"doubt": "keys_disagree", "Jan": "Jan"}}, {"detail"}),
        (CONFIRMED | {"detail": CONFIRMED["detail"] | {"checked_on": "Jan"}}, {"checked_on"}),
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
    desk: Desk, asked: Asked, body: Any, fields: set[str]
) -> None:
    before = desk.register.trail.events(asked.request)
    reply = asked.answer("anna", body)
    assert reply.status_code == 422
    assert set(reply.json()["fields"]) == fields
    assert "Jan" not in reply.text
    assert desk.register.trail.events(asked.request) == before


def test_body_that_is_not_json_is_refused(desk: Desk, asked: Asked) -> None:
    """A page of a stranger can make a browser send plain text with its cookie, but no JSON."""
    whole, json_type = json.dumps(CONFIRMED), "application/json"
    kinds = (
        ("text/plain", whole),
        ("application/x-www-form-urlencoded", whole),
        ("", whole),
        (json_type, "{"),
    )
    for kind, content in kinds:
        headers = {"Content-Type": kind} if kind else {}
        reply = desk.ask("anna", "POST", f"{asked.path}/answer", content=content, headers=headers)
        assert reply.status_code == 422


def test_unknown_and_closed_questions(desk: Desk, asked: Asked) -> None:
    from afschrift.domain.state import State

    for path in ("/questions/q-000000000000", "/questions/%27%20OR%201", "/requests/req-000000000000"):
        assert desk.ask("anna", "GET", path).status_code == 404
    assert asked.answer("anna", question="q-000000000000").status_code == 404
    moved(desk.register, asked.request, State.WITHDRAWN)
    closed = asked.answer("anna")
    assert (closed.status_code, "it is closed" in closed.json()["detail"]) == (409, True)


def test_faults_of_roles_file_and_software_are_logged_and_not_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.web import request_api

    def broken() -> Any:
        raise ValueError(TEXT)

    (desk.home / "roles.yml").write_text(ROLES + "  Anna2: {accounts: [anna], roles: [boss]}\n")
    reply = desk.ask("anna", "GET", "/questions")
    assert (reply.status_code, "roles.yml" in reply.text) == (500, False)
    assert f"roles.yml:{len(ROLES.splitlines()) + 1}: people.Anna2.roles" in desk.env.log
    (desk.home / "roles.yml").write_text(ROLES)
    monkeypatch.setattr(request_api, "open_register", broken)
    reply = desk.ask("anna", "GET", "/questions")
    assert reply.status_code == 500
    assert "Unexpected ValueError at" in desk.env.log
    assert TEXT not in desk.env.log + reply.text


def test_post_by_cookie_is_accepted_from_our_own_site_only(desk: Desk, asked: Asked) -> None:
    client = desk.client("anna")
    answer = f"/afschrift/api{asked.path}/answer"
    bodyless = f"/afschrift/api/requests/{asked.request}/look-up"
    before = desk.register.trail.events(asked.request)
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
    assert desk.register.trail.events(asked.request) == before
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/afschrift/api/questions", headers=cross).status_code == 403
    own = {"Origin": "http://testserver"}
    assert client.post(answer, json={"choice": "perhaps"}, headers=own).status_code == 422
    reply = client.post(answer, json=CONFIRMED, headers={"Sec-Fetch-Site": "same-origin"})
    assert (reply.status_code, reply.json()["run"]) == (200, f"{asked.request}.1")
    request, question = desk.identity(HEAVY.number)
    program = asked.answer("anna", question=question, headers=cross)  # by a token
    assert (program.status_code, program.json()["run"]) == (200, f"{request}.1")


def test_admin_is_officer_in_a_demo(desk: Desk, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.home / "roles.yml").unlink()
    assert desk.ask("admin", "GET", "/questions").status_code == 403
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    assert desk.ask("anna", "GET", "/questions").status_code == 403
    assert asked.answer("admin").status_code == 200


def test_decision_is_signed_and_has_its_letter(desk: Desk, asked: Asked) -> None:
    from tests.support.ground_forms import GROUNDS, complete, in_trail

    from afschrift.law.grounds import Outcome

    register = desk.register
    request, question = desk.decision()
    form = complete("manifestly_unfounded", Outcome.REFUSE) | {"objective": TEXT}
    ground = {"ground": "manifestly_unfounded"}
    body = {"choice": "refuse", "detail": ground | in_trail(form), "texts": GROUNDS.texts(form)}
    before = register.trail.events(request)
    lacking = asked.answer("anna", body | {"texts": {"objective": TEXT}}, question)
    assert (lacking.status_code, set(lacking.json()["fields"])) == (422, {"subjective", "reasons"})
    misplaced = asked.answer("anna", body | {"detail": ground | {"objective": TEXT}}, question)
    assert (misplaced.status_code, set(misplaced.json()["fields"])) == (422, {"objective"})
    never = asked.answer("anna", {"choice": "refuse", "detail": {"ground": "own_costs"}}, question)
    assert (never.status_code, "(R52)" in never.json()["detail"]) == (409, True)
    assert not any(TEXT in reply.text for reply in (lacking, misplaced, never))
    assert register.trail.events(request) == before

    shown = desk.ask("anna", "GET", f"/questions/{question}").json()
    assert "manifestly_unfounded" in shown["form"]["properties"]["ground"]["enum"]
    reply = asked.answer("anna", body, question).json()
    assert (reply["run"], reply["signer"] in reply["next"]) == (None, True)
    assert asked.answer("anna", {"choice": "agree"}, reply["signer"]).status_code == 403
    signed = asked.answer("sam", {"choice": "agree"}, reply["signer"]).json()
    assert signed["letter"] in signed["next"]
    assert register.requests.get(request).state.open
    assert TEXT not in json.dumps(desk.events(request))
