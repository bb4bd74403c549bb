from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.errors import ConfigurationError
from afschrift.register.keys.crypto import DataKey, seal, unseal

OWNER = "req-000000000000"
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@given(plain=st.binary(max_size=300), row=names)
def test_encrypted_text_decrypts(plain: bytes, row: str) -> None:
    key = DataKey.fresh(OWNER)
    assert key.decrypt(key.encrypt(plain, "plan", "ciphertext", row), "plan", "ciphertext", row) == plain


@given(plain=st.binary(max_size=64), at=st.integers(0), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_found(plain: bytes, at: int, bit: int) -> None:
    key = DataKey.fresh(OWNER)
    sealed = bytearray(key.encrypt(plain, "plan", "ciphertext"))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(ConfigurationError, match="altered"):
        key.decrypt(bytes(sealed), "plan", "ciphertext")


@given(plain=st.binary(max_size=64), cut=st.integers(1))
def test_a_cut_value_is_found(plain: bytes, cut: int) -> None:
    key = DataKey.fresh(OWNER)
    sealed = key.encrypt(plain, "plan", "ciphertext")
    with pytest.raises(ConfigurationError, match="altered"):
        key.decrypt(sealed[: -(cut % len(sealed) or 1)], "plan", "ciphertext")


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


def test_uses_have_keys_of_their_own_and_none_is_the_data_key() -> None:
    key = DataKey.fresh(OWNER)
    parts = {key.raw, key.subkey("fields"), key.subkey("staging"), key.subkey("hmac")}
    assert len(parts) == 4
    assert {len(part) for part in parts} == {32}
    assert key.subkey("staging") == DataKey(key.raw, OWNER).subkey("staging")


def test_the_same_value_twice_does_not_look_the_same() -> None:
    key = DataKey.fresh(OWNER)
    assert key.encrypt(b"value", "a", "b") != key.encrypt(b"value", "a", "b")
    assert key.hmac(b"value") == key.hmac(b"value") != DataKey.fresh(OWNER).hmac(b"value")


def test_a_data_key_shows_nothing_of_itself() -> None:
    key = DataKey(b"0123456789abcdef0123456789abcdef", OWNER)
    assert repr(key) == f"{key}" == f"DataKey({OWNER})"


def test_the_format_of_old_values_still_opens() -> None:
    """Fixed bytes: a change of key derivation, associated data or layout would orphan every register."""
    key = DataKey(bytes(range(32)), OWNER)
    assert key.decrypt(bytes.fromhex(FROZEN), "request", "limits") == b'{"tables": ["orders"]}'
    assert key.hmac(b"text") == FROZEN_HMAC


FROZEN = (
    "01e90be1486b9546f957d095d239928c30794b68c474200722027a0ef9a2cf2121b421239cb30a29edc85334352b2eca2acc68"
)
FROZEN_HMAC = "d76689fabe1c146a1b1fad649289363c8e4efb867f295109bcf4327a7a23d017"
