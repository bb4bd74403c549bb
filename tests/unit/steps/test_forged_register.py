"""Attempts with write access to the register's database, and without the service's keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testbed.running import store
from tests.support.attempts import ANN, BOB, DATA, Step, World, extract_shop
from tests.support.deciding import ROLES
from tests.support.driving import stopped
from tests.support.moves import moved
from tests.support.register_operator import Operator

from afschrift.casework.answer import answer_question
from afschrift.casework.identity.confirmed import person_digest
from afschrift.casework.officer import Officer
from afschrift.domain.errors import GateError, NeedsPersonError
from afschrift.domain.state import State
from afschrift.register.trail.differences import ForgedError
from afschrift.steps import plan_gates
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.package import package
from afschrift.steps.read_identifying import look_up
from afschrift.steps.validate import validate

pytestmark = pytest.mark.slow


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world.home)


CONFIRM = (
    'INSERT INTO decision (request_id, kind, choice, "by", at, about, detail) '
    "SELECT request_id, kind, 'confirmed', 'cli:anna', asked_at, about, '{\"level\": \"high\"}' "
    "FROM question WHERE request_id = :request AND kind = 'identity'"
)
LAST = "SELECT max(seq) FROM event"
OF_LAST = [f"DELETE FROM {table} WHERE seq = :seq" for table in ("event_code", "event_payload", "event")]
# Or the event stays, as one of the system, so that no number is missing.
FILLER = ["UPDATE event SET request = NULL WHERE seq = :seq", "UPDATE event_code SET owner = '' WHERE seq = :seq"]  # fmt: skip
REVOCATION = "DELETE FROM decision WHERE choice = 'not_confirmed'"


def erasure(events: str) -> tuple[str, str]:
    """Statements by which a retention erases what some events recorded."""
    code = "told"
    return (
        "UPDATE event_payload SET payload = NULL, salt = NULL, erased_by = 'retention', erased_at = 'x' "
        f"WHERE {events}",
        f"UPDATE event_code SET {code} = NULL WHERE {events}",
    )


def unidentified(world: World) -> str:
    request = store(world.services, ANN, authenticated=None)
    stopped(assess, world.services, request)
    return request


def revoked(world: World, step: Step) -> str:
    request = world.at(step)
    world.register.decisions.take(request, "identity", "not_confirmed", "officer")
    return request


@pytest.mark.parametrize("step", [assess, classify, *DATA])
def test_an_identity_decision_by_sql(world: World, operator: Operator, step: Step) -> None:
    """Attempt: Insert the identity decision into the register by SQL"""
    request = unidentified(world)
    operator.run(CONFIRM, "UPDATE question SET answered_at = asked_at", request=request)

    assert world.refused(step, request)["reason"] in ("row_added", "row_changed")
    assert world.seen == (0, [])


def test_an_identity_decision_with_an_event_that_fits_the_chain(world: World, operator: Operator) -> None:
    """Attempt: Insert a decision by SQL, and an event for it that fits the chain"""
    request = unidentified(world)
    operator.run(CONFIRM, "UPDATE question SET answered_at = asked_at", request=request)
    operator.append(request, "decision_taken", {"kind": "identity", "choice": "confirmed"})

    assert world.refused(assess, request)["reason"] == "event_forged"
    assert world.seen == (0, [])
    assert world.register.trail.verify() == [], "without the key the chain looks whole"


@pytest.mark.parametrize("step", DATA)
def test_a_revocation_deleted(world: World, operator: Operator, step: Step) -> None:
    """Attempt: Delete the decision by which the identity was taken back"""
    request = revoked(world, step)
    operator.run(REVOCATION)

    assert world.refused(step, request)["reason"] == "row_missing"


@pytest.mark.parametrize("statements", [OF_LAST, FILLER])
def test_a_revocation_deleted_with_its_event(world: World, operator: Operator, statements: list[str]) -> None:
    """Attempt: Take the guards away and delete the event of a decision too"""
    request = revoked(world, extract_shop)
    [(seq,)] = operator.ask(LAST)
    store(world.services, BOB)  # the trail goes on
    operator.run(REVOCATION, *statements, unguarded=True, seq=seq)

    assert world.refused(extract_shop, request)["reason"] in ("event_missing", "event_forged", "row_missing")
    places = world.attempts(request)[-1]["differences"]
    assert any(place.startswith(("event_forged", "event_missing")) for place in places), places


def test_a_revocation_deleted_with_its_event_and_tried_again(world: World, operator: Operator) -> None:
    """Attempt: Delete the event of a decision, and let the service append others before the next try"""
    request = revoked(world, extract_shop)
    [(seq,)] = operator.ask(LAST)
    store(world.services, BOB)
    operator.run(REVOCATION, *OF_LAST, unguarded=True, seq=seq)

    for _ in range(3):  # each refusal is an event of the case
        assert world.refused(extract_shop, request)["reason"] == "event_missing"
    assert [str(difference) for difference in world.register.evidence.differences()]


def test_an_event_given_to_another_request(world: World, operator: Operator) -> None:
    """Attempt: Let the event of a decision name another request"""
    request = revoked(world, extract_shop)
    operator.run(
        REVOCATION, f"UPDATE event SET request = 'req-000000000000' WHERE seq = ({LAST})", unguarded=True
    )

    assert world.refused(extract_shop, request)["reason"] == "register_set_back"
    assert "event_forged" in str(world.attempts(request)[-1]["differences"])


def test_a_question_edited_until_an_officer_has_answered_it(world: World, operator: Operator) -> None:
    """Attempt: Make an officer's answer to one question the answer to another, and put it back"""
    request = world.at(extract_shop)
    options, detail = ("confirmed", "approved"), {"n": 1}
    asked = world.register.questions.ask(
        request, "review", options=options, detail=detail, about="a" * 64, stays=True
    )
    operator.run("UPDATE question SET kind = 'identity' WHERE id = :id", id=asked.id)
    world.register.questions.answer(asked.id, "confirmed", "officer")
    operator.run("UPDATE question SET kind = 'review' WHERE id = :id", id=asked.id)

    assert world.refused(extract_shop, request)["reason"] == "row_overwritten"


def test_a_number_that_makes_later_decisions_earlier_ones(world: World, operator: Operator) -> None:
    """Attempt: Make the numbers of decisions run out, so that a revocation gets an earlier one"""
    request = store(world.services, ANN, authenticated=None)
    operator.run(
        'INSERT INTO decision (id, request_id, kind, choice, "by", at, detail) '
        "SELECT 9223372036854775806, id, 'x', 'x', 'x', created_at, '{}' FROM request"
    )
    world.register.decisions.take(request, "identity", "confirmed", "officer")
    operator.run("DELETE FROM decision WHERE kind = 'x'")
    assert world.register.evidence.of_request(request) == ()
    world.register.decisions.take(request, "identity", "not_confirmed", "officer")

    assert {entry.code for entry in world.register.evidence.of_request(request)} == {"row_order"}


@pytest.mark.parametrize("state", [State.REFUSED, State.WITHDRAWN])
def test_a_closed_request_opened_by_sql(world: World, operator: Operator, state: State) -> None:
    """Attempt: Set the state of a refused request back by SQL"""
    request = world.at(extract_shop)
    moved(world.register, request, state)
    operator.run("UPDATE request SET state = 'accepted' WHERE id = :request", request=request)

    event = world.refused(extract_shop, request)
    assert event["reason"] == "row_changed"
    assert event["differences"] == [f"row_changed 0 request {request} state"]


EDITS = {
    "receipt": "UPDATE request SET received_at = '2026-11-01T00:00:00.000000Z'",
    "right": "UPDATE request SET \"right\" = 'portability'",
    "case": "UPDATE request SET case_id = (SELECT id FROM case_file ORDER BY created_at DESC LIMIT 1)",
    "who asked": "UPDATE case_file SET made_by = 'parent'",
    "how it was verified": "UPDATE request_identity SET verified_by = 'counter'",
    "another person's key": "UPDATE request_identity SET ciphertext = (SELECT ciphertext FROM request_identity "
    "ORDER BY id DESC LIMIT 1)",
    "a digest": "UPDATE step SET result = json_set(result, '$.plan', 'x') WHERE name = 'classify'",
    "what was read back": "UPDATE step SET result = json_set(result, '$.read_back', 'x') WHERE name = 'extract'",
    "a step": "INSERT INTO step (request_id, name, part, inputs, result, finished_at) SELECT request_id, 'validate', "
    "'', inputs, result, finished_at FROM step LIMIT 1",
    "a step taken out": "DELETE FROM step WHERE name = 'assess'",
    "a delivery": "INSERT INTO delivery (id, request_id, kind, destination, uri, bytes, sha256, delivered_at, detail) "
    "SELECT 'dlv-000000000000', id, 'full', 'outbox', 'file:///x', 1, 'x', created_at, '{}' FROM request",
    "a decision's detail": 'UPDATE decision SET detail = \'{"level": "low"}\'',
    "a letter": "INSERT INTO letter (id, request_id, kind, language, state, document_id, same_as, produced_at, "
    "produced_by, detail) SELECT 'ltr-000000000000', request_id, 'delivery', 'nl', 'produced', id, '', "
    "created_at, 'x', '{}' FROM message WHERE request_id IS NOT NULL LIMIT 1",
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_row_edited(world: World, operator: Operator, edit: str) -> None:
    """Attempt: Edit by SQL a date, a right, keys, a digest, a step or a delivery that a gate reads"""
    request = world.at(validate)
    if edit in ("case", "another person's key"):
        store(world.services, BOB)
    count = "SELECT count(*) FROM request_identity"
    before = operator.ask(count)
    if edit == "a letter":
        world.register.cases.add_text(request, "note", b"words", "officer")
    operator.run(EDITS[edit], unguarded=True)
    assert operator.ask(count) == before

    assert world.refused(validate, request)["reason"].startswith(("row_", "event_forged"))


def test_forgery_is_not_healed_by_later_writes_of_the_service(world: World, operator: Operator) -> None:
    """Attempt: Forge a state, and let the service itself move the request on from it"""
    request = world.at(extract_shop)
    moved(world.register, request, State.REFUSED)
    operator.run("UPDATE request SET state = 'received' WHERE id = :request", request=request)
    moved(world.register, request, State.ACCEPTED)

    assert world.refused(extract_shop, request)["reason"] == "row_overwritten"


def test_a_destroyed_key_put_back(world: World, operator: Operator) -> None:
    """Attempt: Put a destroyed data key back from a copy of its row"""
    request = world.at(package)
    [row] = operator.ask("SELECT * FROM data_key WHERE owner = :request", request=request)
    world.register.data_keys.shred(request, "retention_identity")
    names = ("owner", "wrapped", "kek_id", "created_at")
    operator.run(
        f"INSERT INTO data_key VALUES ({', '.join(f':{name}' for name in names)})",
        **dict(zip(names, row, strict=True)),
    )

    assert "key_returned" in str(world.refused(package, request)["differences"])


def test_an_ask_by_sql(world: World, operator: Operator) -> None:
    """Attempt: Insert an officer's ask to look up the keys by SQL"""
    request = unidentified(world)
    operator.run(
        "INSERT INTO look_up (id, request_id, about, \"by\", role, asked_at) SELECT 'look-000000000000', id, "
        ":about, 'cli:anna', 'officer', created_at FROM request",
        about=person_digest(world.register, request),  # as an earlier ask of this very request may show it
    )

    assert world.refused(look_up, request)["reason"] == "not_asked"


def served(world: World) -> str:
    request = store(world.services, ANN, authenticated=None)
    world.register.look_ups.ask(request, "cli:anna", {"role": "officer", "source": "terminal"})
    look_up(world.services, request)
    return request


UNSERVED = "UPDATE look_up SET served_at = NULL"


def test_an_ask_that_was_served_and_is_opened_again(world: World, operator: Operator) -> None:
    """Attempt: Let an ask that was served count as not served yet by SQL"""
    request = served(world)
    operator.run(UNSERVED)

    assert world.refused(look_up, request)["reason"] == "not_asked"


def test_an_ask_whose_serving_is_erased(world: World, operator: Operator) -> None:
    """Attempt: Erase by SQL that an ask was served, and let it count as not served yet"""
    request = served(world)
    operator.run(*erasure("seq IN (SELECT seq FROM event WHERE type = 'identity_looked_up')"), UNSERVED)

    assert world.refused(look_up, request)["reason"] == "payload_erased"


@pytest.mark.parametrize("of", ["request IS NOT NULL", "request IS NULL"])
def test_payloads_of_events_erased_by_sql(world: World, operator: Operator, of: str) -> None:
    """Attempt: Erase by SQL what the events of an open request recorded, and change its rows then"""
    request = world.at(extract_shop)
    those = f"seq IN (SELECT seq FROM event WHERE {of})"
    # With the guards in place: so does a retention.
    operator.run(*erasure(those), "UPDATE case_file SET made_by = 'parent'")

    differences = world.refused(extract_shop, request)["differences"]
    assert any(difference.startswith("payload_erased") for difference in differences)


APPROVE = (
    "INSERT INTO decision (request_id, kind, choice, \"by\", at, about, detail) SELECT request_id, 'review', "
    "'approved', 'cli:anna', finished_at, json_extract(result, '$.bundle'), '{}' FROM step WHERE name = 'package'"
)


def test_a_review_by_sql(world: World, operator: Operator) -> None:
    """Attempt: Insert the approval of a bundle by SQL"""
    request = world.at(deliver)
    operator.run(APPROVE)

    assert world.refused(deliver, request)["reason"] == "row_added"


def test_a_review_by_sql_between_the_last_gate_and_its_use(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempt: Insert the approval of a bundle by SQL at the last look before it becomes visible"""
    request = world.at(deliver)
    packed = (world.register.steps.latest(request, "package") or {})["bundle"]
    world.register.decisions.take(request, "review", "approved", "officer", about=packed)
    gated_plan = plan_gates.gated_plan

    def hold_back() -> None:
        world.register.decisions.take(request, "review", "hold_back", "officer", about=packed)
        monkeypatch.setattr("afschrift.steps.deliver.gated_plan", forge)

    def forge(*given: Any) -> Any:
        found = gated_plan(*given)
        operator.run(APPROVE)
        return found

    with pytest.raises(NeedsPersonError, match="held_back"):
        deliver(world.while_handed_over(hold_back), request)
    assert world.seen[1] == []


def test_close_after_an_answer_by_sql(world: World, operator: Operator) -> None:
    """Attempt: Say by SQL that the answer is ready"""
    request = world.at(validate)
    operator.run("UPDATE request SET state = 'ready' WHERE id = :request", request=request)

    assert world.refused(close, request)["reason"] == "row_changed"


def test_a_decision_that_is_there_between_the_gate_and_its_use(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempt: Insert a decision by SQL once the gate has looked, and take it out again"""
    request = unidentified(world)
    monkeypatch.setattr(
        "afschrift.steps.assess.check_formats", lambda *_: operator.run(CONFIRM, request=request)
    )
    assert stopped(assess, world.services, request).question == "identity"
    assert len(operator.ask("SELECT * FROM decision")) == 1


def test_an_answer_to_a_forged_question(world: World, operator: Operator) -> None:
    """Attempt: Edit what an officer is asked, so that the answer says another thing"""
    request = unidentified(world)
    operator.run("UPDATE question SET options = '[\"confirmed\"]'")
    [question] = world.register.questions.all(request_id=request)
    events = world.register.trail.events()

    with pytest.raises(ForgedError, match=r"row_changed, question \S+ options"):
        answer_question(Officer(world.register, ROLES, "cli:anna"), question.id, "confirmed")
    assert world.register.trail.events() == events


def test_differences_hold_no_value(world: World, operator: Operator) -> None:
    request = world.at(extract_shop)
    operator.run('UPDATE decision SET detail = \'{"note": "Anneke Jansen"}\'')
    with pytest.raises(GateError) as refused:
        extract_shop(world.services, request)

    assert "Anneke" not in str(refused.value) + json.dumps(world.attempts(request))
    assert "decision" in str(refused.value)
