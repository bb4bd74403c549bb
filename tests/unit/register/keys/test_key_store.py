"""The key file, encryption of values under a data key, and the blind index of a person's keys."""

import base64
import hashlib
import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.errors import ConfigurationError
from afschrift.register.keys.crypto import DataKey, blind_index, normalise, seal, unseal
from afschrift.register.keys.store import KeyStore


def test_new_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(ConfigurationError, match=r"keys\.json.*afschrift key new"):
        KeyStore.open(path)
    KeyStore.create(path)
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match="already"):
        KeyStore.create(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o620, 0o604, 0o660])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    KeyStore.create(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        KeyStore.open(path)


@pytest.mark.parametrize("where", ["keks", "index_keys", "signing_keys", "former_signing_keys"])
def test_a_key_that_was_cut_is_found_before_it_is_used(keys: KeyStore, tmp_path: Path, where: str) -> None:
    keys.rotate_signing()
    path = tmp_path / "keys" / "keys.json"
    document = json.loads(path.read_bytes())
    part = document[where]
    key = part["2028"] if isinstance(part, dict) else part[0]
    field = "public" if where.startswith("former") else "key"
    key[field] = base64.b64encode(base64.b64decode(key[field])[:-1]).decode()
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match="does not hold keys") as error:
        KeyStore.open(path)
    assert key[field] not in str(error.value)


def test_draft_of_a_killed_writer_is_removed(keys: KeyStore, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    script = (
        "import os, pathlib, sys\n"
        "from afschrift.register.keys.store import KeyStore\n"
        "os.fsync = lambda handle: os._exit(9)\n"
        "KeyStore.open(pathlib.Path(sys.argv[1])).rotate()\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(folder / "keys.json")], check=False)
    assert killed.returncode == 9
    [left] = [path for path in folder.iterdir() if path.suffix == ".new"]
    old = keys.active_kek
    assert old in left.read_text()

    keys.rotate()
    keys.forget_kek(old)
    assert sorted(path.name for path in folder.iterdir()) == [".keys.json.lock", "keys.json"]


def test_a_wrapping_key_opens_its_data_keys_until_it_is_forgotten(keys: KeyStore) -> None:
    first, wrapped = keys.wrap(b"k" * 32, "req-000000000000")
    with pytest.raises(ConfigurationError, match="altered"):
        keys.unwrap(first, wrapped, "req-000000000001")
    with pytest.raises(ConfigurationError, match="active"):
        keys.forget_kek(first)
    second = keys.rotate()
    assert keys.active_kek == second != first
    assert keys.wrap(b"k" * 32, "req-000000000000")[0] == second
    assert keys.unwrap(first, wrapped, "req-000000000000") == b"k" * 32
    keys.forget_kek(first)
    with pytest.raises(ConfigurationError, match=first):
        keys.unwrap(first, wrapped, "req-000000000000")


def test_index_keys_are_made_ahead_one_for_each_year(keys: KeyStore) -> None:
    made = keys.index_keys()
    assert [key.id[:4] for key in made] == ["2026", "2027", "2028", "2029", "2030"]
    assert len({key.key for key in made}) == 5
    assert keys.index_key(2027) == made[1]
    later = keys.index_key(2041)
    assert keys.index_key(2041) == later
    assert keys.index_keys() == (*made, later)
    keys.forget_index_key(2026)
    assert keys.index_keys() == (*made[1:], later)


def test_old_signing_keys_stay_public_under_their_digest(keys: KeyStore, tmp_path: Path) -> None:
    first, file = keys.signing_key(), tmp_path / "keys" / "keys.json"
    secret = base64.b64encode(first.private.private_bytes_raw())
    assert secret in file.read_bytes()
    second_id = keys.rotate_signing()
    assert secret not in file.read_bytes()
    assert keys.signing_key().id == second_id != first.id
    public = keys.public_keys()
    assert set(public) == {first.id, second_id}
    assert all(hashlib.sha256(raw).hexdigest()[:32] == name for name, raw in public.items())
    assert first.private.public_key().public_bytes_raw() == public[first.id]


def test_listing_shows_no_secret(keys: KeyStore, tmp_path: Path) -> None:
    shown = repr((keys, keys.listing(), keys.index_key(2026), keys.signing_key(), keys.trail_key()))
    stored = json.loads((tmp_path / "keys" / "keys.json").read_bytes())
    secrets = [k["key"] for k in (*stored["keks"], *stored["signing_keys"], *stored["index_keys"].values())]
    secrets += [k["key"] for k in stored["trail_keys"]]
    assert len(secrets) == 8
    assert not any(secret[:12] in shown for secret in secrets)
    assert not any(repr(base64.b64decode(secret))[2:-1] in shown for secret in secrets)
    listed = [(k.kind, k.active) for k in keys.listing()]
    indexes = [("index", True), *[("index", False)] * 4]
    assert listed == [("kek", True), *indexes, ("signing", True), ("trail", True)]


def at_once(work: Callable[[], object]) -> None:
    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def test_concurrent_changes_of_the_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KeyStore.create(path)
    at_once(lambda: [KeyStore.open(path).rotate() for _ in range(5)])
    assert len([k for k in KeyStore.open(path).listing() if k.kind == "kek"]) == 21
    assert sorted(p.name for p in tmp_path.iterdir()) == [".keys.json.lock", "keys.json"]


def test_concurrent_first_uses_share_one_index_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KeyStore.create(path)
    together = threading.Barrier(4)
    got: dict[int, set[str]] = {year: set() for year in range(2040, 2046)}

    def ask() -> None:
        for year, ids in got.items():
            together.wait()
            ids.add(KeyStore.open(path).index_key(year).id)

    at_once(ask)
    assert {len(ids) for ids in got.values()} == {1}


OWNER = "req-000000000000"
INDEX_KEY = b"y" * 32

FROZEN = (
    "01e90be1486b9546f957d095d239928c30794b68c474200722027a0ef9a2cf2121b421239cb30a29edc85334352b2eca2acc68"
)

FROZEN_HMAC = "d76689fabe1c146a1b1fad649289363c8e4efb867f295109bcf4327a7a23d017"
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@given(plain=st.binary(max_size=300), row=names, at=st.integers(0), bit=st.integers(0, 7))
def test_encrypted_text_decrypts_unless_a_bit_flipped(plain: bytes, row: str, at: int, bit: int) -> None:
    key = DataKey.fresh(OWNER)
    sealed = key.encrypt(plain, "plan", "ciphertext", row)
    assert key.decrypt(sealed, "plan", "ciphertext", row) == plain
    flipped = bytearray(sealed)
    flipped[at % len(sealed)] ^= 1 << bit
    for altered in (bytes(flipped), sealed[: at % len(sealed)]):
        with pytest.raises(ConfigurationError, match="altered"):
            key.decrypt(altered, "plan", "ciphertext", row)


@given(here=st.lists(names, min_size=1, max_size=3), there=st.lists(names, min_size=1, max_size=3))
def test_a_value_moved_to_another_place_does_not_open(here: list[str], there: list[str]) -> None:
    sealed = seal(b"k" * 32, b"value", *here)
    if here == there:
        assert unseal(b"k" * 32, sealed, *there) == b"value"
    else:
        with pytest.raises(ConfigurationError):
            unseal(b"k" * 32, sealed, *there)


def test_another_owner_with_the_same_key_does_not_open_it() -> None:
    key = DataKey.fresh(OWNER)
    sealed = key.encrypt(b"value", "plan", "ciphertext")
    with pytest.raises(ConfigurationError):
        DataKey(key.raw, "req-000000000001").decrypt(sealed, "plan", "ciphertext")


def test_uses_have_keys_of_their_own_and_none_is_shown() -> None:
    key = DataKey(b"0123456789abcdef0123456789abcdef", OWNER)
    parts = {key.raw, key.subkey("fields"), key.subkey("staging"), key.subkey("hmac")}
    assert [len(part) for part in parts] == [32] * 4
    assert key.subkey("staging") == DataKey(key.raw, OWNER).subkey("staging")
    assert key.encrypt(b"value", "a", "b") != key.encrypt(b"value", "a", "b")
    assert key.hmac(b"value") == key.hmac(b"value") != DataKey.fresh(OWNER).hmac(b"value")
    assert repr(key) == f"{key}" == f"DataKey({OWNER})"


def test_the_format_of_old_values_still_opens() -> None:
    """Fixed bytes: a change of key derivation, associated data or layout would orphan every register."""
    key = DataKey(bytes(range(32)), OWNER)
    assert key.decrypt(bytes.fromhex(FROZEN), "request", "limits") == b'{"tables": ["orders"]}'
    assert key.hmac(b"text") == FROZEN_HMAC


@given(st.text())
def test_normalising_is_idempotent_and_respects_casefold(value: str) -> None:
    for fold in (True, False):
        once = normalise(value, casefold=fold)
        assert normalise(once, casefold=fold) == once or once != once.strip()
    folded = normalise(value, casefold=True)
    assert normalise(folded, casefold=True).strip() == folded.strip()


def test_a_blind_index_is_of_one_spelling_name_and_key() -> None:
    index = blind_index(INDEX_KEY, "email", "ren\u00e9@example.org", casefold=True)
    assert blind_index(INDEX_KEY, "email", "  RENE\u0301@EXAMPLE.ORG ", casefold=True) == index
    street = blind_index(INDEX_KEY, "email", "Straße", casefold=True)
    assert blind_index(INDEX_KEY, "email", "STRASSE", casefold=True) == street
    assert len(blind_index(INDEX_KEY, "email", "\ud800", casefold=True)) == 64  # a lone surrogate
    index = blind_index(INDEX_KEY, "customer_id", "a1", casefold=False)
    assert blind_index(INDEX_KEY, "customer_id", "A1", casefold=False) != index
    assert blind_index(INDEX_KEY, "device_id", "a1", casefold=False) != index
    assert blind_index(b"z" * 32, "customer_id", "a1", casefold=False) != index
