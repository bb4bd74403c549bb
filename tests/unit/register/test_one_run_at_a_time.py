"""Runs of a request: one goes at a time, each begins and ends in the trail."""

from datetime import timedelta

import pytest
from tests.support.nightly import both_databases
from tests.unit.conftest import Open

from afschrift.domain.errors import UnknownRequestError
from afschrift.domain.request import run_name
from afschrift.register.register import Register

FIRST, SECOND = "manual__2026-03-02T10:00:00+00:00", "manual__2026-03-02T11:00:00+00:00"
PATIENCE = timedelta(hours=2)


def run_events(register: Register, request: str) -> list[tuple[str, object, object]]:
    """Events of runs: type, run, and whether it was again or how it ended."""
    return [
        (header.type, payload["run"], payload.get("outcome", payload.get("again")))
        for header, payload in register.trail.events(request)
        if header.type in ("run_started", "run_ended") and payload is not None
    ]


@both_databases
def test_a_run_begins_once_and_ends_once(register: Register, open_one: Open) -> None:
    request = open_one().id

    begun = register.runs.begin(request, FIRST, PATIENCE, by="airflow:anna")
    again = register.runs.begin(request, FIRST, PATIENCE, by="airflow:anna")
    ended = [register.runs.end(request, FIRST, "delivered") for _ in range(2)]

    assert (again.started_at, again.seen_at > begun.seen_at) == (begun.started_at, True)
    assert ended == [True, False]
    assert run_events(register, request) == [("run_started", FIRST, False), ("run_ended", FIRST, "delivered")]
    [header] = [h for h, _ in register.trail.events(request) if h.type == "run_started"]
    assert header.actor == "airflow:anna"
    [kept] = register.runs.all(request_id=request)
    assert (kept.outcome, register.runs.all(going=True)) == ("delivered", ())


def test_second_run_does_not_begin_during_the_first(register: Register, open_one: Open) -> None:
    request = open_one().id
    register.runs.begin(request, FIRST, PATIENCE)

    in_the_way = register.runs.begin(request, SECOND, PATIENCE)

    assert in_the_way.id == FIRST
    assert register.runs.see(request, SECOND, PATIENCE) is None
    assert not register.runs.end(request, SECOND, "accepted")
    assert [r.id for r in register.runs.all(going=True)] == [FIRST]
    assert run_events(register, request) == [("run_started", FIRST, False)]


def test_a_run_that_is_silent_too_long_is_lost(register: Register, open_one: Open) -> None:
    request = open_one().id
    register.runs.begin(request, FIRST, PATIENCE)
    register.runs.keep_alive(request, FIRST)

    assert register.runs.begin(request, SECOND, timedelta(seconds=30)).id == FIRST  # the clock gains seconds
    assert register.runs.begin(request, SECOND, timedelta(0)).id == SECOND

    assert run_events(register, request)[1:] == [("run_ended", FIRST, "lost"), ("run_started", SECOND, False)]
    late = register.runs.see(request, FIRST, PATIENCE)
    assert late is not None
    assert late.id == SECOND


def test_a_cleared_task_opens_its_ended_run_again(register: Register, open_one: Open) -> None:
    request = open_one().id
    register.runs.begin(request, FIRST, PATIENCE)
    register.runs.end(request, FIRST, "accepted")
    before = register.runs.all()
    register.runs.keep_alive(request, FIRST)  # a sign of life does not
    assert register.runs.all() == before

    seen = register.runs.see(request, FIRST, PATIENCE)

    assert seen is not None
    assert (seen.id, seen.ended_at, seen.outcome) == (FIRST, None, None)
    assert run_events(register, request)[-1] == ("run_started", FIRST, True)


def test_a_run_works_for_one_request_alone(register: Register, open_one: Open) -> None:
    request, other = open_one().id, open_one().id
    register.runs.begin(request, FIRST, PATIENCE)

    in_the_way = register.runs.begin(other, FIRST, PATIENCE)

    assert in_the_way.request == request
    assert register.runs.see(other, FIRST, PATIENCE) is None
    assert (register.runs.request_of(FIRST), register.runs.request_of(SECOND)) == (request, None)
    register.runs.begin(other, SECOND, PATIENCE)
    going = [(run.request, run.id) for run in register.runs.all(going=True)]
    assert going == [(request, FIRST), (other, SECOND)]
    with pytest.raises(UnknownRequestError):
        register.runs.begin("req-000000000000", FIRST, PATIENCE)


def test_an_identity_decision_is_bound_to_the_keys(register: Register, open_one: Open) -> None:
    requests, take = [open_one().id, open_one().id], register.decisions.take
    first, again, other = (take(requests[n], "identity", "confirmed", "x").about for n in (0, 0, 1))
    assert first == again != other  # under each request's own key
    assert first and len(first) == 64


def test_names_without_personal_data_stay() -> None:
    manual = "manual__2026-11-25T04:46:34"
    for run_id in ("req-7k3m9x2p4v0q.12", FIRST, f"{manual}.123456+00:00", f"{manual}Z"):
        assert run_name(run_id) == run_id


@pytest.mark.parametrize(
    "run_id",
    [
        "anneke.jansen@example.org",
        "manual__0612345678",
        "manual__2026-11-25T04:46:34+00:00\n",
        "req-7k3m9x2p4v0q.1 Jansen",
        "manual__2026-11-25T04:46:34+00:00_Jansen",
        "req-7k3m9x2p4v0q.\u0661",
    ],
)
def test_typed_run_id_is_not_stored(run_id: str) -> None:
    name = run_name(run_id)

    assert name == run_name(run_id) != run_name(f"{run_id}A")
    assert name.isascii()
    assert "\n" not in name
    assert not any(word in name for word in ("Jansen", "anneke", "0612345678"))
    assert len(name) <= 64
