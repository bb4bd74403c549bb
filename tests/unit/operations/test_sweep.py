"""Sweeps over a real register: what is stuck, how many start at once; and counts of an installation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.installed import CUSTOMERS, Installation
from tests.support.moves import moved
from tests.unit.operations.conftest import HOUR, Office

from afschrift.casework.run_findings import BatchPolicy, SweepCode, SweepFinding, batch_id
from afschrift.domain.instants import rfc3339
from afschrift.domain.state import State
from afschrift.operations.figures import FAR, figures


def test_a_request_that_was_never_run_is_started_after_an_hour(office: Office) -> None:
    request = office.open()
    office.later(0.9)
    assert office.sweep() == []
    office.later(0.1)
    assert office.sweep(dry=True) == [("never_run", request, f"would start run {request}.1")]
    assert (office.started, office.events(request)) == ([], [])

    assert office.sweep() == [("never_run", request, f"run {request}.1 is started")]
    found = {"code": "never_run", "since": "2026-03-02T10:00:00.000000Z"}
    assert office.events(request) == [("sweep_found", found)]
    office.later(1)
    [(_, _, action)] = office.sweep()  # queued there, or failed before it began: the register knows no run
    assert "exists in Airflow already" in action
    assert (office.started, len(office.events(request))) == ([f"{request}.1"], 1)
    office.run(request, f"{request}.1")
    assert office.sweep() == []


def test_where_airflow_is_away_it_names_and_tries_again_later(office: Office) -> None:
    requests = sorted(office.open() for _ in range(3))
    office.later(2)
    office.down = True
    assert [r for _, r, _ in office.sweep()] == requests
    assert {action for *_, action in office.sweep()} == {"not started: Airflow does not answer."}
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
    office.run(request, f"{request}.2", ends="accepted")  # it began, and failed: a person repairs it first
    office.later(5)
    ((code, _, action),) = office.sweep()
    assert code == "run_failed"
    assert "repair it first" in action
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
    [(_, found)] = office.events(request)
    since = "2026-03-02T10:00:00.000000Z"
    assert found == {"code": "run_failed", "since": since, "run": run, "step": "extract shop"}
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
    types = [header.type for header, _ in office.register.trail.events()]
    assert types.count("clock_went_back") == 1
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


NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def found(number: int, hours: float, code: SweepCode = SweepCode.NEVER_RUN) -> SweepFinding:
    since = rfc3339(NOW - timedelta(hours=hours))
    return SweepFinding(code, f"req-{number:012d}", since, start=f"req-{number:012d}.1")


def test_default_policy_starts_each_request_alone() -> None:
    assert BatchPolicy().waiting([found(1, 2), found(2, 3)], NOW) == []
    assert BatchPolicy(2).waiting([found(1, 25), found(2, 26)], NOW) == []  # whose batch came to nothing
    assert batch_id(["a", "b"]) == batch_id(["b", "a"]) != batch_id(["a"])


def test_they_start_once_they_are_enough() -> None:
    batches = BatchPolicy(3)
    two = batches.waiting([found(1, 2), found(2, 3)], NOW)
    assert batches.batch(two, NOW) == []
    three = batches.waiting([found(1, 2), found(2, 3), found(3, 2.5), found(4, 9, SweepCode.LOST)], NOW)
    assert [batch.request[-1] for batch in batches.batch(three, NOW)] == ["2", "3", "1"]


def test_batch_starts_after_a_day_at_most() -> None:
    batches = BatchPolicy(100)
    [batch] = batches.waiting([found(1, 23.9)], NOW)
    assert batches.batch([batch], NOW) == []
    assert batches.until(batch) == NOW + timedelta(hours=0.1)
    waiting = batches.waiting([found(1, 24), found(2, 1)], NOW)
    assert batches.batch(waiting, NOW) == waiting


DUE = datetime(2026, 7, 10, 12, tzinfo=UTC)

"""The last day of a request that was received on 10 June."""


def test_an_empty_register_has_nothing_open_and_no_day_near(installation: Installation) -> None:
    now = figures()

    assert (now.open, now.late, now.running, now.failed, now.waiting) == (0, 0, 0, 0, 0)
    assert now.days_left == FAR
    assert "decision" in now.questions
    assert set(now.questions.values()) == {0}


def test_figures_count_each_request_by_its_state(installation: Installation) -> None:
    running, failed, waits, _ = (installation.submit(n, "access") for n in CUSTOMERS[:4])
    register = installation.services.register
    patience = timedelta(hours=2)
    register.runs.begin(running, f"{running}.1", patience)
    register.runs.begin(failed, f"{failed}.1", patience)
    register.runs.end(failed, f"{failed}.1", "received")
    register.questions.ask(waits, "decision", options=["fulfil"], detail={"flags": []})

    before, after = figures(now=DUE - timedelta(days=4)), figures(now=DUE + timedelta(days=3))

    assert (before.open, before.running, before.failed, before.waiting) == (4, 1, 1, 1)
    assert (before.late, before.days_left) == (0, 4)
    assert (after.late, after.days_left) == (4, -3)
    assert {kind: n for kind, n in before.questions.items() if n} == {"decision": 1}
    assert register.evidence.of_types(None, "deadlines_checked") == []  # it counts, and leaves no trace
