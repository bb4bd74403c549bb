"""Moves, runs, steps and plans of a request, each with its event."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select
from tests.support.moves import moved
from tests.support.nightly import both_databases
from tests.unit.conftest import Open

from afschrift.domain.decision import Action
from afschrift.domain.errors import RefusedError, RetriableError, UnknownRequestError
from afschrift.domain.event import NewEvent
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan, Withheld
from afschrift.domain.request import Request, run_name
from afschrift.domain.right import Right
from afschrift.domain.state import TRANSITIONS, State
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.register.database.tables import plan as plan_table
from afschrift.register.register import Register

WITHDRAWN = NewEvent("fact_withdrawn")
EVENTS = sorted({row.event for row in TRANSITIONS})


def may(event: str, now: State, to: State) -> bool:
    """As the table says, read row by row."""
    return now is to or any(row.event == event and row.to is to for row in TRANSITIONS if now in row.states)


@pytest.mark.parametrize("now", State)
def test_moves_from_a_state_follow_the_table(register: Register, open_one: Open, now: State) -> None:
    request = moved(register, open_one().id, now)
    before = register.trail.events(request.id)
    pairs = [(event, to) for to in State for event in ("told", *EVENTS)]
    allowed = [pair for pair in pairs if may(pair[0], now, pair[1])]
    # tests/unit/domain/test_state.py has all of them
    for event, to in [pair for pair in pairs if pair not in allowed][::9]:
        with pytest.raises(RefusedError, match=f"{now} and cannot become {to} by {event}"):
            register.requests.move(request.id, to, NewEvent(event))
    assert (register.requests.get(request.id), register.trail.events(request.id)) == (request, before)
    for event, to in allowed:
        before = register.trail.events(request.id)
        after = register.requests.move(request.id, to, NewEvent(event, payload={"n": 1}))
        types = [header.type for header, _ in register.trail.events(request.id)[len(before) :]]
        assert after == register.requests.get(request.id)
        assert (after.state, after.version) == (to, request.version + (now is not to))
        assert types == ([event] if now is to else ["state_changed", event])
        request = after if now is to else moved(register, open_one().id, now)


@both_databases
def test_older_version_changes_nothing(register: Register, opened: Request) -> None:
    moved(register, opened.id, State.ACKNOWLEDGED)
    before = register.trail.events()
    with pytest.raises(RetriableError, match="changed by someone else"):
        register.requests.move(opened.id, State.WITHDRAWN, WITHDRAWN, version=opened.version)
    assert register.trail.events() == before
    assert register.requests.move(opened.id, State.WITHDRAWN, WITHDRAWN, version=2).state is State.WITHDRAWN


def test_a_state_is_written_with_its_events_or_not_at_all(register: Register, opened: Request) -> None:
    before = register.trail.events()
    with pytest.raises(ValueError):  # no canonical form: the last thing to be written fails
        register.requests.move(
            opened.id, State.WITHDRAWN, NewEvent("fact_withdrawn", payload={"n": float("nan")})
        )
    assert (register.requests.get(opened.id), register.trail.events()) == (opened, before)


def test_options_change_while_open_with_an_event(register: Register, opened: Request) -> None:
    changed = register.requests.change_options(opened.id, formats=("json",), language="nl", by="officer")
    assert changed == register.requests.get(opened.id)
    assert (changed.formats, changed.language, changed.destination) == (("json",), "nl", "outbox")
    header, payload = register.trail.events(opened.id)[-1]
    assert (header.type, header.actor) == ("options_changed", "officer")
    assert payload == {"changed": {"formats": ["json"]}}
    before = register.trail.events()
    assert register.requests.change_options(opened.id, formats=["json"]) == changed
    assert register.trail.events() == before
    moved(register, opened.id, State.WITHDRAWN)
    before = register.trail.events()
    with pytest.raises(RefusedError, match="closed"):
        register.requests.change_options(opened.id, destination="elsewhere")
    assert register.trail.events() == before


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


INPUTS = "cd" * 32


def plan_of(request_id: str, statement: str = "SELECT 1") -> Plan:
    mail = FieldPlan(
        "email", ValueKind.TEXT, Action.INCLUDE, ("R18", "R20"), "portable_provided", Origin.PROVIDED
    )
    body = FieldPlan(
        "body", ValueKind.TEXT, Action.MASK, ("R31",), "others", None, (Origin.OBSERVED,), "label"
    )
    score = FieldPlan("score", None, Action.EXCLUDE, ("R18",), "origin_inferred", Origin.INFERRED)
    extract = ExtractPlan(
        "shop", "customer", (mail, body), statement, ("email",), ("id",), {"by": {"x": True}}, "own"
    )
    withheld = (Withheld("shop", "score", (score,)),)
    inputs = ("aa" * 32, "bb" * 32, "0.1.0", "2026-03-02T10:00:00.000000Z")
    formats, consents = ("csv", "json"), {"coaching": "withdrawn"}
    return Plan(
        request_id, Right.PORTABILITY, "nl", formats, (extract,), withheld, *inputs, consents=consents
    )


@both_databases
def test_a_finished_step_is_remembered_by_its_inputs_and_part(register: Register, open_one: Open) -> None:
    request = open_one()
    assert register.steps.result(request.id, "extract", INPUTS, "shop") is None
    result = {"uri": "x", "rows": 3, "files": [{"sha256": "ee" * 32}], "none": None}
    event = NewEvent("extracted")
    assert register.steps.finish(request.id, "extract", INPUTS, result, event, part="shop") == result
    assert register.steps.result(request.id, "extract", INPUTS, "shop") == result
    assert register.steps.result(request.id, "extract", INPUTS) is None
    assert register.steps.result(request.id, "extract", "ef" * 32, "shop") is None
    assert register.steps.result(open_one().id, "extract", INPUTS, "shop") is None
    with pytest.raises(UnknownRequestError):
        register.steps.finish("req-000000000000", "close", INPUTS, {})


@pytest.mark.parametrize("first", [{"sha256": "1", "t": [1, 2]}, {}])
def test_second_finish_returns_the_first(
    register: Register, opened: Request, first: dict[str, object]
) -> None:
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in first.items()}
    assert register.steps.finish(opened.id, "package", INPUTS, given, NewEvent("sealed")) == first
    before = register.trail.events()
    assert register.steps.finish(opened.id, "package", INPUTS, {"sha256": "2"}, NewEvent("sealed")) == first
    assert register.steps.result(opened.id, "package", INPUTS) == first
    assert register.trail.events() == before


def test_latest_step_is_the_last_recorded(register: Register, opened: Request) -> None:
    assert register.steps.latest(opened.id, "classify") is None
    for n in (1, 2):
        register.steps.finish(opened.id, "classify", f"{n}" * 64, {"n": n})
    register.steps.finish(opened.id, "extract", INPUTS, {"n": 3})
    assert register.steps.latest(opened.id, "classify") == {"n": 2}
    register.steps.finish(opened.id, "classify", "1" * 64, {"n": 4})
    assert register.steps.latest(opened.id, "classify") == {"n": 2}


@both_databases
def test_a_plan_comes_back_equal_by_its_digest(register: Register, opened: Request) -> None:
    plan = plan_of(opened.id)
    digest = register.plans.save(plan)
    assert digest == plan.digest() == register.plans.save(plan)
    assert register.plans.get(opened.id, digest) == plan
    other = plan_of(opened.id, "SELECT 2")
    assert register.plans.get(opened.id, register.plans.save(other)) == other
    assert register.plans.get(opened.id, digest) == plan


def test_a_plan_that_is_not_there_names_the_task_that_makes_it(register: Register, open_one: Open) -> None:
    request, other = open_one(), open_one()
    digest = register.plans.save(plan_of(other.id))
    with pytest.raises(RefusedError, match="clear `classify`"):
        register.plans.get(request.id, digest)


@both_databases
def stored_bytes(register: Register, request_id: str) -> int:
    with register.plans._db.read() as tx:
        row = tx.execute(select(plan_table.c.ciphertext).where(plan_table.c.request_id == request_id)).one()
    return len(row.ciphertext)


def test_a_plan_of_many_tables_is_kept_small(register: Register, opened: Request) -> None:
    small = plan_of(opened.id)
    [extract] = small.extracts
    wide = replace(small, extracts=tuple(replace(extract, table=f"t{n}") for n in range(1_000)))
    register.plans.save(wide)
    assert register.plans.get(opened.id, wide.digest()) == wide
    assert stored_bytes(register, opened.id) < len(msgspec.json.encode(wide)) / 20


def test_a_plan_that_an_earlier_version_kept_is_still_read(
    register: Register, opened: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("afschrift.register.steps.zlib.compress", bytes)
        digest = register.plans.save(plan_of(opened.id))
    assert stored_bytes(register, opened.id) > len(msgspec.json.encode(plan_of(opened.id)))
    assert register.plans.get(opened.id, digest) == plan_of(opened.id)
