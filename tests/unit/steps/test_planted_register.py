"""Attempts of the owner of the register's database, who makes its tables show rows that they do not hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from testbed.running import store
from tests.support.attempts import ANN, ONE, World, extract_shop

from afschrift.domain.errors import NeedsPersonError
from afschrift.steps.assess import assess

pytestmark = pytest.mark.slow

FORGED = (
    'INSERT INTO decision (request_id, kind, choice, "by", at, about, detail) '
    "SELECT request_id, kind, 'confirmed', 'cli:anna', asked_at, about, '{\"level\": \"high\"}' "
    "FROM question WHERE kind = 'identity'; "
    "UPDATE question SET answered_at = asked_at WHERE kind = 'identity'; "
)
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
    request = store(world.services, ANN, authenticated=None)
    with pytest.raises(NeedsPersonError):
        assess(world.services, request)
    world.begun([request], ONE)
    planted(world, f"CREATE TRIGGER later AFTER UPDATE ON run BEGIN {FORGED} END")

    event = world.refused(assess, request, ONE)
    assert (event["reason"], event["differences"]) == ("schema_changed", ["schema_changed 0 later"])


def test_a_view_that_hides_a_revocation_after_the_gate(world: World) -> None:
    """Attempt: Put a view in the place of a table, which hides a revocation once the gate has looked"""
    request = world.at(extract_shop)
    world.register.decisions.take(request, "identity", "not_confirmed", "officer")
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
