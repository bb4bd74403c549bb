"""The environment of an Airflow of our own, and the processes in it."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation

from afschrift.airflow_ext.environment import CONFIG, environment
from afschrift.airflow_ext.up import Processes, port_is_free
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RetriableError, UnknownRequestError
from afschrift.law.roles import Person, Role, Roles


def test_every_setting_has_a_reason_and_airflow_knows_it(airflow_env: AirflowEnv) -> None:
    from airflow.configuration import retrieve_configuration_description

    known = retrieve_configuration_description()
    before = ""
    for line in (CONFIG / "airflow.env").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            _, section, key = line.partition("=")[0].lower().split("__")
            assert key in known[section]["options"], line
            assert before, f"{line} has no reason"
        before = line


def test_another_airflow_in_the_environment_is_left_alone(tmp_path: Path) -> None:
    kept = {
        "AIRFLOW_CONN_WAREHOUSE": "postgres://warehouse",
        "AIRFLOW__SECRETS__BACKEND": "vault",
        "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS": "{}",
        "AIRFLOW__METRICS__STATSD_ON": "True",
    }
    production = {
        "AIRFLOW_HOME": "/srv/airflow",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://production",
    }
    base = {"PATH": "/bin", "PYTHONPATH": "/elsewhere", "AFSCHRIFT_HOME": str(tmp_path), **kept, **production}

    ours = environment(Settings.from_environment(base), tmp_path / "airflow", base)

    assert ours["AIRFLOW_HOME"] == str(tmp_path / "airflow")
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in ours
    assert {name: ours[name] for name in kept} == kept
    assert ours["PYTHONPATH"].split(os.pathsep)[-1] == "/elsewhere"


def test_a_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not port_is_free(port)
    assert port_is_free(port)


def fake_airflow(folder: Path, code: str) -> Processes:
    """A program instead of Airflow's."""
    package = folder / "airflow"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(code)
    return Processes({**os.environ, "PYTHONPATH": str(folder)}, folder)


def test_processes_end_with_their_children(tmp_path: Path) -> None:
    code = f"""
import os, pathlib, time
os.fork()
pathlib.Path({str(tmp_path)!r}, "pid-" + str(os.getpid())).touch()
time.sleep(60)
"""
    with fake_airflow(tmp_path, code) as processes:
        processes.start("scheduler")
        until = time.monotonic() + 20
        while len(started := list(tmp_path.glob("pid-*"))) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        processes.must_live()

    assert len(started) == 2
    pids = [int(file.name.removeprefix("pid-")) for file in started]
    until = time.monotonic() + 5  # an orphan's end is reported a moment later
    while any(_alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.01)
    assert [pid for pid in pids if _alive(pid)] == []


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(") ")[1][:1]
    except FileNotFoundError:
        return False


def test_a_part_that_ends_by_itself_is_named_with_its_log(tmp_path: Path) -> None:
    with fake_airflow(tmp_path, "import sys; print('no database'); sys.exit(3)") as processes:
        processes.start("scheduler")
        with pytest.raises(RetriableError, match=r"scheduler ended by itself \(code 3\).*scheduler\.log"):
            processes.watch()

    assert (tmp_path / "scheduler.log").read_text() == "no database\n"


ROLES = Roles(
    (
        Person("otto", frozenset({"airflow:otto"}), frozenset({Role.OFFICER})),
        Person("ivo", frozenset({"airflow:ivo"}), frozenset({Role.INTAKE})),
        Person("aad", frozenset({"airflow:aad"}), frozenset({Role.AUDITOR})),
    )
)

Change = Callable[..., None]


@pytest.fixture
def request_id(installation: Installation) -> str:
    return installation.submit(900001, "portability")


@pytest.fixture
def change(installation: Installation, request_id: str) -> Change:
    from afschrift.airflow_ext.params import change_options

    def with_services(by: str = "airflow:otto", request: str = request_id, **options: Any) -> None:
        change_options(installation.services, request, options, by, ROLES)

    return with_services


def changes(installation: Installation, kind: str = "options_changed") -> list[tuple[str, dict[str, Any]]]:
    events = installation.services.register.trail.events()
    return [(header.actor, payload or {}) for header, payload in events if header.type == kind]


def test_what_differs_is_recorded_once_with_who(
    installation: Installation, request_id: str, change: Change
) -> None:
    before = installation.services.register.requests.get(request_id)
    change()
    change(formats=["csv", "json"], destination="outbox")
    assert installation.services.register.requests.get(request_id) == before
    assert changes(installation) == []

    for _ in range(2):
        change(formats=["json"], language="nl")

    assert installation.services.register.requests.get(request_id).formats == ("json",)
    assert changes(installation) == [("airflow:otto", {"changed": {"formats": ["json"]}})]
    change(by="airflow:ivo", formats=["csv"])
    assert [actor for actor, _ in changes(installation)] == ["airflow:otto", "airflow:ivo"]


def test_what_the_installation_does_not_have_is_turned_down(
    installation: Installation, change: Change
) -> None:
    for option in ({"destination": "nowhere"}, {"language": "fr"}):
        with pytest.raises(ConfigurationError, match="choose one of"):
            change(formats=["json"], **option)
    with pytest.raises(UnknownRequestError):
        change(request="req-000000000000", language="en")
    assert changes(installation) == []


@pytest.mark.parametrize("account", ["airflow:stranger", "airflow:aad", "airflow:system", "cli:otto"])
def test_options_of_an_account_without_role_are_ignored_and_recorded(
    installation: Installation, request_id: str, change: Change, account: str
) -> None:
    before = installation.services.register.requests.get(request_id)

    change(by=account, formats=["json"], language="en")

    assert installation.services.register.requests.get(request_id) == before
    assert changes(installation) == []
    [(actor, payload)] = changes(installation, "options_refused")
    assert (actor, payload["options"]) == (account, ["formats", "language"])
