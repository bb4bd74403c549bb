"""CeleryExecutor: a source that only one worker reaches is read by that worker.

Takes about a minute on two idle cores, so it is a nightly test; `make test-celery` runs it too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testbed.fleet.fleet import Fleet

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.nightly,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif("AFSCHRIFT_CELERY" not in os.environ, reason="make test-celery runs it"),
]

READING = {"app": "dmz", "shop": "finance"}
SERVING = (("dmz",), ("finance", "everywhere", "default"))
"""Worker 1 has no connection of the shop; worker 2 has both."""


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
    checks = "/api/v2/dags/check_deadlines/dagRuns"
    body = {"logical_date": None, "dag_run_id": "now"}
    fleet_.control.client.post(checks, json=body).raise_for_status()

    def state() -> str:
        return str(fleet_.control.client.get(f"{checks}/now").raise_for_status().json()["state"])

    until = time.monotonic() + 300
    while state() not in ("success", "failed") and time.monotonic() < until:
        time.sleep(0.5)
    assert state() == "success"


def test_a_task_that_is_cleared_goes_to_its_queue_again(fleet_: Fleet) -> None:
    run = fleet_.trigger(fleet_.submit())
    assert fleet_.wait([run], 900) == {run: "success"}
    body = {
        "dry_run": False,
        "dag_run_id": run,
        "task_ids": ["extract_app", "extract_shop"],
        "only_failed": False,
        "include_downstream": False,
        "reset_dag_runs": False,
    }
    fleet_.control.client.post("/api/v2/dags/fulfil_request/clearTaskInstances", json=body).raise_for_status()

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
    states = {
        t["task_id"]: (t["state"], t["hostname"])
        for t in fleet_.tasks(run)
        if t["task_id"].startswith("extract_")
    }
    assert states == {"extract_app": ("failed", "worker-3"), "extract_shop": ("success", "worker-2")}
