"""An identifier is found in whatever way it is written, and not inside a longer one of somebody else."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban

from afschrift.domain.keys import Key
from afschrift.domain.pointer import PointerKind
from afschrift.selection.identifiers import EDGES, SIGNS, kind_of, search_keys, spellings

AT = "2026-01-01T00:00:00.000000Z"
LOCAL = st.from_regex(r"[a-z][a-z0-9+._-]{0,12}[a-z0-9]", fullmatch=True)
ADDRESSES = st.builds(lambda a, b: f"{a}@{b}.example.nl", LOCAL, st.from_regex(r"[a-z]{1,8}", fullmatch=True))
MOBILES = st.integers(min_value=10_000_000, max_value=59_999_999).map(lambda n: f"+316{n}")


def found(value: str, text: str) -> bool:
    """As a warehouse looks: small letters, a spelling, what stands before it and behind."""
    kind = kind_of(value, "NL")
    assert kind is not None
    if not re.search(SIGNS[kind], text):
        return False
    before, behind = EDGES[kind]
    ways = spellings(kind, value, "NL")
    return any(re.search(before + re.escape(way) + behind, text.lower()) for way in ways)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("Jan@Example.nl", PointerKind.EMAIL),
        ("jörg@bücher.example", PointerKind.EMAIL),
        ("+31612345678", PointerKind.PHONE),
        ("020-6241111", PointerKind.PHONE),
        ("NL91ABNA0417164300", PointerKind.IBAN),
        ("nl91 abna 0417 1643 00", PointerKind.IBAN),
        ("NL92ABNA0417164300", None),  # its check digits are wrong
        ("100001", None),
        ("046", None),
        ("2026-01-01", None),
        ("HRM-0612", None),
    ],
)
def test_what_a_key_is_its_value_says(value: str, kind: PointerKind | None) -> None:
    assert kind_of(value, "NL") is kind


@given(
    ADDRESSES,
    st.sampled_from(["{}", "mail <{}>", "({}).", "to:{};", "Van {}, vandaag", "{}\n", "'{}'", "/{}?"]),
)
def test_an_address_is_found_in_any_case_and_amid_any_signs(address: str, around: str) -> None:
    assert found(address, around.format(address))
    assert found(address.upper(), around.format(address))
    assert found(address, around.format(address.upper()))
    assert found(address, '{"a": "regel\\n' + address + '"}')  # a line break, as JSON writes it


@given(ADDRESSES, st.from_regex(r"[a-z0-9]", fullmatch=True))
def test_it_is_not_found_in_a_longer_one(address: str, more: str) -> None:
    for longer in (
        more + address,
        f"{more}.{address}",
        f"{more}+{address}",
        address + more,
        f"{address}.{more}",
    ):
        assert not found(address, f"van {longer} aan")
    assert found(address, f"van {more}{address} aan {address}.")  # though it stands beside one


@given(MOBILES)
def test_a_number_is_found_as_libphonenumber_and_people_write_it(value: str) -> None:
    number = phonenumbers.parse(value)
    ways = {phonenumbers.format_number(number, form) for form in range(4)}
    own = value.removeprefix("+316")
    ways |= {f"06-{own}", f"06 {own}", f"06{own}", f"00316{own}", f"0031 6 {own}", f"+31 (0)6 {own}"}
    ways |= {f"+31 6 {own[:4]} {own[4:]}", f"06-{own[:4]} {own[4:]}", f"06 {own[:3]} {own[3:6]} {own[6:]}"}
    ways |= {f"+31(0)6{own}", f"06 {own[:2]} {own[2:4]} {own[4:6]} {own[6:]}"}
    for way in ways:
        assert found(value, f"Bel {way}, na zes uur"), "a way to write it"
        assert not found(value, f"order 7{way.removeprefix('tel:').lstrip('+')}"), (
            "the tail of a longer number"
        )
        assert not found(value, f"{way}0"), "the head of a longer number"


@pytest.mark.parametrize(
    "way", ["NL91ABNA0417164300", "NL91 ABNA 0417 1643 00", "nl91abna0417164300", "(NL91ABNA0417164300)"]
)
def test_an_iban_is_found_compact_and_in_fours(way: str) -> None:
    assert iban.is_valid("NL91ABNA0417164300")
    assert found("NL91 ABNA 0417 1643 00", f"op {way}.")
    assert not found("NL91ABNA0417164300", "XNL91ABNA0417164300")
    assert not found("NL91ABNA0417164300", "NL91ABNA04171643001")


def test_only_what_is_the_persons_now_is_looked_for() -> None:
    now = Key("email", "jan@example.nl", "2024-01-01T00:00:00Z")
    once = Key("email", "piet@example.nl", None, "2024-01-01T00:00:00Z")
    keys = search_keys([now, once, Key("customer_id", "100001")], (), AT, "NL")
    assert {key.value for key in keys} == {"jan@example.nl", "jan%40example.nl"}
    assert {key.name for key in keys} == {"afschrift:email"}
