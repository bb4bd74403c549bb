"""Attempts to get round the gates, at the use cases: each is counted at the source and at the destination.

docs/gates.md lists them; a docstring `Attempt: ...` names the row that a test stands for.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed.running import run, store
from tests.support.attempts import (
    ANN,
    BOB,
    CHAIN,
    DATA,
    ONE,
    TWO,
    Step,
    World,
    extract_shop,
    of_ann,
    of_both_rights,
)
from tests.support.moves import moved
from tests.support.parts import Club

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.app.settings import Settings
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.answer import PartialResponseService
from afschrift.casework.review.redactions_in_force import decided
from afschrift.domain.errors import AfschriftError, GateError, NeedsPersonError, RetriableError
from afschrift.domain.event import NewEvent
from afschrift.domain.extracted import Searched
from afschrift.domain.files import Receipt
from afschrift.domain.instants import utc_now
from afschrift.domain.portions import Later
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.extraction.staged_records import read_record, stage_record
from afschrift.law.partial_response import about
from afschrift.law.roles import Person, Role, Roles
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.claims import check_claims
from afschrift.steps.classify import classify
from afschrift.steps.close import close, wipe
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.gates import begin
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build

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

    event = world.refused(lambda s, r: begin(s, r, "somebody"), request, ONE, match="is closed")

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
    tables = tuple(dataclasses.replace(one, compared=None) for one in record.tables)
    stage_record(staging, dataclasses.replace(record, tables=tables))

    event = world.refused(step, request, match="not held against what the source itself says")
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

    event = world.refused(step, request, match="Nobody searched shop")
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
    one, other = world.all_at(step, stored=of_both_rights)
    staging = world.home / "staging"
    (staging / one).rename(staging / "aside")
    (staging / other).rename(staging / one)
    shutil.move(staging / "aside", staging / other)
    before = world.seen

    for request in (one, other):
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


@pytest.mark.parametrize("step", CHAIN)
def test_a_run_that_never_began(world: World, step: Step) -> None:
    request = world.at(step)

    assert world.refused(step, request, TWO)["reason"] == "run_not_begun"
    assert world.register.runs.all() == ()


@pytest.mark.parametrize("step", CHAIN)
def test_a_second_run_beside_the_first(world: World, step: Step) -> None:
    """Attempt: Start a second run of a request while one goes"""
    request = world.at(step, ONE)

    def second(services: Services, request: str) -> None:
        begin(services, request, "somebody")

    event = world.refused(second, request, TWO, match="is still going")
    assert (event["reason"], event["going"]) == ("another_run", ONE)
    assert world.refused(step, request, TWO)["reason"] == "run_not_begun"
    for left in CHAIN[CHAIN.index(step) :]:
        left(world.in_run(ONE), request)
    assert len(world.seen[1]) == 1


def test_a_lost_run_is_not_taken_up_again_beside_the_next(world: World) -> None:
    """Attempt: Clear a task of a run that was given up, while the next one goes"""
    request = world.at(validate, ONE)
    impatient = dataclasses.replace(world.in_run(TWO), patience=timedelta(0))
    begin(impatient, request, "somebody")

    event = world.refused(validate, request, ONE)

    assert (event["reason"], event["going"]) == ("another_run", TWO)
    assert [(r.id, r.outcome) for r in world.register.runs.all()] == [(ONE, "lost"), (TWO, None)]


def test_a_run_cannot_change_its_request(world: World) -> None:
    mine, other = store(world.services, ANN), store(world.services, BOB)
    world.until(classify, mine, ONE)

    event = world.refused(lambda s, r: begin(s, r, "somebody"), other, ONE)

    assert event["reason"] == "run_of_another_request"
    assert world.refused(classify, other, ONE)["reason"] == "run_not_begun"
    assert world.attempts(mine) == []


def test_a_run_ends_with_its_request_and_one_that_failed_lets_the_next_begin(world: World) -> None:
    request = world.at(validate, ONE)
    wipe(world.in_run(ONE), request)  # the teardown, after a failure
    for step in CHAIN:
        if step is assess:
            begin(world.in_run(TWO), request, "somebody")
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


WHOLE = {"assess": "success", "classify": "success", "extract_0": "success"} | dict.fromkeys(
    ("validate", "package", "deliver", "close"), "success"
)


def test_a_run_whose_tasks_did_what_airflow_says_is_no_attempt(world: World) -> None:
    request = store(world.services, ANN)
    run(world.services, request)

    assert check_claims(world.services, request, WHOLE) == ()
    assert world.attempts(request) == []


def test_the_one_task_of_all_steps_marked_as_successful_is_told_once(world: World) -> None:
    request, states = world.at(validate), {"fulfil": "success", "wipe": "running"}

    for _ in range(2):
        assert check_claims(world.in_run(ONE), request, states) == ("fulfil",)
    [told] = world.attempts(request)
    assert (told["step"], told["reason"]) == ("fulfil", "marked_success")
    run(world.services, request)
    assert check_claims(world.services, request, states) == ()


@pytest.mark.parametrize("done", range(len(CHAIN)))
def test_each_task_marked_as_successful_is_told_once(world: World, done: int) -> None:
    """Attempt: Mark tasks as successful, up to any step"""
    request = world.at(CHAIN[done])
    marked = ["assess", "classify", "extract", "validate", "package", "deliver", "close"][done:]

    for _ in range(2):
        assert check_claims(world.in_run(ONE), request, WHOLE) == tuple(marked)
    told = [(event["step"], event["reason"], event["run"]) for event in world.attempts(request)]
    assert told == [(step, "marked_success", ONE) for step in marked]


def test_tasks_that_failed_or_never_ran_claim_nothing(world: World) -> None:
    request = store(world.services, ANN)
    states = {"assess": "failed", "classify": "upstream_failed", "extract": None, "wipe": "running"}

    assert check_claims(world.services, request, states) == ()


def test_a_task_marked_as_skipped(world: World) -> None:
    """Attempt: Mark a task as skipped"""
    request = store(world.services, ANN)
    assess(world.services, request)

    assert check_claims(world.services, request, WHOLE | {"classify": "skipped"})[-1] == "classify"
    assert world.attempts(request)[-1]["reason"] == "marked_skipped"


def test_a_run_that_ended_at_a_question_skips_rightly(world: World) -> None:
    request = store(world.services, ANN, authenticated=None)
    with pytest.raises(NeedsPersonError):
        assess(world.services, request)

    assert check_claims(world.services, request, dict.fromkeys(WHOLE, "skipped")) == ()


def test_a_run_with_nothing_to_read_skips_rightly(world: World) -> None:
    request = store(world.services, ANN)
    world.services.register.steps.finish(request, "classify", "0" * 64, {"sources": []})

    assert check_claims(world.services, request, {"extract": "skipped"}) == ()


def test_one_of_several_sources_marked_as_read(world: World) -> None:
    request = store(world.services, ANN)
    read = NewEvent("extracted", payload={"source": "shop"})
    world.services.register.steps.finish(request, "classify", "0" * 64, {"sources": ["shop", "app"]}, read)

    states = {"extract_0": "success", "extract_1": "success"}
    assert check_claims(world.services, request, states) == ("extract",)
    assert [event["place"] for event in world.attempts(request)] == [1]


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
        Officer(register, Roles((ANNA,)), "cli:anna", now=utc_now()),
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
    begin(world.in_run(TWO), request, "somebody")  # `classify` marked, and `extract` to `deliver` too
    close(world.in_run(TWO), request)
    assert world.services.register.requests.get(request).state is State.ACCEPTED
    assert check_claims(world.in_run(TWO), request, WHOLE | {"extract_1": "success"}) == ()


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
    from afschrift.law.roles import Roles

    [request] = of_ann(world)
    before = world.register.requests.get(request)
    change_options(world.in_run(ONE), request, {"formats": ["json"]}, "airflow:anna", Roles())
    assert world.register.requests.get(request) == before
    [told] = [p for h, p in world.register.trail.events(request) if h.type == "options_refused"]
    assert told is not None
    assert told["options"] == ["formats"]


def test_a_bypass_names_who_clicked_or_that_nobody_knows(world: World) -> None:
    request = world.at(validate, ONE)
    for who in ("airflow:anna", "unknown"):
        services = dataclasses.replace(world.in_run(TWO), clicked=lambda reason, step, who=who: who)
        with pytest.raises(GateError):
            package(services, request)
        assert world.attempts(request)[-1]["clicked_by"] == who
