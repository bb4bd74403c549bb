"""Attempts with write access to the register's database, and without the service's keys.

data/forgeries.yml has those that a statement makes.
"""

import json
import sqlite3
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from testbed.running import store
from tests.support.attempts import ANN, BOB, ONE, STEPS, Step, World, extract_shop
from tests.support.deciding import ROLES
from tests.support.driving import stopped
from tests.support.forging import append_forged
from tests.support.forging import unguarded as without_guards
from tests.support.moves import assess, deliver, look_up, moved, package

from afschrift.casework.answer import answer_question
from afschrift.casework.identity.confirmed import person_digest
from afschrift.casework.officer import Officer
from afschrift.domain.errors import GateError, NeedsPersonError
from afschrift.domain.state import State
from afschrift.register.database.database import Database
from afschrift.register.trail.differences import ForgedError
from afschrift.steps import plan_gates


class Operator:
    """An attacker with SQL on the register; `unguarded`: the triggers are removed too."""

    def __init__(self, home: Path) -> None:
        self._database = Database(f"sqlite:///{home / 'register.db'}")

    def run(self, *statements: str, unguarded: bool = False, **values: object) -> None:
        with self._database.write() as tx, without_guards(tx) if unguarded else nullcontext():
            for statement in statements:
                tx.execute(text(statement), values)

    def ask(self, query: str, **values: object) -> list[tuple[object, ...]]:
        with self._database.read() as tx:
            return [tuple(row) for row in tx.execute(text(query), values)]

    def append(self, request: str, kind: str, payload: dict[str, object]) -> None:
        """An event that fits the chain, as anybody can make it."""
        with self._database.write() as tx:
            append_forged(tx, kind, payload, request=request)


pytestmark = pytest.mark.slow


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world.home)


def erasure(events: str) -> tuple[str, str]:
    """Statements by which a retention erases what some events recorded."""
    code, those = "told", f"WHERE seq IN (SELECT seq FROM event WHERE {events})"
    return (
        f"UPDATE event_payload SET payload = NULL, salt = NULL, erased_by = 'retention', erased_at = 'x' {those}",
        f"UPDATE event_code SET {code} = NULL {those}",
    )


def unidentified(world: World) -> str:
    request = store(world.services, ANN, authenticated=None)
    stopped(assess, world.services, request)
    return request


def revoked(world: World, step: Step) -> str:
    request = world.at(step)
    world.register.decisions.take(request, "identity", "not_confirmed", "officer")
    return request


def looked_up(world: World) -> str:
    request = store(world.services, ANN, authenticated=None)
    world.register.look_ups.ask(request, "cli:anna", {"role": "officer", "source": "terminal"})
    look_up(world.services, request)
    return request


FORGERIES = yaml.safe_load(
    Path(__file__).with_name("data").joinpath("forgeries.yml").read_text(encoding="utf-8")
)

CONFIRM = FORGERIES[0]["sql"][0]
[APPROVE] = next(case["sql"] for case in FORGERIES if case["at"] == "deliver")


def state(world: World, at: str, tried: Step) -> str:
    """A request in a state that a case names."""
    name, _, more = at.partition(", ")
    if name in ("unidentified", "looked up"):
        return unidentified(world) if name == "unidentified" else looked_up(world)
    request = revoked(world, tried) if name == "revoked" else world.at(STEPS.get(name, extract_shop))
    if name in ("refused", "withdrawn"):
        moved(world.register, request, State(name))
    if more == "with another request":
        store(world.services, BOB)
    elif more == "with a note":
        world.register.cases.add_text(request, "note", b"words", "officer")
    return request


@pytest.mark.parametrize(
    ("case", "tried"),
    [(case, tried) for case in FORGERIES for tried in case.get("tried", [""])],
    ids=lambda value: value if isinstance(value, str) else f"{value['at']}: {value['sql'][-1][:50]}",
)
def test_what_was_forged_is_refused(
    world: World, operator: Operator, case: dict[str, Any], tried: str
) -> None:
    name = case["at"].partition(", ")[0]
    default = look_up if name == "looked up" else STEPS.get(name, extract_shop)
    step = STEPS[tried] if tried else default
    request = state(world, case["at"], step)
    [(seq,)] = operator.ask("SELECT max(seq) FROM event")
    if "trail went on" in case["at"]:
        store(world.services, BOB)
    about = person_digest(world.register, request)  # as an earlier ask of this very request may show it
    erased = erasure(case["erases"]) if "erases" in case else ()
    operator.run(
        *erased, *case["sql"], unguarded=case.get("unguarded", False), request=request, seq=seq, about=about
    )
    if "then" in case:
        moved(world.register, request, State(case["then"]))

    expected = tuple(text.replace(":request", request) for text in case.get("differences", [""]))
    for _ in range(case.get("times", 1)):
        event = world.refused(step, request)
        assert event["reason"].startswith(tuple(case["reason"])), event
        assert any(place.startswith(expected) for place in event.get("differences", [""])), event


def test_an_identity_decision_with_an_event_that_fits_the_chain(world: World, operator: Operator) -> None:
    """Attempt: Insert a decision by SQL, and an event for it that fits the chain"""
    request = unidentified(world)
    operator.run(CONFIRM, "UPDATE question SET answered_at = asked_at", request=request)
    operator.append(request, "decision_taken", {"kind": "identity", "choice": "confirmed"})

    assert world.refused(assess, request)["reason"] == "event_forged"
    assert world.seen == (0, [])
    assert world.register.trail.verify() == [], "without the key the chain looks whole"


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


FORGED = CONFIRM.replace("request_id = :request AND ", "") + "; UPDATE question SET answered_at = asked_at;"

HIDING = (
    "ALTER TABLE decision RENAME TO decisions; "
    "CREATE VIEW decision AS SELECT * FROM decisions WHERE choice <> 'not_confirmed' "
    "OR NOT EXISTS (SELECT 1 FROM run WHERE seen_at <> started_at)"
)


def planted(world: World, script: str) -> None:
    with closing(sqlite3.connect(world.home / "register.db")) as connection, connection:
        connection.executescript(script)


def test_a_decision_that_a_trigger_forges_after_the_gate(world: World) -> None:
    """Attempt: Plant a trigger that forges the identity decision once the gate has looked"""
    request = unidentified(world)
    world.begun([request], ONE)
    planted(world, f"CREATE TRIGGER later AFTER UPDATE ON run BEGIN {FORGED} END")

    event = world.refused(assess, request, ONE)
    assert (event["reason"], event["differences"]) == ("schema_changed", ["schema_changed 0 later"])


def test_a_view_that_hides_a_revocation_after_the_gate(world: World) -> None:
    """Attempt: Put a view in the place of a table, which hides a revocation once the gate has looked"""
    request = revoked(world, extract_shop)
    world.begun([request], ONE)
    planted(world, HIDING)

    event = world.refused(assess, request, ONE)
    assert (event["reason"], event["differences"]) == ("schema_changed", ["schema_changed 0 decision"])


@pytest.mark.parametrize(
    "instead", ["", "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT 1; END"]
)
def test_a_guard_taken_away(world: World, instead: str) -> None:
    """Attempt: Take a guard of the trail away, or put one in its place that lets everything pass"""
    request = world.at(extract_shop)
    planted(world, f"DROP TRIGGER event_no_update; {instead}")

    event = world.refused(extract_shop, request)
    assert event["differences"] == ["schema_changed 0 event_no_update"]
