"""Sweeps beside a run or another sweep, killed halfway, of more than one may do, and what they tell."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from tests.unit.operations.swept import NAME, Office

from afschrift.domain.event import NewEvent
from afschrift.domain.request import RequestStatus
from afschrift.domain.state import State
from afschrift.operations.findings import SweepLimits
from afschrift.operations.sweep import Sweep
from afschrift.staging.staged_requests import destroy, staged_requests


def test_nothing_is_acted_on_while_a_run_goes(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    run = office.run(request)
    acted: list[str] = []

    def act(standing: RequestStatus) -> NewEvent:
        acted.append(standing.request)
        return NewEvent("staging_destroyed")

    assert not office.register.oversight.while_no_run_goes(request, act)
    office.register.runs.end(request, run, "accepted")
    assert office.register.oversight.while_no_run_goes(request, act)
    assert acted == [request]
    assert len(office.events(request)) == 1


def test_killed_sweep_has_recorded_its_finding_before_removing(office: Office) -> None:
    request = office.open(State.WITHDRAWN)
    office.stage(request)
    office.later(1)
    pid = os.fork()
    if pid == 0:  # dies with the files gone and the transaction open
        whole = Sweep(
            office.register,
            partial(staged_requests, office.staging),
            lambda entry: (destroy(office.staging, entry), os.kill(os.getpid(), signal.SIGKILL))[0],
            office.start,
            office.now,
            SweepLimits(),
        )
        whole.run()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL

    assert not (office.staging / request).exists()
    assert office.events(request) == [
        ("sweep_found", {"code": "staged_closed", "since": "2026-03-02T10:00:00.000000Z"})
    ]
    assert office.sweep() == []  # the register is free again
    assert office.register.trail.verify() == []


def at_once(work: Iterable[Callable[[], Any]]) -> list[Any]:
    results: list[Any] = []
    threads = [threading.Thread(target=lambda w=w: results.append(w())) for w in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_sweeps_at_once_do_everything_once(office: Office) -> None:
    never = [office.open() for _ in range(3)]
    lost = office.open(State.ACCEPTED)
    office.run(lost)
    closed = office.open(State.WITHDRAWN)
    office.stage(closed)
    office.later(80)

    assert len(at_once([office.sweep] * 4)) == 4

    assert sorted(office.started) == sorted([*(f"{r}.1" for r in never), f"{lost}.2"])
    kinds = [
        h.type for h, _ in office.register.trail.events() if h.type.startswith(("sweep", "staging", "run_"))
    ]
    assert {k: kinds.count(k) for k in set(kinds)} == {
        "run_started": 1,
        "run_ended": 1,
        "sweep_found": 5,
        "staging_destroyed": 1,
    }
    assert office.register.trail.verify() == []


def test_one_place_that_cannot_be_emptied_stops_nothing_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = [office.open(State.WITHDRAWN) for _ in range(2)]
    for request in closed:
        office.stage(request)
    never = office.open()
    office.later(2)
    from fsspec.implementations.local import LocalFileSystem

    remove = LocalFileSystem.rm

    def stubborn(self: Any, path: str, **more: Any) -> None:
        if closed[0] in path:
            raise PermissionError(13, "Permission denied")
        remove(self, path, **more)

    monkeypatch.setattr(LocalFileSystem, "rm", stubborn)
    actions = {r: a for _, r, a in office.sweep()}

    assert actions[closed[0]].startswith("not destroyed: The place for staging cannot be used: Permission")
    assert actions[closed[1]].startswith("destroyed")
    assert actions[never].endswith("is started")
    assert office.events(closed[0], "staging_destroyed") == []


def test_no_more_than_a_hundred_are_started_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afschrift.operations.sweep.START_AT_MOST", 2)
    for _ in range(3):
        office.open()
    office.later(2)
    assert "next sweep" in office.sweep()[2][2]
    for run in office.started:
        office.run(run.partition(".")[0], run)
    assert len(office.sweep()) == 1
    assert len(office.started) == 3


def test_nothing_of_a_case_file_gets_out_by_a_sweep(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    office.register.documents.add(
        request, [NAME.encode()], "officer", name=f"{NAME}.txt", media_type="text/plain"
    )
    office.stage(request)
    office.run(request, ends="accepted")
    office.later(100)
    assert len(office.sweep()) == 2  # looks for the name in what it found
    dumped = json.dumps([[vars(h), p] for h, p in office.register.trail.events()])
    assert NAME not in dumped
    assert all(NAME not in str(path.relative_to(office.staging)) for path in office.staging.rglob("*"))
