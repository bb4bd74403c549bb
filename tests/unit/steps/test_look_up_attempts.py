"""Attempts to read before the identity is confirmed without an officer who asked; attempts.md lists them."""

from __future__ import annotations

import pytest
from testbed.running import store
from tests.support.attempts import ANN, World
from tests.support.moves import moved

from afschrift.domain.state import State
from afschrift.steps.read_identifying import look_up

pytestmark = pytest.mark.slow


def unidentified(world: World) -> str:
    return store(world.services, ANN, authenticated=None)


OFFICER = {"role": "officer", "source": "terminal"}


def test_look_up_without_an_officers_request(world: World) -> None:
    """Attempt: Trigger `look_up_identity` by hand, without an ask of an officer"""
    request = unidentified(world)

    assert world.refused(look_up, request)["reason"] == "not_asked"


def test_a_look_up_once_more(world: World) -> None:
    """Attempt: Trigger `look_up_identity` a second time for one ask"""
    request = unidentified(world)
    world.register.look_ups.ask(request, "cli:anna", OFFICER)
    look_up(world.services, request)

    assert world.refused(look_up, request)["reason"] == "not_asked"


def test_a_look_up_that_was_asked_about_other_keys(world: World) -> None:
    """Attempt: Look up other keys than an officer asked about"""
    request = unidentified(world)
    world.register.look_ups.ask(request, "cli:anna", OFFICER)
    about = world.register.look_ups.going(request)
    world.register.identities.change(request, {"email": "bob@example.org"}, (), "cli:anna")
    assert about is not None and world.register.look_ups.going(request) is None

    assert world.refused(look_up, request)["reason"] == "not_asked"


def test_a_look_up_after_the_decision(world: World) -> None:
    """Attempt: Look up whose the keys are after the identity was decided"""
    request = unidentified(world)
    world.register.decisions.take(request, "identity", "confirmed", "cli:anna")
    world.register.look_ups.ask(request, "cli:anna", OFFICER)

    assert world.refused(look_up, request)["reason"] == "identity_decided"


def test_a_look_up_of_a_closed_request(world: World) -> None:
    """Attempt: Look up whose the keys are of a request that is closed"""
    request = unidentified(world)
    world.register.look_ups.ask(request, "cli:anna", OFFICER)
    moved(world.register, request, State.WITHDRAWN)

    assert world.refused(look_up, request)["reason"] == "closed"


def test_look_up_requested_without_the_role(world: World) -> None:
    """Attempt: Write an ask into the register for an account without the role officer"""
    request = unidentified(world)
    world.register.look_ups.ask(request, "airflow:kim", OFFICER)

    assert world.refused(look_up, request)["reason"] == "asked_without_role"
