"""Sweeps beside a run or another sweep, killed halfway, of more than one may do, and what they tell."""

import json
import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from tests.support.moves import moved
from tests.support.nightly import both_databases
from tests.unit.operations.conftest import NAME, Office

from afschrift.domain.event import NewEvent
from afschrift.domain.request import RequestStatus
from afschrift.domain.state import State
from afschrift.staging.staged_requests import destroy


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

        def remove(entry: str) -> None:
            destroy(office.staging, entry)
            os.kill(os.getpid(), signal.SIGKILL)

        office.sweeper(destroy=remove).run()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL

    assert not (office.staging / request).exists()
    found = {"code": "staged_closed", "since": "2026-03-02T10:00:00.000000Z"}
    assert office.events(request) == [("sweep_found", found)]
    assert office.sweep() == []  # the register is free again
    assert office.register.trail.verify() == []


@both_databases
def test_sweeps_at_once_do_everything_once(office: Office) -> None:
    never = [office.open() for _ in range(3)]
    lost = office.open(State.ACCEPTED)
    office.run(lost)
    closed = office.open(State.WITHDRAWN)
    office.stage(closed)
    office.later(80)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: office.sweep(), range(4)))

    assert sorted(office.started) == sorted([*(f"{r}.1" for r in never), f"{lost}.2"])
    types = [header.type for header, _ in office.register.trail.events()]
    acts = Counter(type_ for type_ in types if type_.startswith(("sweep", "staging", "run_")))
    assert acts == {"run_started": 1, "run_ended": 1, "sweep_found": 5, "staging_destroyed": 1}
    assert office.register.trail.verify() == []


def test_a_place_that_cannot_be_emptied_stops_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = [office.open(State.WITHDRAWN) for _ in range(2)]
    for request in closed:
        office.stage(request)
    never = office.open()
    office.later(2)
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
    named = {"name": f"{NAME}.txt", "media_type": "text/plain"}
    office.register.documents.add(request, [NAME.encode()], "officer", **named)
    office.stage(request)
    office.run(request, ends="accepted")
    office.later(100)
    assert len(office.sweep()) == 2  # looks for the name in what it found
    dumped = json.dumps([[vars(h), p] for h, p in office.register.trail.events()])
    assert NAME not in dumped
    assert all(NAME not in str(path.relative_to(office.staging)) for path in office.staging.rglob("*"))


@pytest.mark.parametrize("state", [State.REFUSED, State.WITHDRAWN])
def test_staging_of_a_closed_request_is_destroyed_after_an_hour(office: Office, state: State) -> None:
    request = office.open(State.ACCEPTED)
    file = office.stage(request)
    office.run(request, ends="accepted")
    moved(office.register, request, state)
    size = file.stat().st_size
    office.later(0.9)
    assert office.sweep() == []  # the run may be about to destroy it itself
    office.later(0.1)

    assert office.sweep(dry=True) == [("staged_closed", request, f"would destroy {size} encrypted bytes")]
    assert file.exists()
    assert office.sweep() == [("staged_closed", request, f"destroyed {size} encrypted bytes")]
    assert not (office.staging / request).exists()
    assert [kind for kind, _ in office.events(request)] == ["sweep_found", "staging_destroyed"]
    assert office.events(request)[1][1] == {"reason": "staged_closed"}
    assert not any("bytes" in p for _, p in office.events(request))  # a size can identify the person
    assert office.sweep() == []


def test_unreadable_staging_is_destroyed(office: Office) -> None:
    shredded = office.open()
    office.stage(shredded)
    office.register.data_keys.shred(shredded, "retention")
    unknown = "req-0000000zzzzz"
    office.stage(unknown)
    (office.staging / "not-ours").mkdir()
    (office.staging / "not-ours" / "file").touch()
    office.later(0.9)
    assert office.sweep() == []
    office.later(0.1)
    assert ("staged_shredded", shredded) in [(code, r) for code, r, _ in office.sweep()]
    office.later(70.9)
    assert "staged_unknown" not in {code for code, *_ in office.sweep()}
    office.later(0.1)
    assert ("staged_unknown", unknown) in [(code, r) for code, r, _ in office.sweep()]
    assert [p.name for p in office.staging.iterdir()] == ["not-ours"]
    assert [kind for kind, _ in office.events(unknown)] == ["sweep_found", "staging_destroyed"]
    assert office.register.trail.verify() == []


def test_staging_of_a_failed_request_is_held_after_its_last_activity(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    run = office.run(request)
    office.stage(request)
    office.later(10)
    office.register.runs.keep_alive(request, run)
    office.register.runs.end(request, run, "accepted")
    office.later(71.9)
    assert [code for code, *_ in office.sweep()] == ["run_failed"]
    office.later(0.1)
    assert [code for code, *_ in office.sweep()] == ["staged_too_long", "run_failed"]
    assert not (office.staging / request).exists()


def test_staging_is_kept_for_a_question_and_for_a_run(office: Office) -> None:
    asked, going, lost = (office.open(State.ACCEPTED) for _ in range(3))
    office.run(asked, ends="needs_person")
    office.ask(asked)
    office.run(lost)
    files = [office.stage(r) for r in (asked, going, lost)]
    office.later(200)
    office.run(going)
    office.sweep()
    office.sweep()
    assert [f.exists() for f in files] == [True, True, True]
    assert [r.outcome for r in office.register.runs.all(request_id=lost)] == ["lost"]


def test_staging_of_an_open_review_is_kept_for_two_weeks(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    office.run(request, ends="needs_person")
    office.ask(request)
    file = office.stage(request)
    office.later(14 * 24 - 0.1)
    assert office.sweep() == []
    assert file.exists()
    office.later(0.2)
    assert [code for code, *_ in office.sweep()] == ["staged_too_long"]
    assert not file.exists()


def test_a_run_that_begins_meanwhile_keeps_its_staging(office: Office) -> None:
    """Between the look and the act a person triggers the request."""
    request = office.open(State.ACCEPTED)
    file = office.stage(request)
    office.later(100)
    note = office.register.oversight.record_findings

    def begins(findings: Any) -> int:
        office.run(request)
        return note(findings)

    office.register.oversight.record_findings = begins  # type: ignore[method-assign]
    actions = {code: action for code, _, action in office.sweep()}

    assert "left" in actions["staged_too_long"]
    assert file.exists()
    assert office.events(request, "staging_destroyed") == []
