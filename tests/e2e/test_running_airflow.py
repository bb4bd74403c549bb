"""A real Airflow with its scheduler, workers and REST API: requests go through it, also when killed.

Takes about two minutes on two idle cores; `-m "not airflow"` leaves it out.
"""

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from demo.people import HEAVY
from testbed.delivered import open_delivered
from tests.airflow_support import ONCE
from tests.support.airflow_up import DAG, Running, airflow_up, wait_for
from tests.support.installed import CUSTOMERS
from tests.support.nightly import nightly_after
from tests.support.telemetry import OtlpReceiver, StatsdListener, otlp_receiver, statsd_listener
from tests.support.two_sources import two_sources, write_inventory
from tests.unit.app.test_private_files import modes

from afschrift.law.roles import Role

__all__ = ["two_sources"]

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="finds the tasks' processes in /proc"),
]

WATCHED = Path(__file__).parents[1] / "support" / "watched"
EVENT = {
    "assess": "assessed",
    "classify": "plan_frozen",
    "extract_app": "extracted app",
    "extract_shop": "extracted shop",
    "validate": "validated",
    "package": "packed",
    "deliver": "bundle_delivered",
    "close": "fact_answer_ready",
}
"""The event with which each task's work is done."""
CHAIN = [*EVENT]

PEOPLE = iter(CUSTOMERS)


@pytest.fixture(scope="module")
def statsd() -> Iterator[StatsdListener]:
    with statsd_listener() as listener:
        yield listener


@pytest.fixture(scope="module")
def collector() -> Iterator[OtlpReceiver]:
    with otlp_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def kill_points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in it kills a task at the point of its name: see `tests/support/watched`."""
    return tmp_path_factory.mktemp("points")


@pytest.fixture(scope="module")
def airflow(
    two_sources: Path,
    tmp_path_factory: pytest.TempPathFactory,
    statsd: StatsdListener,
    collector: OtlpReceiver,
    kill_points: Path,
) -> Iterator[Running]:
    path = os.pathsep.join([str(WATCHED), *filter(None, [os.environ.get("PYTHONPATH")])])
    watched = {"AFSCHRIFT_TEST_KILLS": str(kill_points), "PYTHONPATH": path}
    outside = statsd.environment | collector.environment | watched
    folder = tmp_path_factory.mktemp("running")
    variables = {"AFSCHRIFT_INVENTORY": str(write_inventory(folder / "inventory")), "AFSCHRIFT_DEMO": "1"}
    with airflow_up(two_sources, folder, outside, variables) as running:
        yield running


@pytest.fixture(scope="module")
def ran(airflow: Running) -> str:
    """A request that went through in one run."""
    request = airflow.installation.submit(next(PEOPLE), "access")
    assert airflow.wait(airflow.trigger(request)) == "success"
    return request


def test_a_request_goes_through(airflow: Running, ran: str) -> None:
    assert airflow.installation.state(ran) == "ready"
    assert set(airflow.tasks(f"{ran}.1")) == {*CHAIN, "wipe"}
    assert airflow.ask("GET", "/importErrors")["total_entries"] == 0


def test_its_figures_go_to_statsd_and_its_spans_to_a_collector(
    airflow: Running, ran: str, statsd: StatsdListener, collector: OtlpReceiver
) -> None:
    steps = {name.partition("_")[0] for name in CHAIN}
    assert {name.rpartition(".")[2] for name in statsd.values("afschrift.step.duration.")} == steps
    assert set(statsd.values("afschrift.step.rows.")) == {
        f"afschrift.step.rows.{name}" for name in ("extract", "validate")
    }
    wait_for(lambda: bool(statsd.values("afschrift.requests.days_left")))  # its DAG runs by itself
    assert "req-" not in str(statsd.values("afschrift."))

    ours = [attributes for name, attributes in collector.spans if name.startswith("afschrift.")]
    assert {attributes["afschrift.step"] for attributes in ours} == steps
    assert {attributes["afschrift.outcome"] for attributes in ours} == {"done"}
    assert len({attributes["afschrift.request"] for attributes in ours}) == 1


def test_all_parts_are_healthy(airflow: Running) -> None:
    health = airflow.client.get("/api/v2/monitor/health").json()

    assert {part: state["status"] for part, state in health.items()} == dict.fromkeys(health, "healthy")
    assert "triggerer" in health


def test_there_is_a_user_for_each_role(airflow: Running, ran: str) -> None:
    file = airflow.installation.home / "airflow" / "passwords.json"
    passwords = json.loads(file.read_text(encoding="utf-8"))
    assert set(passwords) == {"admin", "viewer", *Role}
    seen = {}
    for user in ("intake", "auditor", "viewer"):
        login = {"username": user, "password": passwords[user]}
        token = airflow.client.post("/auth/token", json=login).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        shown = airflow.client.get(f"/afschrift/api/requests/{ran}", headers=bearer)
        run = airflow.client.post(f"/api/v2/dags/{DAG}/dagRuns", headers=bearer, json={"no": "run"})
        seen[user] = (shown.status_code, run.status_code)
    assert seen == {"intake": (200, 422), "auditor": (200, 403), "viewer": (403, 403)}


def test_what_airflow_keeps_is_for_its_account_alone(airflow: Running, ran: str) -> None:
    home = airflow.installation.home / "airflow"
    assert list(home.glob(f"logs/dag_id=fulfil_request/run_id={ran}.1/task_id=close/*.log"))
    assert modes(home) == {}


def test_task_logs_hold_the_sentences_of_the_trail(airflow: Running, ran: str) -> None:
    from afschrift.audit.against_logs import compare, read_logs
    from afschrift.audit.sentences import line

    register, folder = airflow.installation.services.register, airflow.installation.home / "airflow" / "logs"
    request, run = ran, f"{ran}.1"
    files = sorted((folder / "dag_id=fulfil_request" / f"run_id={run}").rglob("*.log"))
    assert len(files) == len([*CHAIN, "wipe"])
    entries = [json.loads(text) for file in files for text in file.read_text("utf-8").splitlines()]
    logged_lines = [entry["event"] for entry in entries if entry.get("logger") == "afschrift.trail"]
    events = register.trail.events(request)
    began, ended = (
        next(h.seq for h, _ in events if h.type == f"run_{word}") for word in ("started", "ended")
    )
    of_run = [(h, p) for h, p in events if began <= h.seq <= ended and "notice" not in h.type]
    assert sorted(logged_lines) == sorted(line(header, payload) for header, payload in of_run)
    assert len(logged_lines) > len(CHAIN)
    fields = [entry for entry in entries if entry.get("logger") == "afschrift.trail"]
    assert {(entry["trail_seq"], entry["trail_type"], entry["request"]) for entry in fields} == {
        (header.seq, header.type, request) for header, _ in of_run
    }
    assert {entry.get("step") for entry in fields} >= {*(name.partition("_")[0] for name in CHAIN)}
    loggers = {entry.get("logger", "") for entry in entries}
    assert {name for name in loggers if not name.startswith(("airflow", "afschrift", "task"))} <= {
        "py.warnings",
        "",
    }
    logs = read_logs(folder)
    assert logs.tasks[run] == {*CHAIN, "wipe"}
    assert compare(logs, register.trail.events()).findings == []
    links = airflow.get(f"/dagRuns/{run}/taskInstances/classify/links")["extra_links"]
    assert links == {"Request": f"afschrift/runs/{run}"}


@pytest.mark.nightly
def test_the_next_run_of_a_request_has_the_next_number(airflow: Running) -> None:
    from afschrift.domain.errors import RefusedError

    request = airflow.installation.submit(next(PEOPLE), "portability", authenticated=False)

    first = airflow.trigger(request)
    with pytest.raises(RefusedError, match=r"Run .*\.1 of this request is still going"):
        airflow.trigger(request)
    assert airflow.wait(first) == "success"
    second = airflow.trigger(request)

    assert [first, second] == [f"{request}.1", f"{request}.2"]
    assert airflow.wait(second) == "success"
    assert {
        name: task["state"] for name, task in airflow.tasks(second).items() if name != "wipe"
    } == dict.fromkeys(CHAIN, "skipped")
    assert airflow.installation.state(request) == "needs_person"


@pytest.mark.nightly
def test_the_log_of_a_failed_task_ends_with_what_to_do(airflow: Running) -> None:
    run = airflow.trigger("req-000000000000")

    assert airflow.wait(run) == "failed"
    log = airflow.get(f"/dagRuns/{run}/taskInstances/assess/logs/1")["content"]
    lines = [entry["event"] for entry in log if not entry["event"].startswith("::")]
    assert lines[-1].endswith("What to do: list them with `afschrift requests`.")


@pytest.mark.parametrize(
    "conf", nightly_after(1, [{"formats": ["pdf"]}, {"language": "fr"}, {"destination": "../x"}])
)
def test_options_that_do_not_exist_are_refused(airflow: Running, conf: dict[str, Any]) -> None:
    from afschrift.domain.errors import RefusedError

    with pytest.raises(RefusedError, match="turned the options of the run down"):
        airflow.trigger(airflow.installation.submit(next(PEOPLE), "portability"), **conf)


@pytest.mark.nightly
def test_a_demo_may_give_a_customer_number_and_the_event_log_hides_it(airflow: Running) -> None:
    body = {"logical_date": None, "conf": {"customer_number": str(HEAVY.number), "right": "access"}}

    answer = airflow.send("POST", "/dags/fulfil_request/dagRuns", json=body)

    assert answer.status_code == httpx.codes.OK
    assert airflow.wait(answer.json()["dag_run_id"]) == "success"
    logged = airflow.send("GET", "/eventLogs", params={"event": "trigger_dag_run", "limit": 100}).text
    assert "customer_number" in logged
    assert str(HEAVY.number) not in logged


def workers() -> dict[str, int]:
    """The executor's workers that have taken a task: id of the task instance -> process."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                title = (entry / "cmdline").read_bytes().decode(errors="replace").rstrip("\0 ")
                if title.startswith("airflow worker -- LocalExecutor") and not title.endswith("<idle>"):
                    found[title.split()[-1]] = int(entry.name)
    return found


def kill_a_worker_that_took_a_task(airflow: Running, run: str) -> str:
    """Kill a worker while Airflow still takes its task for `queued`; the task."""
    seen: set[str] = set()
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for instance, pid in workers().items():
            if instance in seen:
                continue
            seen.add(instance)
            os.kill(pid, signal.SIGSTOP)
            states = {task["id"]: (name, task["state"]) for name, task in airflow.tasks(run).items()}
            name, state = states.get(instance, ("", ""))
            if state == "queued":
                os.kill(pid, signal.SIGKILL)
                return name
            os.kill(pid, signal.SIGCONT)  # it had reported it running, or has one of another run
    pytest.fail("no worker was met as it took a task")


@pytest.mark.nightly
def test_worker_killed_with_a_queued_task_is_replaced(airflow: Running) -> None:
    request = airflow.installation.submit(next(PEOPLE), "portability")
    run = airflow.trigger(request)

    killed = kill_a_worker_that_took_a_task(airflow, run)

    assert airflow.wait(run) == "success", killed
    counts = airflow.installation.counted(request)
    assert {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
    assert len([path for path in airflow.installation.bundles if request in path.name]) == 1
    logged = airflow.ask("GET", "/eventLogs", params={"run_id": run, "limit": 100})["event_logs"]
    assert "stuck in queued reschedule" in {entry["event"] for entry in logged}


def kill_and_clear(airflow: Running, run: str, points: Path) -> list[str]:
    """Clear each task of a run that its point has killed, until the run ends; the points in their order."""
    killed: list[str] = []
    tasks_by_event = {event: name for name, event in EVENT.items()}
    until = time.monotonic() + 480
    while time.monotonic() < until:
        for left in points.glob("*.*"):
            point, _, pid = left.name.rpartition(".")
            task = tasks_by_event[point.partition(" ")[2]]

            def ended(task: str = task, pid: str = pid) -> bool:
                found = airflow.tasks(run)[task]
                return found["state"] == "up_for_retry" and found["pid"] == int(pid)

            wait_for(ended, 120, asks=True)
            left.unlink()
            killed.append(point)
            airflow.clear(run, task)
        if airflow.get(f"/dagRuns/{run}")["state"] in ("success", "failed"):
            return killed
        time.sleep(0.1)
    pytest.fail(f"run {run} did not end; killed at {killed}")


@pytest.fixture
def by_itself(airflow: Running) -> Iterator[None]:
    """No DAG but ours runs: the checks of each hour and quarter would notify of these late requests."""
    others = ("check_deadlines", "sweep", "tell_questions")

    def under_way(dag: str) -> int:
        found: int = airflow.get("/dagRuns", dag, state=["queued", "running"])["total_entries"]
        return found

    for dag in others:
        wait_for(lambda dag=dag: not under_way(dag), asks=True)  # paused, it would stay so
        airflow.call("PATCH", "", dag=dag, json={"is_paused": True})
    yield
    for dag in others:
        airflow.call("PATCH", "", dag=dag, json={"is_paused": False})


@pytest.mark.nightly
@pytest.mark.usefixtures("by_itself")
def test_killed_tasks_give_one_bundle_and_each_event_once(airflow: Running, kill_points: Path) -> None:
    """First its work is done and not yet committed, then it is committed and Airflow does not know."""
    installation = airflow.installation
    points = [f"{when} {EVENT[task]}" for task in CHAIN for when in ("before", "after")]
    request = installation.submit(next(PEOPLE), "access")
    for point in points:
        (kill_points / point).touch()
    run = airflow.trigger(request)

    assert sorted(kill_and_clear(airflow, run, kill_points)) == sorted(points)

    assert airflow.wait(run) == "success"
    counts = installation.counted(request)
    assert {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
    others = {
        "request_received",
        "decision_taken",
        "fact_linked",
        "age_read",
        "step_finished",
        "delivery_begun",
    }
    assert set(counts) - set(ONCE) <= others
    bundle = open_delivered(installation.services, request)
    assert hashlib.sha256(bundle.read_bytes()).hexdigest() == installation.packed(request)
    assert [path.name for path in (installation.home / "outbox").glob(f"*{request}*")] == [bundle.name]
