"""CeleryExecutor: workers that share nothing but a store and databases, of which some are lost on the way.

A worker is killed and another one retired; the store answers nothing for a while, and Redis comes back empty. A
source that only one worker reaches is read by that worker. Takes minutes on two idle cores, so it is a nightly
test; `make test-celery` runs it too.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from testbed.delivered import stem
from tests.airflow_support import ONCE
from tests.support.command_line import command

if TYPE_CHECKING:
    from testbed.fleet.fleet import Fleet
    from testbed.fleet.workers import Worker

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.nightly,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif("AFSCHRIFT_CELERY" not in os.environ, reason="make test-celery runs it"),
]

REQUESTS = 8
SECONDS = 1_200
"""At most; as a rule it is two to five minutes."""
READING = {"app": "dmz", "shop": "finance"}
SERVING = (("dmz",), ("finance", "everywhere", "default"))
"""Worker 1 has no connection of the shop; worker 2 has both."""
FULFIL = "/api/v2/dags/fulfil_request"


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.2)


@dataclass
class Losses:
    """Requests that go through a fleet which loses workers; `states`: of their last runs."""

    fleet: Fleet
    killed: str = ""
    runs: list[str] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> list[str]:
        return [run.partition(".")[0] for run in self.runs]

    def tasks(self) -> Iterator[dict[str, Any]]:
        for run in self.runs:
            yield from self.fleet.tasks(run)

    def at_work(self) -> Worker:
        """The worker with the most running tasks. Airflow shows those of a killed one as running for a while."""
        there = {worker.name: worker for worker in self.fleet.workers if not worker.retired}
        hosts: Counter[str] = Counter()

        def working() -> bool:
            running = (task for task in self.tasks() if task["state"] == "running")
            hosts.update(task["hostname"] for task in running if task["task_id"] != "assess")
            return not hosts.keys().isdisjoint(there)

        until(working, "no worker was seen at work")
        return there[next(name for name, _ in hosts.most_common() if name in there)]

    def to_the_end(self) -> None:
        """Wait for all runs, and start what Airflow gave up once more, as the sweep does."""
        for _ in range(2):
            self.states = self.fleet.wait(self.runs, SECONDS)
            failed = {run for run, state in self.states.items() if state != "success"}
            again = {run: self.fleet.trigger(run.partition(".")[0]) for run in failed}
            self.runs = [again.get(run, run) for run in self.runs]
            if not failed:
                break


@pytest.fixture(scope="module")
def losses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Losses]:
    from testbed.fleet.fleet import fleet

    with fleet(tmp_path_factory.mktemp("fleet")) as made:
        seen = Losses(made)
        seen.runs = [made.trigger(request) for request in [made.submit() for _ in range(REQUESTS)]]
        killed = seen.at_work()
        killed.kill()
        seen.killed = killed.name
        made.enlist("worker-3", killed.apart, killed.slots)
        made.all_ready()
        made.objects.hang(10)
        made.broker.end()
        time.sleep(5)
        made.broker.start()
        retired = seen.at_work()
        retired.retire()
        until(lambda: retired.retired, f"{retired.name} did not go")
        seen.to_the_end()
        yield seen


def test_each_request_is_delivered_once(losses: Losses) -> None:
    import s3fs

    assert losses.states == dict.fromkeys(losses.runs, "success")
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    versions = files.call_s3("list_object_versions", Bucket="outbox").get("Versions", [])
    names = (str(version["Key"]).rpartition("/")[2] for version in versions)
    delivered = Counter(stem(Path(name)) for name in names if not name.startswith("."))
    assert delivered == Counter({f"{request}-access": 1 for request in losses.requests})
    assert s3fs.S3FileSystem(skip_instance_cache=True).find("staging") == []


def test_each_step_is_in_the_trail_once(losses: Losses) -> None:
    once = [kind for kind in ONCE if kind != "question_asked"]
    for request in losses.requests:
        counts = Counter(
            f"{header.type} {payload['source']}" if header.type == "extracted" and payload else header.type
            for header, payload in losses.fleet.services.register.trail.events(request)
        )
        assert {kind: counts[kind] for kind in once} == dict.fromkeys(once, 1)
    outcome = command(("audit", "verify"))
    assert outcome.code == 0, outcome.text + outcome.errors


def test_the_other_worker_took_over_what_the_lost_one_had(losses: Losses) -> None:
    again = [task for task in losses.tasks() if task["try_number"] > 1]
    assert again
    others = {worker.name for worker in losses.fleet.workers} - {losses.killed}
    assert {task["hostname"] for task in again} <= others, "also of the worker that was retired later"


@pytest.fixture(scope="module")
def fleet_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    from testbed.fleet.fleet import fleet

    with fleet(tmp_path_factory.mktemp("fleet"), reading=READING, serving=SERVING) as made:
        yield made


def test_each_source_is_read_where_it_is_reached(fleet_: Fleet) -> None:
    runs = [fleet_.trigger(fleet_.submit()) for _ in range(2)]

    assert fleet_.wait(runs, 900) == dict.fromkeys(runs, "success")
    for run in runs:
        seen = {task["task_id"]: (task["queue"], task["hostname"]) for task in fleet_.tasks(run)}
        assert seen.pop("extract_app") == ("dmz", "worker-1")
        assert seen.pop("extract_shop") == ("finance", "worker-2")
        assert seen.pop("assess") == ("everywhere", "worker-2")
        assert seen.pop("classify") == ("everywhere", "worker-2")
        assert set(seen.values()) == {("default", "worker-2")}
        assert set(seen) == {"validate", "package", "deliver", "close", "wipe"}
        assert {task["try_number"] for task in fleet_.tasks(run)} == {1}


def test_the_check_of_deadlines_finds_nothing_late(fleet_: Fleet) -> None:
    checks, client = "/api/v2/dags/check_deadlines/dagRuns", fleet_.control.client
    client.post(checks, json={"logical_date": None, "dag_run_id": "now"}).raise_for_status()

    def state() -> str:
        return str(client.get(f"{checks}/now").raise_for_status().json()["state"])

    until(lambda: state() in ("success", "failed"), "the check did not end")
    assert state() == "success"


def test_a_task_that_is_cleared_goes_to_its_queue_again(fleet_: Fleet) -> None:
    run = fleet_.trigger(fleet_.submit())
    assert fleet_.wait([run], 900) == {run: "success"}
    body = {"dry_run": False, "dag_run_id": run, "task_ids": ["extract_app", "extract_shop"]}
    body |= dict.fromkeys(("only_failed", "include_downstream", "reset_dag_runs"), False)
    fleet_.control.client.post(f"{FULFIL}/clearTaskInstances", json=body).raise_for_status()

    queues = {task["task_id"]: task["queue"] for task in fleet_.tasks(run)}
    assert (queues["extract_app"], queues["extract_shop"]) == ("dmz", "finance")


def test_a_worker_whose_inventory_says_another_queue_reads_nothing(fleet_: Fleet) -> None:
    file = fleet_.settings.inventory / "app.yml"
    text = file.read_text(encoding="utf-8")
    lost = fleet_.workers[0]
    lost.kill()
    file.write_text(text.replace("dmz", "moved"), encoding="utf-8")
    fleet_.enlist("worker-3", lost.apart, lost.slots, lost.queues)
    file.write_text(text, encoding="utf-8")
    fleet_.all_ready()

    run = fleet_.trigger(fleet_.submit())

    assert fleet_.wait([run], 900) == {run: "failed"}
    extracts = [task for task in fleet_.tasks(run) if task["task_id"].startswith("extract_")]
    states = {task["task_id"]: (task["state"], task["hostname"]) for task in extracts}
    assert states == {"extract_app": ("failed", "worker-3"), "extract_shop": ("success", "worker-2")}
