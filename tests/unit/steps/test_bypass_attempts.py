"""Attempts to get round the gates, at the use cases: each is counted at the source and at the destination.

attempts.md lists them; data/attempts.yml, or a docstring `Attempt: ...`, names the row of a test.
"""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from testbed.running import run, store
from tests.support.attempts import (
    ANN,
    BOB,
    CHAIN,
    DATA,
    ONE,
    STEPS,
    Step,
    World,
    extract_shop,
    of_ann,
    of_both_rights,
    unidentified,
)
from tests.support.driving import assessed, payloads, stopped
from tests.support.moves import assess, begin, classify, deliver, extract, look_up, moved, package, validate

from afschrift.domain.errors import GateError, NeedsPersonError, RetriableError
from afschrift.domain.extracted import Searched
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.extraction.staged_records import read_record, stage_record

pytestmark = pytest.mark.slow

Act = Callable[[World, str], object]
OFFICER = {"role": "officer", "source": "terminal"}


def take(kind: str, choice: str, **more: Any) -> Act:
    return lambda world, request: world.register.decisions.take(request, kind, choice, "officer", **more)


def write(path: str, content: bytes) -> Act:
    def act(world: World, request: str) -> None:
        with world.services.staging(request).writer(path) as sink:
            sink.write(content)

    return act


def record(**changes: Any) -> Act:
    def act(world: World, request: str) -> None:
        staging = world.services.staging(request)
        stage_record(staging, dataclasses.replace(read_record(staging, "shop"), **changes))

    return act


def uncompared(world: World, request: str) -> None:
    tables = read_record(world.services.staging(request), "shop").tables
    record(tables=tuple(dataclasses.replace(table, compared=None) for table in tables))(world, request)


def ask(by: str = "cli:anna") -> Act:
    return lambda world, request: world.register.look_ups.ask(request, by, OFFICER)


def all_of(*acts: Act) -> Act:
    return lambda world, request: [act(world, request) for act in acts]


def change_keys(world: World, request: str) -> None:
    world.register.identities.change(request, {"email": "bob@example.org"}, (), "cli:anna")
    assert world.register.look_ups.going(request) is None


def move(state: State) -> Act:
    return lambda world, request: moved(world.register, request, state)


def proven(world: World, request: str) -> list[str]:
    """A request of a proxy whose mandate an officer found to be proven."""
    form = {"kind": "lawyer", "checked_on": "2026-01-02", "scope": "both", "identity_checked": "bar_register"}
    form |= {"answer_to": "person", "answer_by": "post"}
    stopped(assess, world.services, request)
    [asked] = world.register.questions.all(request_id=request)
    world.register.questions.answer(asked.id, "proven", "cli:anna", form)
    return [request]


def by_proxy(world: World) -> list[str]:
    return proven(world, store(world.services, ANN, made_by="proxy"))


def by_proxy_of_no_clear_right(world: World) -> list[str]:
    return proven(world, store(world.services, ANN, "unclear", made_by="proxy"))


def read_right(world: World, request: str) -> None:
    world.register.requests.read_right(request, Right.PORTABILITY, lambda _: [], "cli:anna")


def open_question(world: World, request: str) -> None:
    world.register.questions.ask(request, "unclassified", options=["include"], detail={})


OTHER_KEYS = b'{"keys": [["customer_id", "2", null, null]], "identifiers": []}'
ACTS: dict[str, Act] = {
    "nothing": lambda world, request: None,
    "not_confirmed": take("identity", "not_confirmed"),
    "ready": move(State.READY),
    "question": open_question,
    "uncompared": uncompared,
    "no search": record(searched=None),
    "empty search": record(searched=()),
    "other search": record(searched=(Searched("customer", columns=1),)),
    "other keys staged": write("keys.json", OTHER_KEYS),
    "other bundle": write("bundle.zip", b"something else"),
    "right is read": read_right,
    "looked up": all_of(ask(), lambda world, request: look_up(world.services, request)),
    "asked of other keys": all_of(ask(), change_keys),
    "decided and asked": all_of(take("identity", "confirmed"), ask()),
    "asked and withdrawn": all_of(ask(), move(State.WITHDRAWN)),
    "asked without the role": ask("airflow:kim"),
}
ATTEMPTS = [
    (case, at, tried)
    for case in yaml.safe_load(Path(__file__).with_name("data").joinpath("attempts.yml").read_text("utf-8"))
    for at in case["at"]
    for tried in case.get("tried", [at])
]


@pytest.mark.parametrize(
    ("case", "at", "tried"), ATTEMPTS, ids=lambda value: value if isinstance(value, str) else value["act"]
)
def test_a_gate_refuses_the_step(world: World, case: dict[str, str], at: str, tried: str) -> None:
    stored = (
        unidentified if at == "unidentified" else by_proxy_of_no_clear_right if "stored" in case else of_ann
    )
    run = ONE if "run" in case else None
    request = world.at(STEPS.get(at, assess), run, stored)
    ACTS[case["act"]](world, request)

    event = world.refused(STEPS[tried], request, run, case.get("says"))
    assert event["reason"] == case["reason"]
    if case["act"] == "uncompared":
        extract_shop(world.services, request)  # reads it again
        assert read_record(world.services.staging(request), "shop").compared


def test_the_counter_counts(world: World) -> None:
    run(world.services, store(world.services, ANN))

    statements, delivered = world.seen
    assert statements > 20
    assert [path.suffix for path in delivered] == [".zip"]


def test_the_steps_that_ask_end_at_a_question(world: World) -> None:
    request = store(world.services, ANN, authenticated=None)
    for step in (assess, classify):
        stopped(step, world.services, request)
    assert world.seen == (0, [])
    identified = world.at(classify)
    take("identity", "not_confirmed")(world, identified)
    world.waits(classify, identified)


def test_a_decision_about_other_keys_does_not_count(world: World) -> None:
    """Attempt: Rely on an identity decision that was taken about other keys"""
    request, other = (store(world.services, keys, authenticated=None) for keys in (ANN, BOB))
    about = world.register.decisions.take(other, "identity", "confirmed", "officer").about
    take("identity", "confirmed", about=about)(world, request)
    for step in (assess, classify):
        stopped(step, world.services, request)

    assert world.refused(extract_shop, request)["reason"] == "no_identity"
    assert world.seen == (0, [])


CLOSED = [(step, State.WITHDRAWN) for step in CHAIN[:6]]


@pytest.mark.parametrize(
    ("step", "state"), [*CLOSED, (extract_shop, State.REFUSED), (extract_shop, State.DELIVERED)]
)
def test_closed_request(world: World, step: Step, state: State) -> None:
    """Attempt: Work on a request that is delivered, refused or withdrawn"""
    request = world.at(step, ONE)
    moved(world.register, request, state)
    world.register.runs.end(request, ONE, str(state))

    assert world.refused(step, request, ONE, match="is closed")["reason"] == "closed"
    assert world.register.runs.all(going=True) == ()


def test_no_run_begins_for_a_closed_request(world: World) -> None:
    request = store(world.services, ANN)
    moved(world.register, request, State.WITHDRAWN)

    event = world.refused(lambda s, r: begin(s, r, "officer"), request, ONE, match="is closed")

    assert event["reason"] == "closed"
    assert world.register.runs.all() == ()


def other_services(world: World, **changes: Any) -> None:
    world.services = dataclasses.replace(world.services, **changes)


def other_digest(field: str) -> Act:
    return lambda world, _: other_services(
        world, inventory=world.services.inventory.model_copy(update={field: "0" * 64})
    )


CHANGES: dict[str, Act] = {
    "decisions": take("shared_key", "exclude", about="0" * 64),
    "inventory": other_digest("digest"),
    "policy": other_digest("policy_digest"),
    "software version": lambda world, _: other_services(world, package="0"),
    "options": lambda world, request: world.register.requests.change_options(request, formats=["json"]),
}


@pytest.mark.parametrize(
    ("changed", "step"),
    [
        *(("decisions", step) for step in DATA[1:]),
        *((changed, extract_shop) for changed in CHANGES),
        ("options", deliver),
    ],
)
def test_something_changed_after_the_plan(world: World, changed: str, step: Step) -> None:
    """Attempt: Go on with a plan that is older than a decision, an option, the inventory or the policy"""
    request = world.at(step)
    CHANGES[changed](world, request)

    assert world.refused(step, request, match=f"{changed} changed")["changed"] == [changed]


def test_a_decision_that_changes_no_row_keeps_the_plan(world: World) -> None:
    request = world.at(deliver)
    CHANGES["decisions"](world, request)
    classify(world.services, request)
    assert len(payloads(world.services, request, "plan_kept")) == 1
    run(world.services, request)
    assert len(world.seen[1]) == 1


def test_options_changed_to_and_fro_end_in_what_was_said_last(world: World) -> None:
    request = assessed(world.services)
    for formats in (["csv"], ["json"], ["csv"]):
        world.register.requests.change_options(request, formats=formats)
        frozen = classify(world.services, request)
        assert world.register.steps.latest(request, "classify") == frozen
    run(world.services, request)
    [written] = payloads(world.services, request, "extracted")
    assert written["files"]
    assert all(name.endswith(".csv") for name in written["files"])


def test_a_source_that_the_plan_does_not_read(world: World) -> None:
    """Attempt: Add a source to the list that `classify` handed on"""
    event = world.refused(lambda s, r: extract(s, r, "Jansen"), world.at(extract_shop))

    assert event["reason"] == "source_not_in_plan"
    assert "Jansen" not in str(event)


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


def packed(world: World, request: str) -> str:
    return str((world.register.steps.latest(request, "package") or {})["bundle"])


def test_a_bundle_that_a_review_held_back(world: World) -> None:
    """Attempt: Clear `deliver` after a review held the bundle back, or mark the run that asked as successful"""
    request = world.at(deliver)
    bundle = packed(world, request)
    take("review", "hold_back", about=bundle)(world, request)

    assert world.waits(deliver, request).about == bundle
    assert world.refused(deliver, request)["reason"] == "state_needs_person"


def test_a_bundle_that_changed_after_its_review(world: World) -> None:
    """Attempt: Deliver a bundle that is not the reviewed one"""
    request = world.at(deliver)
    reviewed = packed(world, request)
    take("review", "approved", about=reviewed)(world, request)
    CHANGES["options"](world, request)
    for step in (classify, extract_shop, validate, package):
        step(world.services, request)

    assert world.waits(deliver, request).about != reviewed


def test_what_was_packed_before_a_redaction(world: World) -> None:
    """Attempt: Deliver what was packed before a redaction"""
    request = world.at(deliver)
    for choice in ("redact", "approved"):
        take("review", choice, about=packed(world, request))(world, request)
    before = world.seen

    for step in (extract_shop, validate, package, deliver):
        with pytest.raises(GateError, match="decisions changed"):
            step(world.services, request)
    assert world.seen == before


@pytest.mark.parametrize("step", DATA)
def test_a_mandate_that_was_taken_back(world: World, step: Step) -> None:
    """Attempt: Go on with a mandate that was taken back, or ran out"""
    request = world.at(step, stored=by_proxy)
    take("mandate", "not_proven", detail={"lacking": "withdrawn"})(world, request)
    before = world.seen

    with pytest.raises(NeedsPersonError, match="authority proven"):
        step(world.services, request)
    assert world.seen == before
    assert [q.kind for q in world.register.questions.all(request_id=request)] == ["mandate"]
