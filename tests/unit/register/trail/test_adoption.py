"""A register from before codes, and forgeries that its adoption must not accept."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.forging import append_forged
from tests.support.moves import moved
from tests.unit.conftest import Open, Sql

from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.register.keys import document as keydocument
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import upgrade_register
from afschrift.register.register import Register


@pytest.fixture
def settings(url: str, tmp_path: Path, keys: KeyStore) -> Settings:
    env = {"AFSCHRIFT_REGISTER": url, "AFSCHRIFT_KEYS": str(tmp_path / "keys" / "keys.json")}
    return Settings.from_environment(env | {"AFSCHRIFT_HOME": str(tmp_path)})


def without_trail_key(settings: Settings) -> None:
    keys = keydocument.decode(settings.keys.read_bytes(), "test")
    settings.keys.write_bytes(keydocument.encode(keydocument.replace(keys, trail_keys=())))


def codes(register: Register, request: Request) -> set[str]:
    return {difference.code for difference in register.evidence.of_request(request.id)}


def test_register_before_codes_is_adopted_with_its_new_key(
    register: Register, open_one: Open, settings: Settings, as_operator: Sql
) -> None:
    request = open_one()
    moved(register, request.id, State.REFUSED)
    register.data_keys.shred(request.id, "retention")
    other = open_one()
    events = len(register.trail.events())
    as_operator("DELETE FROM event_code")
    without_trail_key(settings)
    with pytest.raises(ConfigurationError, match=r"no trail key.*register upgrade"):
        register.trail.record(None, NewEvent("counted"))

    assert upgrade_register(settings, adopt=False) == events

    assert register.evidence.of_request(request.id) == register.evidence.of_request(other.id) == ()
    assert tuple(register.evidence.differences()) == ()
    assert register.trail.verify() == []
    assert upgrade_register(settings, adopt=True) == 0, "once"
    register.decisions.take(other.id, "identity", "confirmed", "officer")
    assert register.evidence.of_request(other.id) == ()


def test_register_with_a_key_is_adopted_only_on_demand(
    register: Register, opened: Request, settings: Settings, as_operator: Sql
) -> None:
    as_operator("DELETE FROM event_code")

    assert upgrade_register(settings, adopt=False) == 0
    assert "event_forged" in codes(register, opened)
    assert upgrade_register(settings, adopt=True) > 0
    assert register.evidence.of_request(opened.id) == ()


def test_an_event_in_between_without_a_code_is_never_taken(
    register: Register, opened: Request, settings: Settings
) -> None:
    with register.store.database._transaction(write=True) as tx:
        append_forged(tx, "decision_taken", {}, request=opened.id)

    with pytest.raises(RefusedError, match="1 events of the trail have no code"):
        upgrade_register(settings, adopt=True)
    assert "event_forged" in codes(register, opened)


def test_with_another_trail_key_nothing_is_the_service_s_own(
    register: Register, opened: Request, settings: Settings
) -> None:
    without_trail_key(settings)
    register.store.keys.make_trail_key()

    assert codes(register, opened) >= {"event_key_unknown"}
