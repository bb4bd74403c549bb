"""Attempts to get round the gates by runs: one that never began, a second one, tasks marked as done."""

import dataclasses
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from testbed.running import run, store
from tests.support.attempts import ANN, BOB, CHAIN, DATA, ONE, TWO, Step, World, extract_shop
from tests.support.deciding import ROLES
from tests.support.in_parts import Club
from tests.support.moves import assess, begin, classify, close, deliver, package, validate, wipe

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.app.settings import Settings
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.answer import PartialResponseService
from afschrift.casework.review.question import decided
from afschrift.domain.errors import AfschriftError, GateError, NeedsPersonError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import utc_now
from afschrift.domain.plan import Later
from afschrift.domain.state import State
from afschrift.law.partial_response import about
from afschrift.services import Services
from afschrift.steps.claims import check_claims, stop_at_question
from afschrift.wiring.build_services import build

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("step", CHAIN)
def test_a_run_that_never_began(world: World, step: Step) -> None:
    request = world.at(step)

    assert world.refused(step, request, TWO)["reason"] == "run_not_begun"
    assert world.register.runs.all() == ()


@pytest.mark.parametrize("step", CHAIN)
def test_second_run_during_the_first(world: World, step: Step) -> None:
    """Attempt: Start a second run of a request while one goes"""
    request = world.at(step, ONE)

    def second(services: Services, request: str) -> None:
        begin(services, request, "officer")

    event = world.refused(second, request, TWO, match="is still going")
    assert (event["reason"], event["going"]) == ("another_run", ONE)
    assert world.refused(step, request, TWO)["reason"] == "run_not_begun"
    for left in CHAIN[CHAIN.index(step) :]:
        left(world.in_run(ONE), request)
    assert len(world.seen[1]) == 1


def test_lost_run_cannot_continue_next_to_the_next_one(world: World) -> None:
    """Attempt: Clear a task of a run that was given up, while the next one goes"""
    request = world.at(validate, ONE)
    impatient = dataclasses.replace(world.in_run(TWO), patience=timedelta(0))
    begin(impatient, request, "officer")

    event = world.refused(validate, request, ONE)

    assert (event["reason"], event["going"]) == ("another_run", TWO)
    assert [(r.id, r.outcome) for r in world.register.runs.all()] == [(ONE, "lost"), (TWO, None)]


def test_a_run_cannot_change_its_request(world: World) -> None:
    mine, other = store(world.services, ANN), store(world.services, BOB)
    world.until(classify, mine, ONE)

    event = world.refused(lambda s, r: begin(s, r, "officer"), other, ONE)

    assert event["reason"] == "run_of_another_request"
    assert world.refused(classify, other, ONE)["reason"] == "run_not_begun"
    assert world.attempts(mine) == []


def test_failed_run_lets_the_next_begin(world: World) -> None:
    request = world.at(validate, ONE)
    wipe(world.in_run(ONE), request)  # the teardown, after a failure
    for step in CHAIN:
        if step is assess:
            begin(world.in_run(TWO), request, "officer")
        step(world.in_run(TWO), request)

    outcomes = [(r.id, r.outcome) for r in world.register.runs.all()]
    assert outcomes == [(ONE, "accepted"), (TWO, "ready")]


def test_a_failed_gate_does_not_open_an_ended_run_again(world: World) -> None:
    request = world.at(extract_shop, ONE)
    wipe(world.in_run(ONE), request)
    world.services.register.decisions.take(request, "identity", "not_confirmed", "officer")

    world.refused(extract_shop, request, ONE)

    assert world.register.runs.all(going=True) == ()


def test_every_event_of_a_gate_holds_codes_alone(world: World) -> None:
    request = store(world.services, ANN, authenticated=None)
    for step in DATA:
        with pytest.raises(AfschriftError):
            step(world.in_run(ONE), request)

    for event in world.attempts(request):
        assert set(event) == {"step", "reason", "run", "clicked_by"}


WHOLE = {"assess": "success", "classify": "success", "extract_shop": "success"} | dict.fromkeys(
    ("validate", "package", "deliver", "close"), "success"
)


def test_whole_run_task_marked_as_successful_is_recorded_once(world: World) -> None:
    request, states = world.at(validate), {"fulfil": "success", "wipe": "running"}

    for _ in range(2):
        assert check_claims(world.in_run(ONE), request, states) == ("fulfil",)
    [recorded] = world.attempts(request)
    assert (recorded["step"], recorded["reason"]) == ("fulfil", "marked_success")
    run(world.services, request)
    assert check_claims(world.services, request, states) == ()


@pytest.mark.parametrize("done", range(len(CHAIN)))
def test_each_task_marked_as_successful_is_recorded_once(world: World, done: int) -> None:
    """Attempt: Mark tasks as successful, up to any step"""
    request = world.at(CHAIN[done])
    marked = ["assess", "classify", "extract", "validate", "package", "deliver", "close"][done:]

    for _ in range(2):
        assert check_claims(world.in_run(ONE), request, WHOLE) == tuple(marked)
    recorded = [(event["step"], event["reason"], event["run"]) for event in world.attempts(request)]
    assert recorded == [(step, "marked_success", ONE) for step in marked]


def test_tasks_that_rightly_did_nothing_claim_nothing(world: World) -> None:
    request = store(world.services, ANN)
    states = {"assess": "failed", "classify": "upstream_failed", "extract": None, "wipe": "running"}

    assert check_claims(world.services, request, states) == ()

    request = store(world.services, ANN, authenticated=None)
    with pytest.raises(NeedsPersonError):
        assess(world.services, request)

    assert check_claims(world.services, request, dict.fromkeys(WHOLE, "skipped")) == ()

    request = store(world.services, ANN)
    world.services.register.steps.finish(request, "classify", "0" * 64, {"sources": []})

    for skipped in ("extract", "validate"):
        assert check_claims(world.services, request, {"extract_shop": "skipped", skipped: "skipped"}) == ()


def test_a_task_marked_as_skipped(world: World) -> None:
    """Attempt: Mark a task as skipped"""
    request = store(world.services, ANN)
    assess(world.services, request)

    assert check_claims(world.services, request, WHOLE | {"classify": "skipped"})[-1] == "classify"
    assert world.attempts(request)[-1]["reason"] == "marked_skipped"


def asked_in(world: World, run: str) -> str:
    """A request whose plan is frozen, and of which an officer is asked while a source is read; its id."""
    request = world.at(extract_shop, run)
    detail = {"source": "shop"}
    world.register.questions.ask(request, "active_files", options=["give", "keep_back"], detail=detail)
    return request


def test_a_run_that_was_asked_about_while_it_read_ends_at_the_join(world: World) -> None:
    request = asked_in(world, ONE)
    [question] = world.register.questions.all(request_id=request)

    with pytest.raises(NeedsPersonError, match=f"question {question.id} is open"):
        stop_at_question(world.in_run(ONE), request)
    world.register.questions.answer(question.id, "give", "officer")  # while other sources are still read
    with pytest.raises(NeedsPersonError, match="answered now"):
        stop_at_question(world.in_run(ONE), request)
    assert check_claims(world.in_run(ONE), request, {"extract_shop": "skipped", "validate": "skipped"}) == ()
    assert world.attempts(request) == []


def test_a_question_of_an_earlier_run_is_no_reason_at_the_join(world: World) -> None:
    """Attempt: Go on while a question of the plan is open"""
    request = asked_in(world, ONE)
    world.register.runs.end(request, ONE, "needs_person")
    begin(world.in_run(TWO), request, "officer")

    stop_at_question(world.in_run(TWO), request)
    assert world.refused(validate, request, TWO)["reason"] == "state_needs_person"


def test_one_of_several_sources_marked_as_read(world: World) -> None:
    request = store(world.services, ANN)
    read = NewEvent("extracted", payload={"source": "shop"})
    world.services.register.steps.finish(request, "classify", "0" * 64, {"sources": ["shop", "app"]}, read)

    for names in ("extract_shop", "extract_app"), ("extract_0", "extract_1"):  # these of an earlier version
        assert check_claims(world.services, request, dict.fromkeys(names, "success")) == ("extract",)
    assert [event["source"] for event in world.attempts(request)] == ["app"]


def test_a_source_that_the_plan_does_not_read_is_skipped_rightly(world: World) -> None:
    request = store(world.services, ANN)
    assess(world.services, request)
    world.services.register.steps.finish(request, "classify", "0" * 64, {"sources": ["shop"]})

    assert check_claims(world.services, request, {"extract_app": "skipped", "extract_shop": None}) == ()
    assert check_claims(world.services, request, {"extract_app": "success"}) == ("extract",)
    assert check_claims(world.services, request, {"extract_shop": "skipped"}) == ("extract",)
    recorded = [(event["source"], event["reason"]) for event in world.attempts(request)]
    assert recorded == [("app", "marked_success"), ("shop", "marked_skipped")]


def test_bypass_event_names_the_account_or_unknown(world: World) -> None:
    request = world.at(validate, ONE)
    for who in ("airflow:anna", "unknown"):
        services = dataclasses.replace(world.in_run(TWO), clicked=lambda reason, step, who=who: who)
        with pytest.raises(GateError):
            package(services, request)
        assert world.attempts(request)[-1]["clicked_by"] == who


@pytest.fixture
def parts(world: World, tmp_path: Path) -> tuple[World, Club]:
    """The same with a second source, which can be taken away."""
    club = Club(tmp_path)
    club.declare(tmp_path / "inventory")
    env = {"AFSCHRIFT_HOME": str(world.home), "AFSCHRIFT_INVENTORY": str(tmp_path / "inventory")}
    world.services = build(lambda _line: None, Settings.from_environment(env))
    return world, club


def leave(world: World, request: str, choice: str = "partial") -> None:
    inventory, register = world.services.inventory, world.services.register
    bench = PartialResponseService(
        Officer(register, ROLES, "cli:anna", now=utc_now()),
        inventory,
        jurisdiction_of(inventory.controller),
    )
    if choice == "partial":
        bench.leave(request, "club", "2099-01-01", "The server is being mended.")
    else:
        bench.take_back(request, "club")


@pytest.mark.parametrize("step", [close, deliver, wipe])
def test_a_request_is_not_closed_by_its_part(parts: tuple[World, Club], step: Step) -> None:
    """Attempt: Close a request whose rest was not delivered"""
    world, _ = parts
    request = store(world.services, ANN)
    leave(world, request)
    world.until(close, request, ONE)
    close(world.in_run(ONE), request)
    before = world.seen
    for marked in (step, close):
        with suppress(GateError):  # that run is over
            marked(world.in_run(ONE), request)
        marked(world.services, request)

    assert world.services.register.requests.get(request).state is State.ACCEPTED
    assert world.seen == before
    assert [run.outcome for run in world.register.runs.all()] == ["partly_delivered"]
    begin(world.in_run(TWO), request, "officer")  # `classify` marked, and `extract` to `deliver` too
    close(world.in_run(TWO), request)
    assert world.services.register.requests.get(request).state is State.ACCEPTED
    assert check_claims(world.in_run(TWO), request, WHOLE) == ()
    assert check_claims(world.in_run(TWO), request, WHOLE | {"extract_club": "success"}) == ("extract",)


@pytest.mark.parametrize("step", DATA[:3])
def test_a_part_is_not_made_twice(parts: tuple[World, Club], step: Step) -> None:
    """Attempt: Clear tasks of a run that delivered a part"""
    world, _ = parts
    request = store(world.services, ANN)
    leave(world, request)
    world.until(close, request)
    close(world.services, request)

    assert world.refused(step, request, match="is delivered already")["reason"] == "part_delivered"


@pytest.mark.parametrize("step", DATA)
def test_a_part_without_its_decision(parts: tuple[World, Club], step: Step) -> None:
    """Only who writes the register can make one; it is turned down as one that cannot be left any more."""
    world, _ = parts
    request, register = store(world.services, ANN), world.services.register
    world.until(extract_shop, request)
    frozen = register.steps.latest(request, "classify") or {}
    plan = register.plans.get(request, frozen["plan"])
    left = [part for part in plan.extracts if part.source == "shop"]
    later = (Later("club", "2026-01-01T00:00:00Z", "2099-01-01", about("club", ("card", "visit"), 0)),)
    forged = register.plans.save(dataclasses.replace(plan, extracts=tuple(left), later=later))
    register.steps.finish(request, "classify", "f" * 64, {**frozen, "plan": forged})

    assert world.refused(step, request, match="cannot be left any more")["reason"] == "partial_over"


def test_a_part_whose_decision_was_taken_back(parts: tuple[World, Club]) -> None:
    world, _ = parts
    request = store(world.services, ANN)
    leave(world, request)
    world.until(deliver, request)
    leave(world, request, "back")

    assert world.refused(deliver, request, match="decisions changed")["changed"] == ["decisions"]


def test_a_supplement_that_is_older_than_a_part(parts: tuple[World, Club]) -> None:
    """The plan of the whole answer does not come back after a part was delivered."""
    world, _ = parts
    request, register = store(world.services, ANN), world.services.register
    world.until(extract_shop, request)
    whole = register.steps.latest(request, "classify") or {}
    leave(world, request)
    run(world.services, request)
    basis = {"decisions": decided(register.decisions.of(request))}
    register.steps.finish(request, "classify", "f" * 64, {**whole, **basis})

    assert world.refused(extract_shop, request)["changed"] == ["parts delivered"]
