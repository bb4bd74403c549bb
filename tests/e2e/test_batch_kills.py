"""A batch for many requests, killed at ten places one after the other: each bundle is the one made alone.

`make test-batch` runs it for 40 requests (AFSCHRIFT_BATCH_KILLED); four are killed in `tests/unit/batch`.
"""

from __future__ import annotations

import os
import signal
from multiprocessing import get_context
from pathlib import Path

import pytest
from testbed.running import drive, event_types, installation, store
from tests.support import one_shop
from tests.support.batch_child import batch
from tests.support.crowd import FIRST, crowd
from tests.support.own_run import data, own_run

from afschrift.batch.fulfil_batch import DONE, extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

REQUESTS = int(os.environ.get("AFSCHRIFT_BATCH_KILLED", "0"))
EIGHTH = REQUESTS // 8
PLACES = [
    ("file", 1),
    ("file", REQUESTS),
    ("file", 3 * REQUESTS),
    ("file", 5 * REQUESTS - 1),
    ("result", 1),
    ("result", 2),
    ("result", EIGHTH),
    ("file", 2 * REQUESTS),
    ("result", 2 * EIGHTH),
    ("result", 3 * EIGHTH),
]
"""Before which file of a table, or which result of a request, each batch dies; the next one begins anew."""

pytestmark = pytest.mark.skipif(not REQUESTS, reason="make test-batch runs it")


def _stored(services: Services) -> list[str]:
    everybody = range(FIRST, FIRST + REQUESTS)
    return [store(services, {"customer_id": str(person)}, formats=["csv", "json"]) for person in everybody]


def test_killed_batches_give_the_same_bundles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one_shop.in_duckdb(tmp_path / "shop.duckdb", crowd(REQUESTS))
    more = f"options: {{path: {tmp_path / 'shop.duckdb'}, threads: 1}}"
    inventory = one_shop.write_inventory(tmp_path / "inventory", "duckdb", more)
    services = installation(tmp_path / "home", inventory)
    requests = _stored(services)
    for request in requests:
        assess(services, request)
        classify(services, request)

    processes = get_context("forkserver")
    processes.set_forkserver_preload(["tests.support.batch_child"])
    recorded = [0]
    for before, place in PLACES:
        arguments = (tmp_path / "home", inventory, requests, place, before)
        child = processes.Process(target=batch, args=arguments)
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL, (before, place)
        recorded.append(sum("extracted" in event_types(services, request) for request in requests))
        assert recorded[-1] - recorded[-2] == (place - 1 if before == "result" else 0)
    assert 0 < recorded[-1] < REQUESTS

    outcomes = extract_batch(services, "shop", requests, "bat-2", lambda _request: services)
    assert sorted(outcomes.values()) == [DONE] * recorded[-1] + [TOGETHER] * (REQUESTS - recorded[-1])
    by_itself = installation(tmp_path / "alone", inventory)
    for request, other in zip(requests, _stored(by_itself), strict=True):
        assert data(own_run(services, request)) == data(drive(by_itself, other))
        assert event_types(services, request).count("extracted") == 1
    with capsys.disabled():
        print(f"\n{REQUESTS} requests, killed at {len(PLACES)} places: extracted after each {recorded[1:]}")
