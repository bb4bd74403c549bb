"""The environment of an Airflow of our own and its processes; options of a run; batches that the sweep starts."""

import os
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update
from testbed.running import installation, store
from testbed.small import write_database, write_inventory
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation

from afschrift.airflow_ext.environment import BATCH_DAG_ID, CONFIG, DAG_ID, environment
from afschrift.airflow_ext.up import Processes, port_is_free
from afschrift.app.settings import Settings
from afschrift.casework.run_findings import batch_id
from afschrift.domain.errors import ConfigurationError, GateError, RetriableError, UnknownRequestError
from afschrift.domain.instants import rfc3339
from afschrift.law.roles import Person, Role, Roles
from afschrift.register.database.database import Database
from afschrift.register.database.tables import request
from afschrift.services import Services
from afschrift.steps.gates import begin


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
    """Attempt: Say on the trigger form how the answer goes, without a role for it"""
    before = installation.services.register.requests.get(request_id)

    change(by=account, formats=["json"], language="en")

    assert installation.services.register.requests.get(request_id) == before
    assert changes(installation) == []
    [(actor, payload)] = changes(installation, "options_refused")
    assert (actor, payload["options"]) == (account, ["formats", "language"])


@dataclass
class KnownToAirflow:
    """What a task may ask of Airflow: its runs, each with its state, and whether a DAG is paused."""

    runs: dict[tuple[str, str], str] = field(default_factory=dict)
    paused: bool = False

    def get_dr_count(
        self, dag_id: str, run_ids: Iterable[str] | None = None, states: Iterable[str] | None = None
    ) -> int:
        return sum(
            dag == dag_id and (run_ids is None or run in run_ids) and (states is None or state in states)
            for (dag, run), state in self.runs.items()
        )

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {}

    def get_dag(self, dag_id: str) -> Any:
        assert dag_id == BATCH_DAG_ID
        return SimpleNamespace(is_paused=self.paused)


@pytest.fixture
def services(airflow_env: AirflowEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """An installation in which two requests that wait are read together."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "2")
    return installation(tmp_path / "home", tmp_path / "inventory")


@pytest.fixture
def waiting(services: Services) -> list[str]:
    """Two requests of two hours ago without a run."""
    found = [store(services, {"customer_id": number}) for number in "12"]
    then = rfc3339(datetime.now(UTC) - timedelta(hours=2))
    with Database(Settings.from_environment().register).write() as tx:
        tx.execute(update(request).values(created_at=then, changed_at=then))
    return found


def started(airflow: KnownToAirflow) -> list[tuple[str, str, list[str]]]:
    from afschrift.airflow_ext.sweep_tasks import sweep  # Airflow reads its home when it is imported

    return [
        (run["trigger_dag_id"], run["trigger_run_id"], run["conf"].get("requests", []))
        for run in sweep(ti=airflow)["start"]
    ]


def alone(requests: list[str], attempt: int = 1) -> list[tuple[str, str, list[str]]]:
    return [(DAG_ID, f"{request}.{attempt}", []) for request in sorted(requests)]


def test_those_who_wait_start_together_in_one_batch_at_a_time(waiting: list[str]) -> None:
    [(dag, run, requests)] = started(KnownToAirflow())
    assert (dag, run, sorted(requests)) == (BATCH_DAG_ID, batch_id(waiting), sorted(waiting))
    for state in ("queued", "running"):
        assert started(KnownToAirflow({(BATCH_DAG_ID, "another"): state})) == []
    assert started(KnownToAirflow({(BATCH_DAG_ID, "another"): "success"})) != []


def test_a_batch_that_came_to_nothing_is_not_started_again(waiting: list[str]) -> None:
    came = KnownToAirflow({(BATCH_DAG_ID, batch_id(waiting)): "failed"})
    assert sorted(started(came)) == alone(waiting)


def test_one_whose_own_run_is_in_line_does_not_go_along(waiting: list[str]) -> None:
    in_line = {(DAG_ID, f"{request_id}.1"): "queued" for request_id in waiting}
    assert started(KnownToAirflow(in_line)) == []
    in_line.popitem()
    [(_, _, requests)] = started(KnownToAirflow(in_line))
    assert requests == waiting[1:]


def test_where_the_dag_is_paused_each_starts_by_itself(
    waiting: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", "afschrift.run"):
        assert sorted(started(KnownToAirflow(paused=True))) == alone(waiting)
    assert "fulfil_batch is paused" in caplog.text


def test_an_id_that_was_turned_down_is_not_started_again(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "1")
    early = store(services, {"customer_id": "1"})
    first = replace(services, run="manual__2026-11-28T10:00:00Z")
    begin(first, early, "batch")
    with pytest.raises(GateError):
        begin(replace(services, run=f"{early}.1"), early, "officer")
    assert services.register.runs.end(early, "manual__2026-11-28T10:00:00Z", "batched")
    then = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr("afschrift.operations.sweep.utc_now", lambda: then)

    assert (DAG_ID, f"{early}.2", []) in started(KnownToAirflow({(DAG_ID, f"{early}.1"): "failed"}))
