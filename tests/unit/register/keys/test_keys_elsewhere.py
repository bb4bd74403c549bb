"""Keys that another service holds: cached, never written, and printed as a document."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.conftest import Open

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.instants import rfc3339
from afschrift.domain.request import Request
from afschrift.register.keys import document as keydocument
from afschrift.register.keys.storage import ReadOnly
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register


class Backend:
    """A secrets backend: one value, replaced by hand, how often it was asked for, and a clock of seconds."""

    def __init__(self, value: str) -> None:
        self.value, self.asked, self.now = value, 0, 0.0

    def __call__(self) -> str:
        self.asked += 1
        return self.value


@pytest.fixture
def backend(clock: Any) -> Backend:
    return Backend(keydocument.encode(keydocument.fresh(rfc3339(clock()))).decode())


@pytest.fixture
def keys(backend: Backend, clock: Any) -> KeyStore:
    """Instead of the key file: what conftest builds on it works with these."""
    return KeyStore.open(ReadOnly(backend, "vault keys", lambda: backend.now), clock)


def test_the_backend_is_asked_once_a_minute(keys: KeyStore, backend: Backend) -> None:
    for now, asked in ((0, 1), (59, 1), (60, 2)):
        backend.now = now
        keys.wrap(b"k" * 32, "req-000000000000")
        assert backend.asked == asked


def test_a_key_that_was_stored_a_moment_ago_is_found(keys: KeyStore, backend: Backend, clock: Any) -> None:
    other = KeyStore.open(ReadOnly(Backend(backend.value), "vault keys"), clock).draft()
    other.rotate()
    kek, wrapped = other.wrap(b"k" * 32, "req-000000000000")
    backend.value = other.document()
    assert keys.active_kek != kek
    assert keys.unwrap(kek, wrapped, "req-000000000000") == b"k" * 32
    assert keys.active_kek == kek


@pytest.mark.parametrize(
    "write",
    [
        KeyStore.rotate,
        KeyStore.rotate_signing,
        lambda keys: keys.forget_kek("kek-000000000000"),
        lambda keys: keys.forget_index_key(2026),
        lambda keys: keys.revoke("0" * 32, "2026-01-01T00:00:00Z"),
        KeyStore.must_be_writable,
    ],
)
def test_writing_read_only_keys_names_the_remedy(
    keys: KeyStore, backend: Backend, write: Callable[[KeyStore], object]
) -> None:
    before = backend.value
    with pytest.raises(ConfigurationError, match=r"vault keys can be read but not written.*--print"):
        write(keys)
    assert backend.value == before


@pytest.mark.parametrize("value", ["{}", '{"format": "x"}', "no json", '{"format": "x", "keks": ["s3cret"]}'])
def test_invalid_key_document_is_named_and_not_quoted(value: str) -> None:
    with pytest.raises(ConfigurationError, match="vault keys does not hold keys") as error:
        KeyStore.open(ReadOnly(Backend(value), "vault keys"))
    assert "s3cret" not in str(error.value)
    assert error.value.__context__ is None


def test_read_only_keys_last_for_years_and_no_longer(register: Register, open_one: Open, clock: Any) -> None:
    for year in (2027, 2028, 2029, 2030):
        clock.now = datetime(year - 1, 12, 31, 23, 59, 50, tzinfo=UTC)
        before = open_one()
        clock.now = datetime(year, 1, 1, tzinfo=UTC)
        after = open_one(received_at=f"{year}-01-01T09:00:00Z")
        assert before.id in register.identities.earlier(after.id)
    clock.now = datetime(2031, 1, 1, tzinfo=UTC)
    events = register.trail.events()
    with pytest.raises(ConfigurationError, match=r"new year.*afschrift key rotate --print"):
        open_one(case=after.case)
    assert register.trail.events() == events  # and nothing half-written


def test_a_rotation_by_hand_is_entered_once_it_is_stored(
    register: Register, keys: KeyStore, backend: Backend, opened: Request
) -> None:
    draft = keys.draft()
    new = draft.rotate()
    assert register.trail.events()[-1][0].type != "keys_rotated"
    backend.value, backend.now = draft.document(), 61

    entered = register.keys.rotate_wrapping("officer")
    assert (entered.id, entered.made_before) == (new, True)
    with pytest.raises(ConfigurationError, match="--print"):
        register.keys.rotate_wrapping("officer")
    rotations = [p for h, p in register.trail.events() if h.type == "keys_rotated"]
    assert rotations == [{"kind": "kek", "key": new}]
    assert register.identities.of(opened.id)


def test_retiring_waits_until_no_process_goes_by_the_old_document(
    url: str, keys: KeyStore, backend: Backend, clock: Any, opened: Request, register: Register
) -> None:
    old = keys.active_kek
    draft = keys.draft()
    draft.rotate()
    backend.value, backend.now = draft.document(), 61

    with pytest.raises(RefusedError, match="does not know yet"):
        Register(url, keys.draft(), clock).keys.retire_keks()
    register.keys.rotate_wrapping()
    with pytest.raises(RefusedError, match="run it again after 2026-03-02 10:15"):
        Register(url, keys.draft(), clock).keys.retire_keks()
    with pytest.raises(ConfigurationError, match="--print"):
        register.keys.retire_keks()
    assert "wrapping_keys_retired" not in [h.type for h, _ in register.trail.events()]

    clock.now = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    smaller = keys.draft()
    assert Register(url, smaller, clock).keys.retire_keks() == (old,)
    assert old not in smaller.document()
    backend.value, backend.now = smaller.document(), 122
    assert register.identities.of(opened.id)
    assert register.keys.uses() == {keys.active_kek: 2}


def test_the_file_is_not_touched_by_a_draft_and_no_key_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    draft = KeyStore.create(file).draft()
    before = file.read_bytes()
    draft.rotate()
    draft.rotate_signing()
    assert file.read_bytes() == before
    assert len(draft.listing()) == 10
    secret = json.loads(before)["keks"][0]["key"]
    assert secret in draft.document()
    assert secret not in repr((draft, keydocument.decode(before, "x")))
