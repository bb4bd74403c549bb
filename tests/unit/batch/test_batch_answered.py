"""A batch from its list to bundles; answers, and runs that a user starts, while a batch is active."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from testbed.running import drive, event_types, store
from testbed.small import execute
from tests.support.crowd import FIRST
from tests.unit.batch.conftest import Planned

from afschrift.batch import fulfil_batch as use_case
from afschrift.batch.fulfil_batch import (
    LEFT,
    WAITS,
    batch_run,
    end,
    extract_source,
    fulfil_batch,
    prepare,
    short_id,
)
from afschrift.batch.members import explain
from afschrift.batch.source_pass import TOGETHER
from afschrift.domain.errors import GateError
from afschrift.domain.request import BATCHED
from afschrift.operations.findings import next_free, next_run
from afschrift.services import Services
from afschrift.steps.gates import begin
from afschrift.wiring.preview import preview

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


def data(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as packed:
        return {name: packed.read(name) for name in packed.namelist() if "/data/shop/" in name}


def test_each_goes_on_by_its_own_run(crowded: Services) -> None:
    requests = [store(crowded, {"customer_id": str(customer)}) for customer in (FIRST, FIRST + 1)]
    waits = store(crowded, {"customer_id": str(FIRST + 2)}, authenticated=None)

    outcomes = fulfil_batch(crowded, [*requests, waits], "manual__2026-03-02T10:00:00Z_x", "tester")

    assert outcomes == {**dict.fromkeys(requests, BATCHED), waits: "NeedsPersonError"}
    for request in requests:
        [run] = crowded.register.runs.all(request_id=request)
        assert (run.id, run.outcome) == (batch_run("manual__2026-03-02T10:00:00Z_x", request), BATCHED)
        own = replace(crowded, run=f"{request}.1")
        begin(own, request, "tester")
        bundle = drive(own, request)
        assert event_types(crowded, request).count("extracted") == 1
        extracted = [p for h, p in crowded.register.trail.events(request) if h.type == "extracted"]
        assert extracted[0] is not None
        batch = extracted[0]["batch"]
        assert batch == {"id": short_id("manual__2026-03-02T10:00:00Z_x"), "requests": 2}
        assert not any(other in json.dumps(extracted) for other in requests if other != request)
        assert any(data(bundle).values())
    [asked] = crowded.register.questions.all(request_id=waits)
    assert asked.kind == "identity"
    assert crowded.register.runs.all(request_id=waits)[0].outcome != BATCHED
    assert fulfil_batch(crowded, [waits], "b", "tester") == {waits: WAITS}
    assert len(crowded.register.runs.all(request_id=waits)) == 1


def test_dry_run_shows_which_requests_share_a_pass(crowded: Services, planned: object) -> None:
    requests = planned(2)  # type: ignore[operator]
    new = store(crowded, {"customer_id": str(FIRST + 3)})

    lines = list(explain(crowded, [*requests, new]))

    shown = list(preview(crowded, new, sql=False))
    assert "\nshop: may be read together with others (`afschrift batch`)" in shown
    assert lines == [
        f"{new}: no plan is frozen yet; it is assessed and classified separately first",
        *(f"{request} shop: together with 1 more" for request in requests),
    ]
