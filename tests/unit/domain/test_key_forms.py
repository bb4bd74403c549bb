"""The normal forms of keys: what two spellings of one key have in common."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from afschrift.domain.keys import KeyMatch, key_form, loosest
from afschrift.inventory.table import SubjectKey


@pytest.mark.parametrize(
    ("value", "match", "form"),
    [
        ("\u00a0Anna\t", "exact", "Anna"),
        (unicodedata.normalize("NFD", "Zoë"), "exact", "Zoë"),
        ("01", "exact", "01"),
        ("Anna@EXAMPLE.org", "email", "anna@example.org"),
        ("É@example.org", "email", "É@example.org"),
        ("É@EXAMPLE.org", "casefold", "é@example.org"),
        ("Straße", "casefold", "straße"),
        ("\u0130ris", "casefold", "\u0130ris"),
        ("so\ufb01e", "casefold", "so\ufb01e"),
        ("+31 (0)20-123", "digits", "31020123"),
        ("none", "digits", ""),
    ],
)
def test_a_form(value: str, match: str, form: str) -> None:
    assert key_form(value, match) == form


@given(st.text(), st.sampled_from(KeyMatch))
def test_a_form_is_its_own_form(value: str, match: KeyMatch) -> None:
    assert key_form(key_form(value, match), match) == key_form(value, match)


@pytest.mark.parametrize("match", ["email", "digits"])
def test_who_decided_goes_with_a_match_of_today(match: str) -> None:
    with pytest.raises(ValidationError, match="needs `decided`"):
        SubjectKey.model_validate({"column": "email", "match": match})
    earlier = SubjectKey.model_validate({"column": "email", "match": "casefold"})
    assert earlier.match is KeyMatch.CASEFOLD
    assert loosest([KeyMatch.EXACT, KeyMatch.CASEFOLD, KeyMatch.EMAIL]) is KeyMatch.CASEFOLD
