"""An identifier is found in each spelling, and not within a longer one of another person."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban

from afschrift.datamap.check.contents_check import WORDS
from afschrift.domain.keys import Key
from afschrift.domain.redaction import PointerKind
from afschrift.selection.identifiers import EDGES, GAPS, SIGNS, kind_of, search_keys, spellings, whole

AT = "2026-01-01T00:00:00.000000Z"
LOCAL = st.from_regex(r"[a-z][a-z0-9+._-]{0,12}[a-z0-9]", fullmatch=True)
ADDRESSES = st.builds(lambda a, b: f"{a}@{b}.example.nl", LOCAL, st.from_regex(r"[a-z]{1,8}", fullmatch=True))
MOBILES = st.integers(min_value=10_000_000, max_value=59_999_999).map(lambda n: f"+316{n}")


def found(value: str, text: str) -> bool:
    """As a warehouse searches: lower case, a spelling, and what precedes and follows it."""
    kind = kind_of(value, "NL")
    assert kind is not None
    bare = "".join(sign for sign in text.lower() if sign not in GAPS.get(kind, ""))
    ways = spellings(kind, value, "NL")
    holds = any(re.search(whole(kind, way), text.lower()) for way in ways)
    assert not holds or any(way in bare for way in ways), "what may hold it is looked at"
    return holds


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
def test_kind_of_a_key_follows_from_its_value(value: str, kind: PointerKind | None) -> None:
    assert kind_of(value, "NL") is kind


AROUND = st.sampled_from(["{}", "mail <{}>", "({}).", "to:{};", "Van {}, vandaag", "{}\n", "'{}'", "/{}?"])


@given(ADDRESSES, AROUND)
def test_an_address_is_found_in_any_case_and_amid_any_signs(address: str, around: str) -> None:
    assert found(address, around.format(address))
    assert found(address.upper(), around.format(address))
    assert found(address, around.format(address.upper()))
    assert found(address, '{"a": "regel\\n' + address + '"}')  # a line break, as JSON writes it


@given(ADDRESSES, st.from_regex(r"[a-z0-9]", fullmatch=True))
def test_it_is_not_found_in_a_longer_one(address: str, more: str) -> None:
    before, behind = (more, f"{more}.", f"{more}+"), (more, f".{more}")
    for longer in (*(f"{part}{address}" for part in before), *(f"{address}{part}" for part in behind)):
        assert not found(address, f"van {longer} aan")
    assert found(address, f"van {more}{address} aan {address}.")  # though it is next to one


@given(MOBILES)
def test_a_number_is_found_as_libphonenumber_and_people_write_it(value: str) -> None:
    number = phonenumbers.parse(value)
    ways = {phonenumbers.format_number(number, form) for form in range(4)}
    own = value.removeprefix("+316")
    ways |= {f"06-{own}", f"06 {own}", f"06{own}", f"00316{own}", f"0031 6 {own}", f"+31 (0)6 {own}"}
    ways |= {f"+31(0)6{own}", f"06 {own[:2]} {own[2:4]} {own[4:6]} {own[6:]}"}
    for way in ways:
        assert found(value, f"Bel {way}, na zes uur"), "a way to write it"
        assert not found(value, f"{way}0"), "the head of a longer number"
    for digits in (f"06{own}", f"316{own}", f"00316{own}", f"6{own}"):
        assert not found(value, f"order 7{digits}"), "the tail of a longer number"


@pytest.mark.parametrize(
    "way",
    [
        *(
            "06-12 34 56 78",
            "06-12-34-56-78",
            "06.12.34.56.78",
            "06 1234 5678",
            "06-123 456 78",
            "0612 345 678",
        ),
        *("061 234 5678", "(06) 12345678", "06 - 12345678", "06/12345678", "+31 6-12345678", "+316 12345678"),
        *("+31 (0) 6 12345678", "+31(0)6-12345678", "00316 12345678", "0031-6-12345678", "00 31 6 12345678"),
        *("612345678", "tel:+31612345678", "5 06 12345678 9", '{"tel": "06-12345678"}'),
    ],
)
def test_a_number_is_found_with_gaps_wherever_people_leave_them(way: str) -> None:
    assert found("+31612345678", way)
    assert found("+31612345678", f"Bel {way}.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("jan@example.nl", r'{"from": "Jan \u003cjan@example.nl\u003e"}'),
        ("jan@example.nl", "?next=%2Flogin%3Femail%3Djan%40example.nl"),
        ("jan@example.nl", "mailto%3Ajan@example.nl"),
        ("jan+shop@example.nl", "?e=jan+shop%40example.nl"),
        ("jan+shop@example.nl", "?e=jan%2Bshop@example.nl"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("jörg@bücher.example", r'{"e": "j\u00f6rg@b\u00fccher.example"}'),
        ("o'brien@example.nl", "<p>o&#x27;brien@example.nl</p>"),
    ],
)
def test_an_address_is_found_as_programs_write_it(value: str, text: str) -> None:
    assert found(value, text)


@pytest.mark.parametrize(
    "way",
    [
        *("NL91ABNA0417164300", "NL91 ABNA 0417 1643 00", "nl91abna0417164300", "(NL91ABNA0417164300)"),
        *("NL 91 ABNA 0417164300", "NL91 ABNA 04 17 16 43 00", "NL91 ABNA 0417.16.43.00"),
        *("NL91  ABNA  0417  1643  00", "NL91-ABNA-0417-1643-00"),
    ],
)
def test_an_iban_is_found_compact_and_in_fours(way: str) -> None:
    assert iban.is_valid("NL91ABNA0417164300")
    assert found("NL91 ABNA 0417 1643 00", f"op {way}.")
    assert not found("NL91ABNA0417164300", "XNL91ABNA0417164300")
    assert not found("NL91ABNA0417164300", "NL91ABNA04171643001")


def test_only_current_identifiers_are_searched_for() -> None:
    now = Key("email", "jan@example.nl", "2024-01-01T00:00:00Z")
    once = Key("email", "piet@example.nl", None, "2024-01-01T00:00:00Z")
    keys = search_keys([now, once, Key("customer_id", "100001")], (), AT, "NL")
    spelt = {key.value for key in keys if key.name == "afschrift:email"}
    assert spelt == {"jan@example.nl", "jan%40example.nl"}
    assert {key.name for key in keys} == {"afschrift:email", "afschrift:email:whole"}


def test_each_kind_of_identifier_is_searched_and_checked_or_left_out_by_name() -> None:
    assert EDGES.keys() == SIGNS.keys() >= GAPS.keys()
    assert set(PointerKind) - EDGES.keys() == {PointerKind.BSN, PointerKind.NAME}
    assert set(PointerKind) - WORDS.keys() == {PointerKind.NAME}
