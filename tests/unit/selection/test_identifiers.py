"""An identifier is found in each spelling, and not within a longer one of another person."""

import re
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from testbed.mini import write_inventory
from tests.support.data import lines

from afschrift.datamap.check.contents_check import WORDS
from afschrift.domain.keys import Key
from afschrift.domain.plain_text import plain
from afschrift.domain.redaction import PointerKind
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.selection.column_searches import SearchMaker
from afschrift.selection.held_keys import HeldKeys, alike
from afschrift.selection.identifiers import (
    EDGES,
    GAPS,
    SIGNS,
    TOO_MANY,
    UUID_NAME,
    Sought,
    coded,
    decoded,
    kind_of,
    search_keys,
    sought_as,
    spelled_kind,
    spellings,
    whole,
)
from afschrift.selection.key_names import says
from afschrift.sources.sqlite.dialect import SqliteDialect

AT = "2026-01-01T00:00:00.000000Z"
LOCAL = st.from_regex(r"[a-z][a-z0-9+._-]{0,12}[a-z0-9]", fullmatch=True)
ADDRESSES = st.builds(lambda a, b: f"{a}@{b}.example.nl", LOCAL, st.from_regex(r"[a-z]{1,8}", fullmatch=True))
MOBILES = st.integers(min_value=10_000_000, max_value=59_999_999).map(lambda n: f"+316{n}")


def found(value: str, text: str) -> bool:
    """As a warehouse searches: lower case, a spelling, and what precedes and follows it."""
    kind = kind_of(value, "NL")
    assert kind is not None
    signed, text = re.search(SIGNS[kind], text), plain_form(kind, text)
    bare = "".join(sign for sign in text if sign not in GAPS.get(kind, ""))
    ways = spellings(kind, value, "NL")
    holds = any(re.search(whole(kind, way), text) for way in ways)
    assert signed or not holds, "a first scan sees it"
    assert not holds or any(way in bare for way in ways), "what may hold it is looked at"
    return holds


def plain_form(kind: str, text: str) -> str:
    """A text as a warehouse compares it."""
    if not re.search(coded(kind), text):
        return text.lower()
    text = plain(text)
    for pattern, by in decoded(kind):
        text = re.sub(pattern, by, text)
    return text


@pytest.mark.parametrize("row", lines(__file__, "spellings.csv"), ids=lambda row: row["text"] or row["value"])
def test_kind_and_spellings_of_a_key_follow_from_its_value(row: dict[str, str]) -> None:
    """With gaps wherever people leave them, and as programs write it."""
    assert kind_of(row["value"], "NL") == (PointerKind(row["kind"]) if row["kind"] else None)
    if row["text"]:
        assert found(row["value"], row["text"]) is (row["found"] == "yes")
        assert found(row["value"], f"Bel {row['text']}.") is (row["found"] == "yes")


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


def test_former_identifiers_are_searched_for_under_another_name(tmp_path: Path) -> None:
    now = Key("email", "jan@example.nl", "2024-01-01T00:00:00Z")
    once = Key("email", "piet@example.nl", None, "2024-01-01T00:00:00Z")
    inventory = load(write_inventory(tmp_path))
    keys = search_keys([now, once, Key("customer_id", "100001")], (), AT, inventory)
    spelt = {(key.name, key.value) for key in keys if spelled_kind(key.name)}
    assert spelt == {
        ("afschrift:email", "jan@example.nl"),
        ("afschrift:email", "jan%40example.nl"),
        ("afschrift:former:email", "piet@example.nl"),
        ("afschrift:former:email", "piet%40example.nl"),
        ("afschrift:named:customer_id", "100001"),
    }
    assert TOO_MANY not in {key.name for key in keys}


def test_spellings_beyond_the_limit_are_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afschrift.selection.identifiers.MOST_ROWS", 2)
    keys = search_keys([Key("email", "jan@example.nl")], (), AT, load(write_inventory(tmp_path)))
    assert (len(keys), keys[-1]) == (3, Key(TOO_MANY, "1"))


@pytest.mark.parametrize(
    ("value", "is_uuid"), [("{0E984725-C51C-4BF4-9960-E1C80E27ABA0}", True), ("K-12-8", False)]
)
def test_a_uuid_is_searched_for_in_columns_of_that_type(tmp_path: Path, value: str, is_uuid: bool) -> None:
    keys = search_keys([], [value], AT, load(write_inventory(tmp_path)))
    held = [key.value for key in keys if key.name == UUID_NAME]
    assert held == (["0e984725-c51c-4bf4-9960-e1c80e27aba0"] if is_uuid else [])


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ("customer", True),
        ("customer_id", True),
        ("customer_name", False),
        ("id", False),
        ("order_customer", True),
    ],
)
def test_a_column_is_named_after_a_person_by_its_last_word(column: str, names: bool) -> None:
    assert says(column, frozenset({"customer"})) is names


class NoExpressions(SqliteDialect):
    """A database without regular expressions, as `AlchemyDialect` reads many."""

    def matches(self, text: str, pattern: str) -> str | None:  # type: ignore[override]
        return None


def test_without_regular_expressions_only_names_of_keys_are_not_searched_for() -> None:
    names = ["afschrift:email"]
    [search] = SearchMaker(NoExpressions()).text("body", Sought.EMAIL, 0, names, {})
    assert (search.sign, search.does) == ("", search.may)
    named = {"customer_id": frozenset({"customer"})}
    assert not list(
        SearchMaker(NoExpressions()).text("body", Sought.NAMED, 0, ["afschrift:named:customer_id"], named)
    )


def test_a_number_that_was_the_persons_before_is_counted_apart() -> None:
    names = ["afschrift:number", "afschrift:former:number"]
    column = ColumnType("INTEGER", ValueKind.INTEGER, "{column}")
    [search] = SearchMaker(SqliteDialect()).number("no", column, names, Sought.NUMBER)
    assert ("former" in search.does, "former" in search.now) == (True, False)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("1042", "named"),
        ("K-12", "named"),
        ("100200300", "number"),
        ("NL91ABNA0417164300", "iban number"),
        ("janjansen42", "code"),
        ("6F9619FF8B86D011B42D00C04FC964FF", "code"),
        ("jan_oud", "named"),
        ("janjansen", ""),  # may be a word
        ("Jan Jansen 42", ""),
        ("203.0.113.77", ""),
        ("1980-02-03", ""),
    ],
)
def test_kinds_as_which_a_key_is_searched_for(value: str, kinds: str) -> None:
    assert [kind.value for kind, _ in sought_as(value, "NL")] == kinds.split()


def test_each_kind_of_identifier_is_searched_or_left_out_by_name() -> None:
    assert EDGES.keys() - {Sought.NAMED} == SIGNS.keys() >= GAPS.keys()
    assert set(PointerKind) - EDGES.keys() == {PointerKind.BSN, PointerKind.NAME}
    assert set(PointerKind) - WORDS.keys() == {PointerKind.NAME}


LONG = "123456789012345678901234567890"


def held(*values: str) -> HeldKeys:
    return HeldKeys([Key("id", value) for value in values], [("id", None)])


@pytest.mark.parametrize(
    ("key", "row", "theirs"),
    [
        ("7", "7.00", True),
        ("7", "007", True),
        ("7", "8", False),
        (LONG, LONG[:-1] + "1", False),
        (LONG, f"{LONG}.0", True),
        ("5312e84701936240", "5312e84701936240", True),  # looks like a number beyond all numbers
        ("1e9999999", "2e9999999", False),
    ],
)
def test_key_in_a_row_is_compared_with_the_persons(key: str, row: str, theirs: bool) -> None:
    assert held(key)(row) is theirs


def test_keys_that_only_look_alike_are_read_alone() -> None:
    assert not alike([Key("id", "5312e84701936240"), Key("id", "5312e84701936241")])
    assert alike([Key("id", "1"), Key("id", "01")])

    assert alike([Key("id", "t\u00e9l 123")])
    assert not alike([Key("id", "t\u00e9l"), Key("id", "tel 123")])
