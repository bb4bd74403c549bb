"""A batch that is killed, wherever it is, leaves requests that go on."""

import signal
from multiprocessing import get_context
from pathlib import Path

import pytest
from testbed.running import event_types
from tests.support.batch_child import batch
from tests.unit.batch.conftest import Planned

from afschrift.batch.fulfil_batch import DONE, extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.extraction.staged_records import read_record
from afschrift.services import Services
from afschrift.steps.extract import clear_extract, extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate

pytestmark = pytest.mark.slow
KILLED_AT = (1, 9, 20, 31, 38, 42, 43, 45, 37, 18)
"""Writes before which it dies: files of tables, one table of a person again; then five of each request."""


def test_killed_at_ten_places_it_goes_on(crowded: Services, planned: Planned, tmp_path: Path) -> None:
    requests = planned(4)
    processes = get_context("forkserver")
    processes.set_forkserver_preload(["tests.support.batch_child"])
    ended, recorded = [], []
    for place in KILLED_AT:
        child = processes.Process(
            target=batch, args=(tmp_path / "home", tmp_path / "inventory", requests, place)
        )
        child.start()
        child.join()
        ended.append(child.exitcode)
        recorded.append(sum("extracted" in event_types(crowded, request) for request in requests))

    assert ended == [-signal.SIGKILL] * 10
    assert recorded == [0, 0, 0, 0, 0, 0, 0, 1, 2, 2]
    outcomes = extract_batch(crowded, "shop", requests, "bat-2", lambda _request: crowded)
    assert list(outcomes.values()) == [DONE, DONE, TOGETHER, TOGETHER]
    for request in requests:
        extract(crowded, request, "shop")
        assert event_types(crowded, request).count("extracted") == 1
        went_on = read_record(crowded.staging(request), "shop")
        validate(crowded, request)
        package(crowded, request)
        clear_extract(crowded, request, "shop")
        extract(crowded, request, "shop")
        assert read_record(crowded.staging(request), "shop").tables == went_on.tables
