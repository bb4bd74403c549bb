"""Attempts to get round the gates, at the use cases: each is counted at the source and at the destination.

attempts.md lists them; a docstring `Attempt: ...` names the row of a test.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from testbed.running import run, store
from tests.support.attempts import (
    ANN,
    BOB,
    CHAIN,
    DATA,
    ONE,
    Step,
    World,
    extract_shop,
    of_both_rights,
)
from tests.support.moves import moved

from afschrift.domain.errors import GateError, NeedsPersonError, RetriableError
from afschrift.domain.extracted import Searched
from afschrift.domain.files import Receipt
from afschrift.domain.state import State
from afschrift.extraction.staged_records import read_record, stage_record
from afschrift.law.roles import Person, Role
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.gates import begin
from afschrift.steps.package import package
from afschrift.steps.validate import validate

pytestmark = pytest.mark.slow

ANNA = Person("Anna", frozenset({"cli:anna"}), frozenset({Role.OFFICER}))


def test_the_counter_counts(world: World) -> None:
    run(world.services, store(world.services, ANN))

    statements, delivered = world.seen
    assert statements > 20
    assert [path.suffix for path in delivered] == [".zip"]


@pytest.mark.parametrize("step", DATA)
def test_no_identity_decision(world: World, step: Step) -> None:
    request = store(world.services, ANN, authenticated=None)

    assert world.refused(step, request, match="no identity decision")["reason"] == "no_identity"


def test_no_identity_decision_at_the_steps_that_ask(world: World) -> None:
    request = store(world.services, ANN, authenticated=None)
    for step in (assess, classify):
        with pytest.raises(NeedsPersonError):
            step(world.services, request)

    assert world.seen == (0, [])


@pytest.mark.parametrize("step", CHAIN[1:6])
def test_identity_taken_back(world: World, step: Step) -> None:
    """Attempt: Go on after a later decision `not_confirmed`"""
    request = world.at(step)
    world.services.register.decisions.take(request, "identity", "not_confirmed", "officer")

    if step is classify:
        before = world.seen
        with pytest.raises(NeedsPersonError):
            step(world.services, request)
        assert world.seen == before
    else:
        assert world.refused(step, request)["reason"] == "no_identity"


def test_identity_taken_back_while_the_bundle_is_handed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempt: Take the identity back, or withdraw, while the bundle is handed over"""
    request = world.at(deliver)
    opened = world.services.staging

    def staging(of: str) -> Any:
        world.services.register.decisions.take(request, "identity", "not_confirmed", "officer")
        return opened(of)

    services = dataclasses.replace(world.services, staging=staging)
    with pytest.raises(GateError, match="no identity decision"):
        deliver(services, request)

    assert world.seen[1] == []
    assert world.attempts(request)[-1]["step"] == "deliver"


def test_a_decision_about_other_keys_does_not_count(world: World) -> None:
    """Attempt: Rely on an identity decision that was taken about other keys"""
    request, other = (store(world.services, keys, authenticated=None) for keys in (ANN, BOB))
    about = world.services.register.decisions.take(other, "identity", "confirmed", "officer").about
    world.services.register.decisions.take(request, "identity", "confirmed", "officer", about=about)
    for step in (assess, classify):
        with pytest.raises(NeedsPersonError):
            step(world.services, request)

    assert world.refused(extract_shop, request)["reason"] == "no_identity"
    assert world.seen == (0, [])


@pytest.mark.parametrize("state", [State.REFUSED, State.WITHDRAWN, State.DELIVERED])
@pytest.mark.parametrize("step", CHAIN[:6])
def test_closed_request(world: World, step: Step, state: State) -> None:
    """Attempt: Work on a request that is delivered, refused or withdrawn"""
    request = world.at(step, ONE)
    moved(world.services.register, request, state)
    world.services.register.runs.end(request, ONE, str(state))

    assert world.refused(step, request, ONE, match="is closed")["reason"] == "closed"
    assert world.register.runs.all(going=True) == ()


@pytest.mark.parametrize("step", CHAIN[2:6])
def test_an_answer_that_is_ready(world: World, step: Step) -> None:
    """Attempt: Work on a request whose answer is ready"""
    request = world.at(step, ONE)
    moved(world.services.register, request, State.READY)

    assert world.refused(step, request, ONE, match="is ready")["reason"] == "answer_ready"


def test_no_run_begins_for_a_closed_request(world: World) -> None:
    request = store(world.services, ANN)
    moved(world.services.register, request, State.WITHDRAWN)

    event = world.refused(lambda s, r: begin(s, r, "officer"), request, ONE, match="is closed")

    assert event["reason"] == "closed"
    assert world.register.runs.all() == ()


@pytest.mark.parametrize("step", DATA)
def test_no_plan(world: World, step: Step) -> None:
    request = store(world.services, ANN)
    assess(world.services, request)

    assert world.refused(step, request, match="no plan is frozen")["reason"] == "no_plan"


@pytest.mark.parametrize("step", DATA)
def test_an_open_question(world: World, step: Step) -> None:
    """Attempt: Go on while a question of the plan is open"""
    request = world.at(extract_shop)
    world.services.register.questions.ask(request, "unclassified", options=["include"], detail={})

    assert world.refused(step, request)["reason"] == "state_needs_person"


@pytest.mark.parametrize("step", DATA)
def test_a_decision_after_the_plan(world: World, step: Step) -> None:
    """Attempt: Go on with a plan that is older than a decision, an option, the inventory or the policy"""
    request = world.at(step)
    world.services.register.decisions.take(request, "shared_key", "exclude", "officer", about="0" * 64)

    assert world.refused(step, request, match="decisions changed")["changed"] == ["decisions"]

    if step is not deliver:
        return
    classify(world.services, request)
    assert [h.type for h, _ in world.services.register.trail.events(request)].count("plan_kept") == 1
    run(world.services, request)
    assert len(world.seen[1]) == 1


@pytest.mark.parametrize("changed", ["inventory", "policy", "software version", "options"])
def test_something_else_changed_after_the_plan(world: World, changed: str) -> None:
    request = world.at(extract_shop)
    services = world.services
    if changed == "options":
        services.register.requests.change_options(request, formats=["json"])
    elif changed == "software version":
        world.services = dataclasses.replace(services, package="0")
    else:
        digest = {"inventory": "digest", "policy": "policy_digest"}[changed]
        inventory = services.inventory.model_copy(update={digest: "0" * 64})
        world.services = dataclasses.replace(services, inventory=inventory)

    assert world.refused(extract_shop, request)["changed"] == [changed]


def test_options_changed_to_and_fro_end_in_what_was_said_last(world: World) -> None:
    request = store(world.services, ANN)
    assess(world.services, request)
    for formats in (["csv"], ["json"], ["csv"]):
        world.services.register.requests.change_options(request, formats=formats)
        frozen = classify(world.services, request)
        assert world.services.register.steps.latest(request, "classify") == frozen
    run(world.services, request)
    [written] = [p for h, p in world.services.register.trail.events(request) if h.type == "extracted"]

    assert written is not None
    assert all(name.endswith(".csv") for name in written["files"])


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (validate, "not_extracted"),
        (package, "not_extracted"),
        (deliver, "not_packed"),
        (close, "not_delivered"),
    ],
)
def test_a_step_left_out(world: World, step: Step, reason: str) -> None:
    """Attempt: Start half-way, the steps in between never having run"""
    request = world.at(extract_shop)

    assert world.refused(step, request)["reason"] == reason


@pytest.mark.parametrize("step", [validate, package])
def test_staged_without_a_comparison(world: World, step: Step) -> None:
    """Attempt: Go on with what was staged without holding it against its source"""
    request = world.at(step)
    staging = world.services.staging(request)
    record = read_record(staging, "shop")
    tables = tuple(dataclasses.replace(table, compared=None) for table in record.tables)
    stage_record(staging, dataclasses.replace(record, tables=tables))

    event = world.refused(step, request, match="not reconciled with the source")
    assert (event["reason"], event["source"]) == ("not_compared", "shop")
    extract_shop(world.services, request)
    assert read_record(staging, "shop").compared


@pytest.mark.parametrize("forged", [None, ()])
@pytest.mark.parametrize("step", [validate, package])
def test_staged_without_a_search(world: World, step: Step, forged: tuple[Searched, ...] | None) -> None:
    """Attempt: Take the record of the search beside the ways of the inventory out of what is staged, or change what it found"""
    request = world.at(step)
    staging = world.services.staging(request)
    record = read_record(staging, "shop")
    stage_record(staging, dataclasses.replace(record, searched=forged))

    event = world.refused(step, request, match="shop was not searched")
    assert (event["reason"], event["source"]) == ("not_searched", "shop")


def test_validation_left_out(world: World) -> None:
    """Attempt: Mark `validate` as successful"""
    request = world.at(validate)

    assert world.refused(package, request)["reason"] == "not_validated"


def test_a_source_that_the_plan_does_not_read(world: World) -> None:
    """Attempt: Add a source to the list that `classify` handed on"""
    request = world.at(extract_shop)

    event = world.refused(lambda s, r: extract(s, r, "Jansen"), request)

    assert event["reason"] == "source_not_in_plan"
    assert "Jansen" not in str(event)


def test_keys_of_another_person(world: World) -> None:
    """Attempt: Replace the staged keys by another person's"""
    request = world.at(extract_shop)
    with world.services.staging(request).writer("keys.json") as sink:
        sink.write(b'{"keys": [["customer_id", "2", null, null]], "identifiers": []}')

    assert world.refused(extract_shop, request)["reason"] == "keys_replaced"


def test_a_bundle_replaced(world: World) -> None:
    """Attempt: Replace the packed bundle in staging"""
    request = world.at(deliver)
    with world.services.staging(request).writer("bundle.zip") as sink:
        sink.write(b"something else")

    assert world.refused(deliver, request)["reason"] == "bundle_replaced"


@pytest.mark.parametrize("step", [validate, package, deliver])
def test_staging_of_two_requests_swapped(world: World, step: Step) -> None:
    """Attempt: Swap the staged files of two requests"""
    first, other = world.all_at(step, stored=of_both_rights)
    staging = world.home / "staging"
    (staging / first).rename(staging / "aside")
    (staging / other).rename(staging / first)
    shutil.move(staging / "aside", staging / other)
    before = world.seen

    for request in (first, other):
        with pytest.raises(RetriableError, match="staged under another key"):
            step(world.services, request)

    assert world.seen == before


def test_a_bundle_that_a_review_held_back(world: World) -> None:
    """Attempt: Clear `deliver` after a review held the bundle back, or mark the run that asked as successful"""
    request = world.at(deliver)
    register = world.services.register
    packed = register.steps.latest(request, "package") or {}
    register.decisions.take(request, "review", "hold_back", "officer", about=packed["bundle"])

    assert world.waits(deliver, request).about == packed["bundle"]
    assert world.refused(deliver, request)["reason"] == "state_needs_person"


def test_a_bundle_that_changed_after_its_review(world: World) -> None:
    """Attempt: Deliver a bundle that is not the reviewed one"""
    request = world.at(deliver)
    register = world.services.register
    reviewed = (register.steps.latest(request, "package") or {})["bundle"]
    register.decisions.take(request, "review", "approved", "officer", about=reviewed)
    register.requests.change_options(request, formats=["json"])
    for step in (classify, extract_shop, validate, package):
        step(world.services, request)

    assert world.waits(deliver, request).about != reviewed


def test_a_bundle_that_is_held_back_while_it_is_handed_over(world: World) -> None:
    """Attempt: Hold a bundle back while it is handed over"""
    request = world.at(deliver)
    register = world.services.register
    packed = (register.steps.latest(request, "package") or {})["bundle"]
    register.decisions.take(request, "review", "approved", "officer", about=packed)
    inner = world.services.destination("outbox")

    class Slow:
        name = "outbox"

        def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
            register.decisions.take(request, "review", "hold_back", "officer", about=packed)
            return inner.deliver(name, chunks)

    services = dataclasses.replace(world.services, destination=lambda _name: Slow())
    with pytest.raises(NeedsPersonError, match="held_back"):
        deliver(services, request)

    assert world.seen[1] == []


def test_what_was_packed_before_a_redaction(world: World) -> None:
    """Attempt: Deliver what was packed before a redaction"""
    request = world.at(deliver)
    register = world.services.register
    packed = (register.steps.latest(request, "package") or {})["bundle"]
    register.decisions.take(request, "review", "redact", "officer", about=packed)
    register.decisions.take(request, "review", "approved", "officer", about=packed)
    before = world.seen

    for step in (extract_shop, validate, package, deliver):
        with pytest.raises(GateError, match="decisions changed"):
            step(world.services, request)
    assert world.seen == before
