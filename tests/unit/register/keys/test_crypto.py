"""Encryption of values under a data key, and the blind index of a person's keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.errors import ConfigurationError
from afschrift.register.keys.crypto import DataKey, blind_index, normalise, seal, unseal

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
