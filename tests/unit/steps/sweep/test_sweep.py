"""Sweeps over a real register, on SQLite and PostgreSQL, and real encrypted staging."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.moves import moved

from afschrift.domain.errors import RefusedError, RetriableError
from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.domain.run import RequestStatus
from afschrift.domain.state import State
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_requests import destroy, staged_requests
from afschrift.steps.sweep.findings import SweepLimits
from afschrift.steps.sweep.sweep import Sweep

HOUR = timedelta(hours=1)
BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
RECEIVED = "2026-03-02T09:00:00Z"
NAME = "kwikstaart"


@dataclass
class Office:
    """A register and a staging whose clock is turned by hand.

    Attributes:
        airflow: ids of the runs that stand there.
        started: in order.
        down: nothing can be started.
    """

    register: Register
    staging: Path
    now: datetime = BEGIN
    airflow: set[str] = field(default_factory=set)
    started: list[str] = field(default_factory=list)
    down: bool = False
    asked: int = 0

    def open(self, state: State = State.RECEIVED) -> str:
        case = self.register.cases.open(NAME.encode(), "mail", RECEIVED, RECEIVED)
        keys = (Key("customer_id", NAME),)
        request = self.register.requests.open(
            case, Right.ACCESS, RECEIVED, "Europe/Amsterdam", "nl", ("csv",), "outbox", keys
        ).id
        moved(self.register, request, state)
        return request

    def run(self, request: str, run: str | None = None, *, ends: str | None = None) -> str:
        """A run that begins now, and ends now where it ends."""
        run = run or f"{request}.{1 + len(self.register.runs.all(request_id=request))}"
        self.airflow.add(run)
        self.register.runs.begin(request, run, 2 * HOUR)
        if ends:
            self.register.runs.end(request, run, ends)
        return run

    def ask(self, request: str) -> str:
        self.asked += 1
        detail = {"number": self.asked}
        return self.register.questions.ask(request, "review", options=("yes", "no"), detail=detail).id

    def stage(self, request: str) -> Path:
        with EncryptedStaging(self.staging, request, bytes(32)).writer("data/shop.csv") as file:
            file.write(b"x" * 100)
        path = self.staging / request / "data" / "shop.csv.enc"
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))
        return path

    def later(self, hours: float) -> None:
        self.now += hours * HOUR

    def start(self, request_id: str, run_id: str) -> str:
        if self.down:
            raise RetriableError("Airflow does not answer.")
        if run_id in self.airflow:
            raise RefusedError(f"Run {run_id} stands in Airflow already.")
        self.airflow.add(run_id)
        self.started.append(run_id)
        return f"run {run_id} is started"

    def sweep(self, *, dry: bool = False) -> list[tuple[str, str, str]]:
        """Code, request and action of what was found."""
        swept = Sweep(
            register=self.register,
            staged=partial(staged_requests, self.staging),
            destroy=partial(destroy, self.staging),
            start=self.start,
            now=self.now,
            limits=SweepLimits(),
            dry=dry,
        ).run()
        assert NAME not in json.dumps([s.row() for s in swept])
        return [(s.finding.code.value, s.finding.request, s.action) for s in swept]

    def events(self, request: str, *kinds: str) -> list[tuple[str, Any]]:
        kinds = kinds or ("sweep_found", "staging_destroyed")
        return [(h.type, p) for h, p in self.register.trail.events(request) if h.type in kinds]


@pytest.fixture
def office(url: str, tmp_path: Path) -> Office:
    made: list[Office] = []
    register = Register(url, KeyStore.create(tmp_path / "keys.json"), lambda: made[0].now if made else BEGIN)
    made.append(Office(register, tmp_path / "staging"))
    return made[0]


def test_a_request_that_was_never_run_is_started_after_an_hour(office: Office) -> None:
    request = office.open()
    office.later(0.9)
    assert office.sweep() == []
    office.later(0.1)
    assert office.sweep(dry=True) == [("never_run", request, f"would start run {request}.1")]
    assert (office.started, office.events(request)) == ([], [])

    assert office.sweep() == [("never_run", request, f"run {request}.1 is started")]
    assert office.started == [f"{request}.1"]
    assert office.events(request) == [
        ("sweep_found", {"code": "never_run", "since": "2026-03-02T10:00:00.000000Z"})
    ]


def test_a_second_sweep_starts_and_records_nothing_more(office: Office) -> None:
    request = office.open()
    office.later(2)
    office.sweep()
    office.later(1)
    (found,) = office.sweep()  # queued there, or failed before it began: the register knows no run
    assert "stands in Airflow already" in found[2]
    assert len(office.started) == len(office.events(request)) == 1
    office.run(request, f"{request}.1")
    assert office.sweep() == []


def test_where_airflow_is_away_it_names_and_tries_again_later(office: Office) -> None:
    requests = sorted(office.open() for _ in range(3))
    office.later(2)
    office.down = True
    assert [(r, a) for _, r, a in office.sweep()] == [
        (r, "not started: Airflow does not answer.") for r in requests
    ]
    office.later(1)
    office.sweep()
    assert [len(office.events(r)) for r in requests] == [1, 1, 1]
    office.down = False
    office.sweep()
    assert office.started == [f"{r}.1" for r in requests]


def test_a_question_waits_for_a_person_and_its_answer_for_an_hour(office: Office) -> None:
    request = office.open()
    office.run(request)
    first, second = office.ask(request), office.ask(request)
    office.register.runs.end(request, f"{request}.1", "needs_person")
    office.later(200)
    office.register.questions.answer(first, "yes", "officer")
    office.later(2)
    assert office.sweep() == []
    office.register.questions.answer(second, "yes", "officer")
    assert office.sweep() == []
    office.later(1)
    assert office.sweep() == [("answered_not_run", request, f"run {request}.2 is started")]
    office.run(request, f"{request}.2", ends="accepted")  # it began, and failed: a person mends first
    office.later(5)
    ((code, _, action),) = office.sweep()
    assert code == "run_failed"
    assert "a person mends first" in action
    assert office.started == [f"{request}.2"]


@pytest.mark.parametrize("end", [State.DELIVERED, State.REFUSED])
def test_a_request_that_is_open_again_is_run_again_and_did_not_fail(office: Office, end: State) -> None:
    request = office.open(State.ACCEPTED)
    office.run(request, ends=State.READY if end is State.DELIVERED else end)
    moved(office.register, request, end)
    moved(office.register, request, State.NEEDS_PERSON)
    assert office.sweep() == []
    office.later(1)
    assert office.sweep() == [("reopened_not_run", request, f"run {request}.2 is started")]


def test_a_failed_run_is_named_with_its_last_step_and_not_started_again(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    run = office.run(request)
    office.register.steps.finish(request, "extract", "0" * 64, {}, part="shop")
    office.register.runs.end(request, run, "accepted")
    for _ in range(3):
        office.later(1)
        ((code, found, _),) = office.sweep()
        assert (code, found) == ("run_failed", request)
    assert office.started == []
    (event,) = office.events(request)
    assert event[1] == {
        "code": "run_failed",
        "since": "2026-03-02T10:00:00.000000Z",
        "run": run,
        "step": "extract shop",
    }
    office.run(request, f"{request}.2", ends="accepted")  # failed again: that is new
    office.sweep()
    assert len(office.events(request)) == 2


def test_a_day_after_a_part_the_rest_is_tried(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    office.run(request, ends="partly_delivered")
    office.later(23)
    assert office.sweep() == []
    office.later(1)
    [(code, found, _)] = office.sweep()
    assert (code, found, office.started) == ("rest_to_give", request, [f"{request}.2"])


def test_a_lost_run_is_followed_by_one_other(office: Office) -> None:
    request = office.open(State.ACCEPTED)
    office.run(request)
    office.later(1.9)
    assert office.sweep() == []
    office.register.runs.keep_alive(request, f"{request}.1")
    office.later(1.9)
    assert office.sweep() == []
    office.later(0.1)
    assert office.sweep(dry=True) == [("run_lost", request, f"would start run {request}.2")]
    assert office.register.runs.all(going=True) != ()

    assert office.sweep() == [("run_lost", request, f"run {request}.2 is started")]
    assert office.register.runs.all(going=True) == ()
    office.run(request, f"{request}.2")
    office.later(2)
    ((code, _, action),) = office.sweep()
    assert code == "run_lost"
    assert "the run before it was lost too" in action
    assert office.started == [f"{request}.2"]
    outcomes = [(r.id, r.outcome) for r in office.register.runs.all(request_id=request)]
    assert outcomes == [(f"{request}.1", "lost"), (f"{request}.2", "lost")]


def test_a_run_that_gives_a_sign_of_life_meanwhile_is_not_ended(office: Office) -> None:
    """Between the look and the act its task goes on."""
    request = office.open(State.ACCEPTED)
    run = office.run(request)
    office.later(2)
    end = office.register.runs.end

    def alive(*which: Any, **more: Any) -> bool:
        office.register.runs.keep_alive(request, run)
        return end(*which, **more)

    office.register.runs.end = alive  # type: ignore[method-assign]
    assert office.sweep() == []
    assert [r.id for r in office.register.runs.all(going=True)] == [run]
    assert (office.started, office.events(request)) == ([], [])


def test_a_clock_that_ran_years_ahead_hides_nothing_once_it_is_right(office: Office) -> None:
    right = office.now
    office.now += timedelta(days=1500)
    never, lost, stray = office.open(), office.open(State.ACCEPTED), office.open(State.ACCEPTED)
    office.run(lost)
    office.run(stray, ends="accepted")
    file = office.stage(stray)
    office.now = right + HOUR

    found = {(code, r) for code, r, _ in office.sweep()}

    assert found >= {("never_run", never), ("run_lost", lost), ("staged_too_long", stray)}
    assert not file.exists()
    assert sorted(office.started) == sorted([f"{never}.1", f"{lost}.2"])
    assert [h.type for h, _ in office.register.trail.events() if h.type == "clock_went_back"] == [
        "clock_went_back"
    ]
    assert office.register.trail.verify() == []


def test_a_lost_run_whose_question_is_open_is_ended_and_waits(office: Office) -> None:
    request = office.open()
    office.run(request)
    office.ask(request)
    office.later(2)
    assert office.sweep() == [("run_lost", request, "a question waits for a person")]
    assert office.sweep() == []


@pytest.mark.parametrize("state", [State.NOTHING_HELD, State.NOTHING_PORTABLE, State.REFUSED])
def test_where_a_letter_comes_next_no_run_is_missed(office: Office, state: State) -> None:
    request = office.open(state)
    office.run(request, ends=state.value)
    office.later(50)
    assert office.sweep() == []


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
    assert not any("bytes" in told for _, told in office.events(request))  # a size tells whose it was
    assert office.sweep() == []


def test_staging_that_nobody_can_read_any_more_is_destroyed(office: Office) -> None:
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
    swept = Sweep(
        register=office.register,
        staged=partial(staged_requests, office.staging),
        destroy=partial(destroy, office.staging),
        start=office.start,
        now=office.now,
        limits=SweepLimits(),
    )
    note = office.register.oversight.record_findings

    def begins(findings: Any) -> int:
        office.run(request)
        return note(findings)

    office.register.oversight.record_findings = begins  # type: ignore[method-assign]
    actions = {s.finding.code.value: s.action for s in swept.run()}

    assert "left" in actions["staged_too_long"]
    assert file.exists()
    assert office.events(request, "staging_destroyed") == []


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


def test_a_sweep_that_is_killed_after_removing_has_said_so_before(office: Office) -> None:
    request = office.open(State.WITHDRAWN)
    office.stage(request)
    office.later(1)
    pid = os.fork()
    if pid == 0:  # dies with the files gone and the transaction open
        whole = Sweep(
            office.register,
            partial(staged_requests, office.staging),
            lambda one: (destroy(office.staging, one), os.kill(os.getpid(), signal.SIGKILL))[0],
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
    monkeypatch.setattr("afschrift.steps.sweep.sweep.START_AT_MOST", 2)
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
    told = json.dumps([[vars(h), p] for h, p in office.register.trail.events()])
    assert NAME not in told
    assert all(NAME not in str(path.relative_to(office.staging)) for path in office.staging.rglob("*"))
