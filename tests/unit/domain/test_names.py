"""Names of bundles, formats of an answer, terms of categories, and the forms of keys."""

import unicodedata
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.files import bundle_name, check_name
from afschrift.domain.keys import KeyMatch, key_form, loosest
from afschrift.domain.plan import Portion
from afschrift.domain.request import NOT_PORTABLE_FORMATS, check_formats, new_id
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import category_iri
from afschrift.inventory.check import fides_categories
from afschrift.inventory.table import SubjectKey
from afschrift.law.partial_response import suffix

ANSWERS = st.lists(st.sampled_from((Portion.PARTIAL, Portion.SUPPLEMENT, Portion.FULL)), max_size=30)


@given(right=st.sampled_from(list(Right)), answers=ANSWERS)
def test_each_delivery_has_its_own_valid_name(right: Right, answers: list[Portion]) -> None:
    request, taken, parts = new_id("req"), [], []
    for number, portion in enumerate(answers):
        bundle = sha256(bytes([number])).hexdigest()
        name = bundle_name(f"{request}-{right}{suffix(portion, parts)}", bundle)
        check_name(name)
        assert name not in taken
        taken.append(name)
        if portion is Portion.PARTIAL:
            parts.append(bundle)


@pytest.mark.parametrize(
    "tail", ["access", "access-2", "access-3f9a2c41", "portability-partial", "access-supplement-2"]
)
def test_names_that_a_register_recorded_earlier_stay_valid(tail: str) -> None:
    check_name("afschrift-req-7k3m9x2p4v0q.zip")
    check_name(f"req-7k3m9x2p4v0q-{tail}.zip")


def test_a_stem_that_is_not_of_a_request_gets_no_name() -> None:
    with pytest.raises(ConfigurationError, match="built from its request's id"):
        bundle_name("jan-jansen-access", "0" * 64)


KNOWN = ("csv", "json", *NOT_PORTABLE_FORMATS)


@pytest.mark.parametrize("name", NOT_PORTABLE_FORMATS)
def test_a_page_to_look_at_is_no_portable_format_and_does_for_access(name: str) -> None:
    with pytest.raises(RefusedError, match=r"R57.*choose"):
        check_formats(Right.PORTABILITY, ("csv", name), KNOWN)
    check_formats(Right.ACCESS, ("csv", name), KNOWN)


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("formats", [(), ("csv", "csv"), ("xls",)])
def test_missing_repeated_and_unknown_formats_are_refused(right: Right, formats: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError, match=r"choose|name each"):
        check_formats(right, formats, KNOWN)


def test_category_has_the_nearest_term() -> None:
    assert category_iri("user.contact.email") == "https://w3id.org/dpv/pd#EmailAddress"
    assert category_iri("user.name.last") == "https://w3id.org/dpv/pd#Name"
    assert category_iri("user.biometric.voice") == "https://w3id.org/dpv/pd#Biometric"
    assert category_iri("system.operations") is None


def test_nearly_every_category_of_a_person_has_a_term() -> None:
    without = {c for c in fides_categories() if c.startswith("user.") and category_iri(c) is None}
    assert without == {"user.childrens", "user.sensor", "user.user_sensor"}


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
