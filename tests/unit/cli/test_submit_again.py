"""A request whose run could not be started: the same message finds it again, and exit codes show the result."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.command_line import SECRET, in_this_process, run_command, submit
from tests.support.moves import moved

from afschrift.cli.running import MEANING, Ended
from afschrift.domain.state import State
from afschrift.register.register import Register
from afschrift.services import Services

pytestmark = pytest.mark.slow

START = ("--start", "airflow")


@pytest.fixture
def register(services: Services, monkeypatch: pytest.MonkeyPatch) -> Register:
    """Of an installation whose Airflow is out of reach."""
    monkeypatch.setenv("AFSCHRIFT_AIRFLOW_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AFSCHRIFT_AIRFLOW_TOKEN", "t")
    return services.register


def test_request_without_a_run_is_reported_with_the_command(register: Register) -> None:
    result = submit(*START)
    assert result.code == Ended.NOT_STARTED
    first, second = result.requests
    for request in (first, second):  # also for the second, though the first failed
        assert f"Request {request} is stored, but its run was not started." in result.errors
        assert f"`afschrift run {request} --airflow`" in result.errors
    again = in_this_process(("run", first, "--airflow"))
    assert (again.code, f"Request {first} is stored" in again.errors) == (Ended.NOT_STARTED, True)


def test_where_requests_are_read_together_a_new_one_waits(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "AFSCHRIFT_BATCH_REQUESTS is 1" in run_command("batch", "list")
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "2")

    requests = submit(*START).requests

    listed = in_this_process(("batch", "list"))
    assert sorted(listed.requests) == sorted(requests)
    assert "2 wait. The sweep starts 2, or all after 24 hours." in listed.text + listed.errors
    for line in run_command("batch", "explain").splitlines():
        if line.startswith("req-"):
            assert line.endswith("no plan is frozen yet; it is assessed and classified separately first")
    assert "`afschrift batch start --here` does it without" in run_command("batch", "start", code=1)
    assert "UnknownRequest" not in run_command("batch", "start", "req-000000000000", code=1)


@pytest.mark.parametrize(
    "change", [{}, {"formats": ["xml"]}, {"language": "en"}, {"received_at": "2026-01-01T09:00:00Z"}]
)
def test_the_same_message_again_finds_its_request_and_is_no_repeat(
    register: Register, change: dict[str, object]
) -> None:
    first = submit(*START)
    again = submit(*START, **change)
    assert again.requests == first.requests
    assert again.code == Ended.NOT_STARTED
    [case] = register.cases.all()
    assert f"This message is stored as case {case.id} already" in again.errors
    assert len(case.requests) == 2
    types = [header.type for request in case.requests for header, _ in register.trail.events(request)]
    assert types.count("request_received") == 2
    assert "fact_linked" not in types
    assert SECRET not in again.errors


@pytest.mark.parametrize(
    "change",
    [
        {"message": "Ik vraag nog eens al mijn gegevens op."},
        {"keys": {"customer_id": "2"}},
        {"received_at": "2026-01-02T10:00:00+01:00"},
        {"channel": "email"},
        {"right": "portability", "message": "Ik vraag nog eens al mijn gegevens op."},
    ],
)
def test_another_message_is_another_case(register: Register, change: dict[str, object]) -> None:
    first = submit()
    assert not set(first.requests) & set(submit(**change).requests)
    assert len(register.cases.all()) == 2


def test_a_message_whose_storing_broke_off_is_completed(register: Register) -> None:
    [access] = submit(right="access").requests  # the state after the second one failed
    found = submit().requests
    assert (found[0], len(found)) == (access, 2)
    assert [case.requests for case in register.cases.all()] == [tuple(found)]


def test_a_message_whose_request_is_closed_or_forgotten(register: Register) -> None:
    [request] = submit(right="access").requests
    moved(register, request, State.WITHDRAWN)
    result = submit(*START, right="access")
    assert (result.code, result.requests) == (Ended.DONE, [request])
    assert f"Request {request} is withdrawn: nothing is started." in result.errors
    register.data_keys.shred(request, "R79")
    assert submit(right="access").requests != [request]


def test_refused_and_stored_have_codes_of_their_own(register: Register) -> None:
    assert submit(keys={"shoe": "44"}).code == Ended.REFUSED
    assert register.cases.all() == ()
    assert submit().code == Ended.DONE


def test_the_help_of_each_command_and_the_runbook_have_the_table(project_root: Path) -> None:
    runbook = (project_root / "docs" / "operator" / "operations.md").read_text(encoding="utf-8")
    for code, words in MEANING.items():
        assert f"| {code.value} | {words} |" in runbook
    groups = {"review": ("approve", "hold-back", "redact"), "manual": ("answer",)}
    plain = (("submit",), ("run",), ("answer",), ("partial",))
    for command in (*plain, *((group, request) for group, those in groups.items() for request in those)):
        output = " ".join(in_this_process((*command, "--help")).text.split())
        assert all(f"{code.value} {words}" in output for code, words in MEANING.items()), command
