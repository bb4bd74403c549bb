"""Rotation, retirement, revocation and forgetting of keys, and what holds after a key was lost (docs/operator/keys.md)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from tests.support.moves import opened
from tests.support.nightly import both_databases
from tests.unit.conftest import Open

from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.keys import Key
from afschrift.register.database.database import Database
from afschrift.register.database.tables import metadata
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import initialise
from afschrift.register.register import Register
from afschrift.register.schema import VERSION_TABLE


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


Check = Callable[[], None]
PERSON = (Key("customer_id", "C-10042"), Key("email", "Anneke.Jansen@example.org"))


@pytest.fixture
def settings(tmp_path: Path, url: str, key_file: Path) -> Settings:
    return Settings.from_environment(
        {"AFSCHRIFT_HOME": str(tmp_path), "AFSCHRIFT_KEYS": str(key_file), "AFSCHRIFT_REGISTER": url}
    )


def edit(key_file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(key_file.read_bytes())
    change(document)
    key_file.write_text(json.dumps(document))


@pytest.fixture
def signed(keys: KeyStore) -> Callable[[], None]:
    """Checks that the key published before still verifies what it signed."""
    signature, [public] = keys.signing_key().private.sign(b"a bundle"), keys.public_keys().values()
    return lambda: Ed25519PublicKey.from_public_bytes(public).verify(signature, b"a bundle")


def test_key_file_lost(
    register: Register, open_one: Open, key_file: Path, settings: Settings, signed: Check, clock: Any
) -> None:
    request, heads = open_one(), [register.trail.head()]
    kek = register.store.keys.active_kek
    key_file.unlink()

    with pytest.raises(ConfigurationError, match=r"no key file .*keys\.json.*put back"):
        register.identities.of(request.id)
    with pytest.raises(ConfigurationError, match=rf"data keys that only {kek}.*--lost"):
        initialise(settings)
    assert not key_file.exists()

    assert initialise(settings, lost=True, by="cli:ann")
    assert not initialise(settings, lost=True, by="cli:ann")  # interrupted and repeated: recorded once
    losses = [(h.actor, p) for h, p in register.trail.events() if h.type == "wrapping_keys_lost"]
    assert losses == [("cli:ann", {"keys": [kek], "data_keys": 2})]
    anew = Register(settings.register, KeyStore.open(key_file, clock), clock)
    with pytest.raises(ConfigurationError, match=f"does not hold the wrapping key {kek}"):
        anew.identities.of(request.id)
    assert anew.requests.get(request.id).state == request.state
    assert anew.trail.verify(heads) == []
    again = opened(anew, "2026-05-01T00:00:00Z", PERSON)
    assert anew.identities.of(again.id) == PERSON
    assert anew.identities.earlier(again.id) == ()
    signed()


def test_an_old_wrapping_key_lost(
    register: Register, open_one: Open, key_file: Path, settings: Settings, keys: KeyStore
) -> None:
    lost, kek = open_one(), keys.active_kek
    register.keys.rotate_wrapping()
    kept = open_one()
    edit(key_file, lambda document: document["keks"].pop(0))

    with pytest.raises(ConfigurationError, match=f"does not hold the wrapping key {kek}"):
        register.identities.of(lost.id)
    assert register.keys.uses()[kek] == 2
    assert register.identities.of(kept.id) == PERSON
    assert register.identities.earlier(kept.id) == (lost.id,)
    assert register.keys.retire_keks() == ()
    at_hand = keys.listing()
    assert not initialise(settings, lost=True)
    assert [p for h, p in register.trail.events() if h.type == "wrapping_keys_lost"] == [
        {"keys": [kek], "data_keys": 2}
    ]
    assert keys.listing() == at_hand
    assert register.data_keys.shred(lost.id, "retention_identity")
    assert register.trail.verify() == []


def test_index_key_lost(
    register: Register, open_one: Open, key_file: Path, keys: KeyStore, clock: Any
) -> None:
    of_2026 = open_one()
    clock.now = datetime(2027, 2, 1, tzinfo=UTC)
    of_2027 = open_one(received_at="2027-02-01T00:00:00Z")
    edit(key_file, lambda document: document["index_keys"].pop("2026"))

    again = open_one(received_at="2027-03-01T00:00:00Z")
    assert register.identities.earlier(again.id) == (of_2027.id,)
    assert register.identities.of(of_2026.id) == PERSON
    edit(key_file, lambda document: document["index_keys"].pop("2027"))
    later = open_one(received_at="2027-04-01T00:00:00Z")
    last = open_one(received_at="2027-05-01T00:00:00Z")
    assert register.identities.earlier(last.id) == (later.id,)


def test_signing_key_lost(
    register: Register, open_one: Open, key_file: Path, keys: KeyStore, signed: Check
) -> None:
    request = open_one()
    edit(key_file, lambda document: document["signing_keys"].clear())

    with pytest.raises(ConfigurationError, match=r"no signing key.*rotate --signing"):
        keys.signing_key()
    assert register.identities.of(request.id) == PERSON
    made = register.keys.rotate_signing()
    assert (made.made_before, keys.signing_key().id) == (False, made.id)
    assert set(keys.public_keys()) == {made.id}
    signed()


def lose(url: str) -> None:
    """The database is there, with nothing in it."""
    with Database(url).write() as tx:
        if url.startswith("sqlite"):
            metadata.drop_all(tx)
            tx.execute(text(f"DROP TABLE {VERSION_TABLE}"))
        else:
            tx.execute(text("DROP SCHEMA public CASCADE"))
            tx.execute(text("CREATE SCHEMA public"))


@both_databases
def test_the_register_lost_and_then_both(
    register: Register, open_one: Open, settings: Settings, keys: KeyStore, key_file: Path, signed: Check
) -> None:
    open_one()
    witness, signer = register.trail.head(), keys.signing_key().id
    lose(settings.register)

    assert not initialise(settings)
    assert register.trail.events() == []
    assert [f.code for f in register.trail.verify([witness])] == ["head_missing"]
    request = open_one()
    assert register.identities.of(request.id) == PERSON
    assert keys.signing_key().id == signer

    lose(settings.register)
    key_file.unlink()
    assert initialise(settings)
    assert register.identities.of(open_one().id) == PERSON
    signed()
