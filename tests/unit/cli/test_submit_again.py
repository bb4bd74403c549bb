"""A request whose run could not be started: the same message finds it again, and exit codes show the result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from testbed.small import write_database, write_inventory
from tests.support.command_line import CommandResult, in_this_process
from tests.support.moves import moved

from afschrift.app.settings import Settings
from afschrift.cli.running import MEANING, Ended
from afschrift.domain.state import State
from afschrift.register.open import initialise, open_register
from afschrift.register.register import Register

pytestmark = pytest.mark.slow

SECRET = "zangvogel"
MESSAGE = {
    "message": f"Ik vraag al mijn gegevens op. {SECRET}.",
    "channel": "portal",
    "received_at": "2026-01-01T10:00:00+01:00",
    "right": ["access", "portability"],
    "keys": {"customer_id": "1"},
    "authenticated": {"by": "log-in", "level": "password + code", "at": "2026-01-01T09:59:00+01:00"},
}
UNREACHABLE = "http://127.0.0.1:9"

Submit = Callable[..., CommandResult]


@pytest.fixture
def submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submit:
    for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_AIRFLOW_URL", UNREACHABLE)
    monkeypatch.setenv("AFSCHRIFT_AIRFLOW_TOKEN", "t")
    initialise(Settings.from_environment())

    def submitted(*words: str, **more: object) -> CommandResult:
        return in_this_process(("submit", "-", *words), json.dumps(MESSAGE | more))

    return submitted


def ids(result: CommandResult) -> list[str]:
    return [line for line in result.text.splitlines() if line.startswith("req-")]


def register() -> Register:
    return open_register(Settings.from_environment())


def test_request_without_a_run_is_reported_with_the_command(submit: Submit) -> None:
    result = submit()
    assert result.code == Ended.NOT_STARTED
    first, second = ids(result)
    for request in (first, second):  # also for the second, though the first failed
        assert f"Request {request} is stored, but its run was not started." in result.errors
        assert f"`afschrift run {request} --airflow`" in result.errors
    again = in_this_process(("run", first, "--airflow"))
    assert (again.code, f"Request {first} is stored" in again.errors) == (Ended.NOT_STARTED, True)


@pytest.mark.parametrize(
    "change", [{}, {"formats": ["xml"]}, {"language": "en"}, {"received_at": "2026-01-01T09:00:00Z"}]
)
def test_the_same_message_again_finds_its_request_and_is_no_repeat(
    submit: Submit, change: dict[str, object]
) -> None:
    first = submit()
    again = submit(**change)
    assert ids(again) == ids(first)
    assert again.code == Ended.NOT_STARTED
    [case] = register().cases.all()
    assert f"This message is stored as case {case.id} already" in again.errors
    assert len(case.requests) == 2
    types = [header.type for request in case.requests for header, _ in register().trail.events(request)]
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
def test_another_message_is_another_case(submit: Submit, change: dict[str, object]) -> None:
    first = submit("--start", "no")
    assert not set(ids(first)) & set(ids(submit("--start", "no", **change)))
    assert len(register().cases.all()) == 2


def test_a_message_whose_storing_broke_off_is_completed(submit: Submit) -> None:
    [access] = ids(submit("--start", "no", right="access"))  # the state after the second one failed
    found = ids(submit("--start", "no"))
    assert (found[0], len(found)) == (access, 2)
    assert [case.requests for case in register().cases.all()] == [tuple(found)]


def test_a_message_whose_request_is_closed_starts_nothing(submit: Submit) -> None:
    [request] = ids(submit("--start", "no", right="access"))
    moved(register(), request, State.WITHDRAWN)
    result = submit(right="access")
    assert (result.code, ids(result)) == (Ended.DONE, [request])
    assert f"Request {request} is withdrawn: nothing is started." in result.errors


def test_message_of_a_forgotten_request_is_not_recognised(submit: Submit) -> None:
    [request] = ids(submit("--start", "no", right="access"))
    moved(register(), request, State.WITHDRAWN)
    register().data_keys.shred(request, "R79")
    assert ids(submit("--start", "no", right="access")) != [request]


def test_refused_and_stored_have_codes_of_their_own(submit: Submit) -> None:
    assert submit(keys={"shoe": "44"}).code == Ended.REFUSED
    assert register().cases.all() == ()
    assert submit("--start", "no").code == Ended.DONE


def test_the_help_of_each_command_and_the_runbook_have_the_table(project_root: Path) -> None:
    runbook = (project_root / "docs" / "operator" / "operations.md").read_text(encoding="utf-8")
    for code, words in MEANING.items():
        assert f"| {code.value} | {words} |" in runbook
    groups = {"review": ("approve", "hold-back", "redact"), "manual": ("answer",)}
    plain = (("submit",), ("run",), ("answer",), ("partial",))
    for command in (*plain, *((group, request) for group, those in groups.items() for request in those)):
        output = " ".join(in_this_process((*command, "--help")).text.split())
        assert all(f"{code.value} {words}" in output for code, words in MEANING.items()), command
