"""Attempts to get round the gates of an answer in parts."""

import dataclasses
from contextlib import suppress
from pathlib import Path

import pytest
from testbed.running import run, store
from tests.support.attempts import ANN, DATA, ONE, TWO, Step, World, extract_shop
from tests.support.deciding import ROLES
from tests.support.in_parts import Club
from tests.support.moves import begin, close, deliver, wipe

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.app.settings import Settings
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.answer import PartialResponseService
from afschrift.casework.review.question import decided
from afschrift.domain.errors import GateError
from afschrift.domain.instants import utc_now
from afschrift.domain.plan import Later
from afschrift.domain.state import State
from afschrift.law.partial_response import about
from afschrift.steps.claims import check_claims
from afschrift.wiring.build_services import build

pytestmark = pytest.mark.slow


WHOLE = {"assess": "success", "classify": "success", "extract_shop": "success"} | dict.fromkeys(
    ("validate", "package", "deliver", "close"), "success"
)


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
