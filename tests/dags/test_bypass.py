"""Attempts to get round the gates on a real Airflow, and their results.

Everything is prepared while the DAG is paused, so no result depends on timing. The sources of every
process of this Airflow are counted by `tests/support/watched`: a line for each session and each statement,
with the request that it was for. The destination is a folder, counted by its files.
"""

import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from testbed.running import hand_over
from tests.support.airflow_up import Running, airflow_up
from tests.support.installed import CUSTOMERS

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.nightly,  # tests/unit/steps/test_bypass_*.py make the same attempts without Airflow
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for left processes in /proc"),
]

CHAIN = ("assess", "classify", "extract_app", "extract_shop", "validate", "package", "deliver", "close")
READING = ("extract_app", "extract_shop")
WATCHED = Path(__file__).parents[1] / "support" / "watched"
EARLY = "not_assessed|no_plan|state_acknowledged|not_extracted|not_validated"
Events = list[tuple[str, str]]


@dataclass(frozen=True)
class Attempt:
    """What a user of Airflow does to a run before it starts.

    Attributes:
        marked: task -> state set by hand.
        forged: task -> value of its XCom; `ID`: the id of the request.
        bypassed: step and reason (a pattern) of the events `gate_bypassed`, in any order.
        read: whether the person is identified, so that the run may read up to the gate.
    """

    marked: dict[str, str]
    bypassed: Events
    forged: dict[str, Any] = field(default_factory=dict)
    read: bool = False


def before(step: str) -> dict[str, str]:
    """All tasks before one, marked as successful."""
    return dict.fromkeys(CHAIN[: CHAIN.index(step)], "success")


def marked_before(step: str, *also: tuple[str, str]) -> Events:
    """The events where everything before a step was marked: each task's own, and that of the gate."""
    return [*((task.partition("_")[0], "marked_success") for task in CHAIN[: CHAIN.index(step)]), *also]


ATTEMPTS = {
    # the person is not identified, so nothing may be read at all
    "assess marked": Attempt(before("classify"), marked_before("classify", ("classify", "not_assessed"))),
    **{
        f"half-way to {step}, XCom forged": Attempt(
            before(step), marked_before(step, (step, reason)), forged={"assess": "ID"}
        )
        for step, reason in (("deliver", "no_identity"), ("close", "run_not_begun"))
    },
    "half-way to extract, XComs forged": Attempt(
        before("extract_app"),
        marked_before("extract_app", ("extract", "no_identity"), ("extract", "no_identity")),
        forged={"assess": "ID", "classify": ["extract_app", "extract_shop"]},
    ),
    "assess skipped": Attempt({"assess": "skipped"}, [("assess", "marked_skipped")]),
    # the person is identified, so the plan may be made; but no row may be read to be handed out
    **{
        f"extract {mark}": Attempt(
            dict.fromkeys(READING, state),
            [*[("extract", f"marked_{state}")] * times, ("validate", "not_extracted")],
            read=True,
        )
        for mark, state, times in (("marked", "success", 2), ("skipped", "skipped", 1))
    },
    # what follows the mark then waits for nothing, so it may come before the plan
    "validate marked": Attempt(
        {"validate": "success"}, [("validate", "marked_success"), ("package", EARLY)], read=True
    ),
}
HELD = "validate marked"
"""A request that could be delivered but for the gate."""


@dataclass
class World:
    """A running Airflow with what was prepared on it."""

    airflow: Running
    statements: Path
    requests: dict[str, str] = field(default_factory=dict)

    def prepare(self, name: str, *, authenticated: bool) -> None:
        """A stored request and its first run."""
        number = CUSTOMERS[len(self.requests)]  # a second one of the same person would be asked about
        submit = self.airflow.installation.submit
        self.requests[name] = submit(number, "portability", authenticated=authenticated)
        self.post(name, 1)

    def post(self, name: str, attempt: int) -> None:
        conf = {"request": self.requests[name]}
        body = {"dag_run_id": self.run(name, attempt), "logical_date": None, "conf": conf}
        self.airflow.call("POST", "/dagRuns", json=body)

    def run(self, name: str, attempt: int = 1) -> str:
        return f"{self.requests[name]}.{attempt}"

    def mark(self, name: str, task: str, state: str) -> None:
        path = f"/dagRuns/{self.run(name)}/taskInstances/{task}"
        self.airflow.call("PATCH", path, json={"new_state": state})

    def forge(self, name: str, task: str, value: Any) -> None:
        """An XCom as Airflow stores it."""
        run = self.run(name)
        path = f"/dagRuns/{run}/taskInstances/{task}/xcomEntries"
        self.airflow.call("POST", path, json={"key": "return_value", "value": value})

    def edit_conf(self, name: str, request: str) -> None:
        """Make the conf of a run name another request, in Airflow's own database."""
        statement = "UPDATE dag_run SET conf = json_set(conf, '$.request', ?) WHERE run_id = ?"
        file = self.airflow.installation.home / "airflow" / "airflow.db"
        with closing(sqlite3.connect(file, timeout=60)) as connection, connection:
            connection.execute(statement, (request, self.run(name)))

    def pause(self, paused: bool) -> None:
        self.airflow.call("PATCH", "", json={"is_paused": paused})

    def calls(self, name: str) -> list[str]:
        """Contacts with a source for a request: `open`, `bind`, `rows`, `stream`, ..."""
        lines = self.statements.read_text().splitlines() if self.statements.exists() else []
        return [line.split()[2] for line in lines if line.split()[0] == self.requests[name]]

    def delivered(self, name: str) -> list[Path]:
        """What lies at the destination of a request, unfinished files too."""
        outbox = self.airflow.installation.home / "outbox"
        return [path for path in outbox.rglob("*") if self.requests[name] in path.name]

    def bypassed(self, name: str, kind: str = "gate_bypassed") -> Events:
        events = self.airflow.installation.events(self.requests[name])
        return [(payload["step"], payload["reason"]) for type_, payload in events if type_ == kind]

    def cleared(
        self, name: str, *tasks: str, attempt: int = 1, downstream: bool = False
    ) -> tuple[Events, list[str]]:
        """Clear tasks of an ended run and wait; the events and the contacts with a source since."""
        bypassed, calls = len(self.bypassed(name)), len(self.calls(name))
        self.airflow.clear(self.run(name, attempt), *tasks, downstream=downstream)
        self.airflow.wait(self.run(name, attempt))
        return self.bypassed(name)[bypassed:], self.calls(name)[calls:]


@pytest.fixture(scope="module")
def world(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("bypass")
    statements = folder / "statements"
    path = os.pathsep.join([str(WATCHED), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {"AFSCHRIFT_TEST_STATEMENTS": str(statements), "PYTHONPATH": path}
    with airflow_up(demo_warehouse, folder, env) as airflow:
        world = World(airflow, statements)
        world.pause(True)
        for name, attempt in ATTEMPTS.items():
            world.prepare(name, authenticated=attempt.read)
            for task, state in attempt.marked.items():
                world.mark(name, task, state)
            for task, value in attempt.forged.items():
                world.forge(name, task, world.requests[name] if value == "ID" else value)
        world.prepare("twice", authenticated=True)
        world.post("twice", 2)
        world.prepare("run marked", authenticated=True)
        world.airflow.call("PATCH", f"/dagRuns/{world.run('run marked')}", json={"state": "success"})
        world.prepare("unidentified", authenticated=False)
        world.pause(False)
        for name in world.requests:
            airflow.wait(world.run(name), 300)
        airflow.wait(world.run("twice", 2))
        yield world


@pytest.mark.parametrize("name", ATTEMPTS)
def test_states_set_by_hand(world: World, name: str) -> None:
    """Attempt: Mark tasks as successful, up to any step"""
    attempt, calls = ATTEMPTS[name], world.calls(name)

    assert bool(calls) == attempt.read
    assert ("stream" in calls) == ("extract_app" not in attempt.marked and attempt.read)
    assert world.delivered(name) == []
    bypassed, wanted = sorted(world.bypassed(name)), sorted(attempt.bypassed)
    assert [step for step, _ in bypassed] == [step for step, _ in wanted]
    assert all(
        re.fullmatch(pattern, reason) for (_, reason), (_, pattern) in zip(bypassed, wanted, strict=True)
    )


def test_the_whole_run_marked(world: World) -> None:
    """Attempt: Mark a whole run as successful or failed"""
    assert world.calls("run marked") == world.delivered("run marked") == []
    assert world.bypassed("run marked") == [("assess", "marked_skipped")]


def test_marked_one_after_the_other(world: World) -> None:
    """Attempt: Mark a failed task as successful, so that Airflow goes on with the next one"""
    name = "extract marked"
    before, calls = len(world.bypassed(name)), world.calls(name)
    for step in ("validate", "package", "deliver"):
        world.mark(name, step, "success")
        assert world.airflow.wait(world.run(name)) == "failed"

    after = [("package", "not_extracted"), ("deliver", "not_packed"), ("close", "not_delivered")]
    assert world.bypassed(name)[before:] == after
    assert (world.calls(name), world.delivered(name)) == (calls, [])


def test_two_runs_at_once(world: World) -> None:
    """Attempt: Start a second run of a request while one goes"""
    states = {world.airflow.get(f"/dagRuns/{world.run('twice', n)}")["state"] for n in (1, 2)}
    events = world.airflow.installation.events(world.requests["twice"])
    tables = sum(len(payload["tables"]) for kind, payload in events if kind == "extracted")

    assert states == {"failed", "success"}
    assert world.bypassed("twice") == [("assess", "another_run")]
    once = 10  # names for the finder; what the answer says of authors, of times, and of columns that are not read
    assert world.calls("twice").count("stream") == tables + once > 20
    assert len(world.delivered("twice")) == 1


def test_cleared_after_delivery(world: World) -> None:
    """Attempt: Clear tasks of a request that is delivered, refused or withdrawn"""
    hand_over(world.airflow.installation.services, world.requests["twice"])
    [bundle] = world.delivered("twice")
    before, calls = bundle.stat(), world.calls("twice")
    first = world.airflow.get(f"/dagRuns/{world.run('twice', 1)}")["state"]
    won = 1 if first == "success" else 2
    world.cleared("twice", *READING, "deliver", attempt=won)
    world.cleared("twice", "assess", attempt=won, downstream=True)

    assert world.calls("twice") == calls
    assert world.delivered("twice") == [bundle]
    assert bundle.stat() == before
    steps = sorted(step for step, reason in world.bypassed("twice", "gate_refused") if reason == "closed")
    assert steps == ["assess", "deliver", "extract", "extract"]


def test_conf_that_names_another_request(world: World) -> None:
    """Attempt: Edit the conf of a run so that it names another request"""
    of, bypassed, calls = "unidentified", len(world.bypassed(HELD)), world.calls(HELD)
    assert world.bypassed(of) == []  # nothing was attempted yet
    assert world.airflow.installation.state(world.requests[of]) == "needs_person"
    world.edit_conf(of, world.requests[HELD])
    world.cleared(of, "assess", downstream=True)
    assert world.bypassed(HELD)[bypassed:] == [("assess", "run_of_another_request")]

    world.edit_conf(HELD, world.requests[of])
    events, _ = world.cleared(HELD, "package")
    world.edit_conf(HELD, world.requests[HELD])

    assert events == [("package", "another_request_in_conf")]
    assert (world.calls(of), world.calls(HELD)) == ([], calls)
    assert world.delivered(of) == world.delivered(HELD) == []


def test_xcom_that_names_another_request(world: World) -> None:
    """Attempt: Replace the id that `assess` handed on by another request's"""
    other = world.requests["other"] = world.airflow.installation.submit(HEAVY.number, "access")
    path = f"/dagRuns/{world.run(HELD)}/taskInstances/assess/xcomEntries/return_value"
    world.airflow.call("PATCH", path, json={"value": other})
    world.edit_conf(HELD, other)
    world.cleared(HELD, "classify", "package")

    assert sorted(world.bypassed("other")) == [("classify", "run_not_begun"), ("package", "no_plan")]
    assert world.calls("other") == world.delivered("other") == []
    assert world.airflow.installation.services.register.trail.verify() == []
