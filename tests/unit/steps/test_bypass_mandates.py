"""Attempts to get round the gates of a mandate, and of who clicked."""

from __future__ import annotations

import dataclasses

import pytest
from testbed.running import store
from tests.support.attempts import (
    ANN,
    DATA,
    ONE,
    TWO,
    Step,
    World,
    of_ann,
)

from afschrift.domain.errors import GateError, NeedsPersonError
from afschrift.domain.right import Right
from afschrift.law.roles import Roles
from afschrift.steps.assess import assess
from afschrift.steps.package import package
from afschrift.steps.validate import validate

pytestmark = pytest.mark.slow


def proven(world: World, request: str) -> list[str]:
    """A request of a proxy whose mandate an officer found to be proven."""
    form = {"kind": "lawyer", "checked_on": "2026-01-02", "scope": "both", "identity_checked": "bar_register"}
    form |= {"answer_to": "person", "answer_by": "post"}
    with pytest.raises(NeedsPersonError):
        assess(world.services, request)
    [asked] = world.register.questions.all(request_id=request)
    world.register.questions.answer(asked.id, "proven", "cli:anna", form)
    return [request]


def by_proxy(world: World) -> list[str]:
    return proven(world, store(world.services, ANN, made_by="proxy"))


def by_proxy_of_no_clear_right(world: World) -> list[str]:
    return proven(world, store(world.services, ANN, "unclear", made_by="proxy"))


@pytest.mark.parametrize("step", DATA)
def test_a_mandate_about_another_right(world: World, step: Step) -> None:
    """Attempt: Go on with a mandate that was found for another right than the request has now"""
    request = world.at(step, stored=by_proxy_of_no_clear_right)
    world.register.requests.read_right(request, Right.PORTABILITY, lambda _: [], "cli:anna")

    assert world.refused(step, request)["reason"] == "no_mandate"


@pytest.mark.parametrize("step", DATA)
def test_a_mandate_that_was_taken_back(world: World, step: Step) -> None:
    """Attempt: Go on with a mandate that was taken back, or ran out"""
    request = world.at(step, stored=by_proxy)
    world.register.decisions.take(
        request, "mandate", "not_proven", "cli:anna", detail={"lacking": "withdrawn"}
    )
    before = world.seen

    with pytest.raises(NeedsPersonError, match="authority proven"):
        step(world.services, request)
    assert world.seen == before
    assert [q.kind for q in world.register.questions.all(request_id=request)] == ["mandate"]


def test_options_of_the_trigger_form_without_a_role(world: World) -> None:
    """Attempt: Say on the trigger form how the answer goes, without a role for it"""
    from afschrift.airflow_ext.params import change_options

    [request] = of_ann(world)
    before = world.register.requests.get(request)
    change_options(world.in_run(ONE), request, {"formats": ["json"]}, "airflow:anna", Roles())
    assert world.register.requests.get(request) == before
    [payload] = [p for h, p in world.register.trail.events(request) if h.type == "options_refused"]
    assert payload is not None
    assert payload["options"] == ["formats"]


def test_bypass_event_names_the_account_or_unknown(world: World) -> None:
    request = world.at(validate, ONE)
    for who in ("airflow:anna", "unknown"):
        services = dataclasses.replace(world.in_run(TWO), clicked=lambda reason, step, who=who: who)
        with pytest.raises(GateError):
            package(services, request)
        assert world.attempts(request)[-1]["clicked_by"] == who
