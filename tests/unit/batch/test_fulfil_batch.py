"""A batch from its list to bundles: each request's own run goes on where the batch ended."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from testbed.running import drive, event_types, store
from tests.support.crowd import FIRST

from afschrift.batch.fulfil_batch import WAITS, batch_run, fulfil_batch, short_id
from afschrift.batch.members import explain
from afschrift.domain.request import BATCHED
from afschrift.services import Services
from afschrift.steps.gates import begin
from afschrift.wiring.preview import preview

pytestmark = pytest.mark.slow


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
