"""Runs by REST against a server that answers as Airflow does, and who clicked there by its audit log."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from afschrift.airflow_ext.trigger import Access, Clicked, trigger
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError, RetriableError

REQUEST = "req-7k3m9x2p4v0q"

DAG = "/api/v2/dags/fulfil_request"

GOING = rf"Run {REQUEST}\.1 of this request is still going"


@dataclass
class Server:
    """Answers as Airflow does.

    Attributes:
        answers: method and path -> status and body; a list is used up one by one.
        asked: method, path, token and body of each question.
    """

    answers: dict[str, Any] = field(
        default_factory=lambda: {
            "POST /auth/token": (201, {"access_token": "made"}),
            f"GET {DAG}": (200, {"is_paused": False}),
            f"GET {DAG}/dagRuns": (200, {"dag_runs": [], "total_entries": 0}),
            f"POST {DAG}/dagRuns": (200, {}),
        }
    )
    asked: list[tuple[str, str, str | None, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, body = request.url.path, json.loads(request.content or b"null")
        self.asked.append((request.method, path, request.headers.get("Authorization"), body))
        found = self.answers[f"{request.method} {path}"]
        status, content = found.pop(0) if isinstance(found, list) else found
        return httpx.Response(status, json=content)


@pytest.fixture
def server() -> Server:
    return Server()


def start(server: Server, token: str | None = "given", **conf: Any) -> str:
    access = Access("http://airflow", token, "admin", "secret")
    return trigger(REQUEST, conf, access, httpx.MockTransport(server))


def runs(*states: str) -> tuple[int, dict[str, Any]]:
    """An answer with runs of the request in these states, the last one first."""
    found = [{"dag_run_id": f"{REQUEST}.{n}", "state": state} for n, state in enumerate(states, 1)]
    return 200, {"dag_runs": found[::-1], "total_entries": len(found)}


@pytest.mark.parametrize("token", ["given", None])
def test_the_first_run(server: Server, token: str | None) -> None:
    assert start(server, token, formats=["json"]) == f"{REQUEST}.1"

    bearer, conf = f"Bearer {token or 'made'}", {"request": REQUEST, "formats": ["json"]}
    body = {"dag_run_id": f"{REQUEST}.1", "logical_date": None, "conf": conf}
    assert server.asked[-1] == ("POST", f"{DAG}/dagRuns", bearer, body)
    if token is None:  # it is asked for
        assert server.asked.pop(0)[3] == {"username": "admin", "password": "secret"}
    assert {asked[2] for asked in server.asked} == {bearer}


def test_attempts_are_counted_and_a_taken_number_is_passed_over(server: Server) -> None:
    server.answers[f"GET {DAG}/dagRuns"] = runs("success", "success")
    server.answers[f"POST {DAG}/dagRuns"] = [(409, {}), (200, {})]

    assert start(server) == f"{REQUEST}.4"


def test_a_fault_that_passes_is_asked_again(server: Server) -> None:
    server.answers[f"GET {DAG}/dagRuns"] = [(500, {}), runs()]
    server.answers[f"POST {DAG}/dagRuns"] = [(500, {}), (200, {})]

    assert start(server) == f"{REQUEST}.1"


def test_a_run_that_started_despite_a_fault_is_not_started_twice(server: Server) -> None:
    server.answers[f"GET {DAG}/dagRuns"] = [runs(), runs("queued")]
    server.answers[f"POST {DAG}/dagRuns"] = [(500, {}), (409, {})]

    with pytest.raises(RefusedError, match=GOING):
        start(server)
    assert sum(asked[0] == "POST" for asked in server.asked) == 2


@pytest.mark.parametrize("state", ["queued", "running"])
def test_two_runs_of_a_request_at_once_are_refused(server: Server, state: str) -> None:
    server.answers[f"GET {DAG}/dagRuns"] = runs(state)

    with pytest.raises(RefusedError, match=GOING):
        start(server)


@pytest.mark.parametrize(
    ("question", "status", "body", "kind", "words"),
    [
        ("POST /auth/token", 401, {}, ConfigurationError, "does not let us in"),
        (f"GET {DAG}", 403, {}, ConfigurationError, "does not let us in"),
        (f"GET {DAG}", 404, {}, ConfigurationError, "knows no DAG fulfil_request"),
        (f"GET {DAG}", 200, {"is_paused": True}, ConfigurationError, "is paused"),
        (f"POST {DAG}/dagRuns", 400, {"detail": "Kanarie"}, RefusedError, "turned the options"),
        (f"POST {DAG}/dagRuns", 422, {"detail": "Kanarie"}, RefusedError, "turned the options"),
        (f"POST {DAG}/dagRuns", 503, {}, RetriableError, "has a fault of its own"),
        (f"POST {DAG}/dagRuns", 418, {}, AfschriftError, "answered 418"),
    ],
)
def test_refusals_are_distinguished(
    server: Server, question: str, status: int, body: object, kind: type[AfschriftError], words: str
) -> None:
    server.answers[question] = (status, body)

    with pytest.raises(kind, match=words) as raised:
        start(server, token=None)

    assert type(raised.value) is kind
    assert "Kanarie" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_server_that_does_not_answer_and_one_without_a_way_in() -> None:
    with pytest.raises(RetriableError, match=rf"does not answer .*afschrift run {REQUEST}"):
        trigger(REQUEST, {}, Access("http://127.0.0.1:1", "given"))
    with pytest.raises(ConfigurationError, match="AFSCHRIFT_AIRFLOW_TOKEN"):
        trigger(REQUEST, {}, Access("http://127.0.0.1:1"))


def test_access_comes_from_the_environment_or_from_up(tmp_path: Path) -> None:
    home, here = {"AFSCHRIFT_HOME": str(tmp_path)}, "http://127.0.0.1:8080"
    assert Access.from_environment(home) == Access(here)

    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "passwords.json").write_text('{"admin": "made by up"}')
    assert Access.from_environment(home) == Access(here, user="admin", password="made by up")

    given = {"URL": "https://airflow.example.org/", "TOKEN": "t", "USER": "u", "PASSWORD": "p"}
    access = Access.from_environment(
        home | {f"AFSCHRIFT_AIRFLOW_{name}": value for name, value in given.items()}
    )
    assert access == Access("https://airflow.example.org", "t", "u", "p")
    assert "'p'" not in repr(access)


RUN = "req-7k3m9x2p4v0q.1"

LOG = [
    {"event": "patch_task_instance", "task_id": "validate", "owner": "bob"},
    {"event": "patch_task_instance", "task_id": "extract_0", "owner": "carol"},
    {"event": "post_clear_task_instances", "task_id": None, "owner": "dave"},
]


def clicked(answer: Any, triggered_by: str | None = "anna", token: str | None = "t") -> Clicked:
    """With an Airflow that gives an answer."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v2/eventLogs"
        assert request.url.params["run_id"] == RUN
        assert "trigger_dag_run" not in request.url.params.get_list("included_events")
        return httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, json=answer)

    return Clicked(RUN, triggered_by, Access("http://airflow", token), httpx.MockTransport(handle))


def test_a_mark_is_of_who_marked_that_task_and_else_of_the_last_click() -> None:
    who = clicked({"event_logs": LOG})
    assert who("marked_success", "validate") == "airflow:bob"
    assert who("marked_success", "extract") == "airflow:carol"
    assert who("not_extracted", "deliver") == "airflow:bob"
    for reason in ("another_run", "unknown_fields_in_conf"):  # what comes of the trigger
        assert who(reason, "assess") == "airflow:anna"
        assert clicked({"event_logs": LOG}, triggered_by=None)(reason, "assess") == "unknown"


@pytest.mark.parametrize(
    "answer",
    [403, 500, {"event_logs": []}, {}, {"event_logs": [{"owner": "anonymous"}]}, {"event_logs": [{}]}],
)
def test_where_airflow_does_not_tell_it_is_unknown(answer: Any) -> None:
    assert clicked(answer)("marked_success", "validate") == "unknown"
    assert clicked(answer, token=None)("marked_success", "validate") == "unknown"
