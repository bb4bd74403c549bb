from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from afschrift.register.keys.crypto import blind_index, normalise

KEY = b"y" * 32


@given(st.text())
def test_normalising_is_idempotent_and_respects_casefold(value: str) -> None:
    for fold in (True, False):
        once = normalise(value, casefold=fold)
        assert normalise(once, casefold=fold) == once or once != once.strip()
    assert (
        normalise(normalise(value, casefold=True), casefold=True).strip()
        == normalise(value, casefold=True).strip()
    )


def test_spellings_of_one_key_meet() -> None:
    composed, decomposed = "ren\u00e9@example.org", "rene\u0301@example.org"
    index = blind_index(KEY, "email", composed, casefold=True)
    assert blind_index(KEY, "email", f"  {decomposed.upper()} ", casefold=True) == index
    assert blind_index(KEY, "email", "STRASSE", casefold=True) == blind_index(
        KEY, "email", "Straße", casefold=True
    )


def test_different_values_have_different_indexes() -> None:
    index = blind_index(KEY, "customer_id", "a1", casefold=False)
    assert blind_index(KEY, "customer_id", "A1", casefold=False) != index
    assert blind_index(KEY, "device_id", "a1", casefold=False) != index
    assert blind_index(b"z" * 32, "customer_id", "a1", casefold=False) != index


def test_a_lone_surrogate_is_a_value_like_any_other() -> None:
    assert len(blind_index(KEY, "email", "\ud800", casefold=True)) == 64
