"""Answers, and runs that a user starts, while a batch is active."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from testbed.running import drive, event_types, store
from testbed.small import execute
from tests.support.crowd import FIRST
from tests.unit.batch.conftest import Planned

from afschrift.batch import fulfil_batch as use_case
from afschrift.batch.fulfil_batch import LEFT, WAITS, end, extract_source, fulfil_batch, prepare
from afschrift.batch.members import explain
from afschrift.batch.source_pass import TOGETHER
from afschrift.domain.errors import GateError
from afschrift.domain.request import BATCHED
from afschrift.operations.findings import next_free, next_run
from afschrift.services import Services
from afschrift.steps.gates import begin

pytestmark = pytest.mark.slow


def stored(services: Services, customers: int) -> list[str]:
    return [store(services, {"customer_id": str(FIRST + number)}) for number in range(customers)]


def next_of(services: Services, request: str) -> str:
    known = {status.request: status for status in services.register.oversight.progress([request])}
    return next_free(services.register, request, next_run(known[request]))


def test_an_answer_starts_the_next_run_while_the_batch_goes(crowded: Services, shop: Path) -> None:
    first, doubtful, second = requests = stored(crowded, 3)
    execute(shop, "INSERT INTO customer (customer_id, name) VALUES (99, 'ask who.101@example.org')")
    prepare(crowded, requests, "b", "tester")
    outcomes = extract_source(crowded, "shop", requests, "b")
    assert outcomes == {first: TOGETHER, second: TOGETHER, doubtful: "NeedsPersonError"}

    [asked] = crowded.register.questions.all(request_id=doubtful)
    assert asked.kind == "residual_rows"
    assert crowded.register.questions.all(request_id=first) == ()
    crowded.register.questions.answer(asked.id, "leave_out", "officer")
    own = replace(crowded, run=next_of(crowded, doubtful))
    begin(own, doubtful, "officer")
    assert extract_source(crowded, "shop", [doubtful], "b") == {doubtful: WAITS}
    drive(own, doubtful)
    assert event_types(crowded, doubtful).count("extracted") == 1

    assert end(crowded, requests, "b") == [first, second]


def test_a_run_that_came_too_early_uses_its_id_up(crowded: Services) -> None:
    [early, _] = requests = stored(crowded, 2)
    prepare(crowded, requests, "b", "tester")
    with pytest.raises(GateError, match="still going"):
        begin(replace(crowded, run=f"{early}.1"), early, "officer")
    extract_source(crowded, "shop", requests, "b")

    assert end(crowded, requests, "b") == requests
    assert [next_of(crowded, request) for request in requests] == [f"{early}.2", f"{requests[1]}.1"]
    own = replace(crowded, run=f"{early}.2")
    begin(own, early, "airflow")
    drive(own, early)


def test_more_than_one_batch_takes_are_left_and_named(
    crowded: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(use_case, "BATCH_LIMIT", 2)
    first, second, left = requests = stored(crowded, 3)

    outcomes = fulfil_batch(replace(crowded, log=lines.append), requests, "b", "tester")

    assert outcomes == {first: BATCHED, second: BATCHED, left: LEFT}
    assert "One batch reads for 2 requests; 1 are left for the next one." in lines
    assert crowded.register.runs.all(request_id=left) == ()


def test_the_dry_run_of_one_whose_staging_is_gone(crowded: Services, planned: Planned) -> None:
    gone, first, second = planned(3)
    crowded.staging(gone).wipe("")
    assert list(explain(crowded, [gone, first, second])) == [
        f"{gone}: its staged files are gone; it is classified separately again",
        f"{first} shop: together with 1 more",
        f"{second} shop: together with 1 more",
    ]
