"""Rotation, retirement, revocation and forgetting, each with its event, and each good to be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from tests.unit.conftest import Open

from afschrift.domain.errors import RefusedError
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register


def key_events(register: Register) -> list[tuple[str, str, dict[str, Any] | None]]:
    kinds = ("keys_rotated", "wrapping_keys_retired", "index_key_forgotten", "signing_key_revoked")
    return [(h.type, h.actor, p) for h, p in register.trail.events() if h.type in kinds]


@contextmanager
def killed_in(method: str) -> Iterator[None]:
    """The key store is killed as it begins to forget."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(KeyStore, method, Mock(side_effect=KeyboardInterrupt))
        yield


def test_rotations_are_events_with_ids_and_no_key(register: Register, keys: KeyStore) -> None:
    first = keys.signing_key().id  # no rotation cut short
    wrapping, signing = register.keys.rotate_wrapping("cli:ann"), register.keys.rotate_signing("cli:ann")
    assert signing.id != first
    assert (keys.active_kek, keys.signing_key().id) == (wrapping.id, signing.id)
    assert not (wrapping.made_before or signing.made_before)
    assert key_events(register) == [
        ("keys_rotated", "cli:ann", {"kind": "kek", "key": wrapping.id}),
        ("keys_rotated", "cli:ann", {"kind": "signing", "key": signing.id}),
    ]
    assert register.keys.rotate_wrapping().id != wrapping.id
    assert register.trail.verify() == []


@pytest.mark.parametrize("kind", ["wrapping", "signing"])
def test_interrupted_rotation_is_completed_next_time(register: Register, keys: KeyStore, kind: str) -> None:
    made = keys.rotate() if kind == "wrapping" else keys.rotate_signing()
    rotate = register.keys.rotate_wrapping if kind == "wrapping" else register.keys.rotate_signing
    before = keys.listing()
    assert (rotate().id, keys.listing()) == (made, before)
    assert [payload["key"] for _, _, payload in key_events(register) if payload] == [made]
    assert rotate().id != made


def test_interrupted_retirement_is_completed_once(register: Register, keys: KeyStore, open_one: Open) -> None:
    request, old = open_one(), keys.active_kek
    new = register.keys.rotate_wrapping().id
    open_one()
    assert register.keys.uses() == {old: 2, new: 2}

    with killed_in("forget_kek"):
        register.keys.retire_keks("cli:ann")
    assert old in [key.id for key in keys.listing()]
    assert register.identities.of(request.id)

    assert register.keys.retire_keks("cli:ann") == (old,)
    assert old not in [key.id for key in keys.listing()]
    assert register.identities.of(request.id)
    retired = [payload for kind, _, payload in key_events(register) if kind == "wrapping_keys_retired"]
    assert retired == [{"keys": [old], "active": keys.active_kek, "wrapped_anew": 2}]
    register.data_keys.shred(request.id, "retention_identity")
    assert register.keys.uses() == {new: 2}


@pytest.mark.parametrize("day", ["2026-03-02", "2027-06-01", "2028-12-31"])
def test_a_year_is_not_forgotten_within_24_months_of_its_end(
    register: Register, keys: KeyStore, clock: Any, day: str
) -> None:
    clock.now = datetime.fromisoformat(f"{day}T23:59:50+00:00")
    before = keys.listing()
    with pytest.raises(RefusedError, match="from 2029-01-01 on"):
        register.keys.forget_year(2026)
    assert keys.listing() == before
    assert key_events(register) == []


def test_persons_of_a_forgotten_year_are_not_recognised(
    register: Register, keys: KeyStore, clock: Any, open_one: Open
) -> None:
    open_one()
    clock.now = datetime(2027, 5, 1, tzinfo=UTC)
    later = open_one(received_at="2027-05-01T00:00:00Z")
    clock.now = datetime(2029, 1, 1, tzinfo=UTC)
    with killed_in("forget_index_key"):
        register.keys.forget_year(2026)
    gone = register.keys.forget_year(2026, "cli:ann")
    assert gone.startswith("2026-")
    assert [(kind, payload) for kind, _, payload in key_events(register)] == [
        ("index_key_forgotten", {"year": 2026, "key": gone})
    ]
    again = open_one(received_at="2029-01-01T00:00:00Z")
    assert register.identities.earlier(again.id) == (later.id,)
    with pytest.raises(RefusedError, match="no blind-index key of 2026"):
        register.keys.forget_year(2026)
    assert "2026" not in {key.id[:4] for key in keys.index_keys()}
    assert register.trail.verify() == []


def test_stolen_signing_key_is_revoked_from_the_earliest_instant(register: Register, keys: KeyStore) -> None:
    stolen = keys.signing_key().id
    with pytest.raises(RefusedError, match="rotate --signing"):
        register.keys.revoke_signing_key(stolen, "2026-02-01T00:00:00+01:00")
    register.keys.rotate_signing()
    with pytest.raises(RefusedError, match="instant"):
        register.keys.revoke_signing_key(stolen, "last week")
    with pytest.raises(RefusedError, match="no signing key with this id"):
        register.keys.revoke_signing_key("0" * 32, "2026-02-01T00:00:00+01:00")
    assert keys.revoked() == {}

    for since in ("2026-02-01T00:00:00+01:00", "2026-02-05T00:00:00Z", "2026-02-01T00:00:00+01:00"):
        register.keys.revoke_signing_key(stolen, since, "cli:ann")
    assert keys.revoked() == {stolen: "2026-01-31T23:00:00.000000Z"}
    assert stolen in keys.public_keys()
    events = key_events(register)
    revocations = [p["since"] for kind, _, p in events if p and kind == "signing_key_revoked"]
    assert revocations == ["2026-01-31T23:00:00.000000Z", "2026-02-05T00:00:00.000000Z"]
