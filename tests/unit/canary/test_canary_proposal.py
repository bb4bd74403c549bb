"""What is proposed fits its column, can be recognised, and hangs together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.support.canary_shop import MARK, CanaryShop, canary_shop

from afschrift.canary.made_values import Place, made, own_type
from afschrift.canary.proposed_files import literal
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.column import Column
from afschrift.sources.duckdb.dialect import DuckDialect


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryShop]:
    with canary_shop(tmp_path_factory.mktemp("proposed")) as made_shop:
        yield made_shop


def value(native: str, kind: ValueKind | None, declared: Column | None = None, number: int = 7) -> str | None:
    return made([Place("c", ColumnType(native, kind, "{column}"), declared)], MARK, number)


@given(st.integers(1, 80), st.integers(1, 999))
def test_a_text_is_no_longer_than_its_column(length: int, number: int) -> None:
    found = value(f"character varying({length})", ValueKind.TEXT, number=number)
    assert found is not None
    assert len(found) <= length
    assert found.endswith(f"{number:03d}"[-length:]), "two values of a column differ where there is room"
    assert length < len(MARK.text) + 3 or MARK.text in found


@given(st.integers(1, 38), st.integers(0, 37), st.integers(1, 999))
def test_a_number_has_no_more_digits_than_its_column(precision: int, scale: int, number: int) -> None:
    scale = min(scale, precision)
    found = value(f"NUMERIC({precision},{scale})", ValueKind.DECIMAL, number=number)
    assert found is not None
    whole, _, part = found.partition(".")
    assert len(whole.lstrip("0")) <= precision - scale
    assert len(part) == scale


@pytest.mark.parametrize(
    ("native", "kind", "most"),
    [
        ("tinyint", ValueKind.INTEGER, 127),
        ("int2", ValueKind.INTEGER, 32767),
        ("INTEGER", ValueKind.INTEGER, 2**31),
    ],
)
@pytest.mark.parametrize("number", [1, 500, 999])
def test_an_integer_fits(native: str, kind: ValueKind, most: int, number: int) -> None:
    assert 0 < int(value(native, kind, number=number) or "") < most


def test_what_the_map_or_the_type_lists_is_taken() -> None:
    codes = Column.model_validate({"origin": "assigned", "codes": {"A": {"nl": "a"}, "B": {"nl": "b"}}})
    assert value("text", ValueKind.TEXT, codes) == "A"
    assert value("ENUM('home', 'work')", ValueKind.TEXT) == "home"
    assert value("STRUCT(a INTEGER)", ValueKind.JSON) is None, "no value is made; NULL is planted"
    assert value("int8range", None) is None


def test_a_column_that_one_value_stands_in_takes_what_fits_all_of_them() -> None:
    text, number = ColumnType("varchar(20)", ValueKind.TEXT, ""), ColumnType("int4", ValueKind.INTEGER, "")
    assert made([Place("a", text, None), Place("b", number, None)], MARK, 5) == str(MARK.number + 5)


def test_a_type_of_the_owner_s_own_is_left_to_a_person() -> None:
    assert own_type(ColumnType("level", ValueKind.TEXT, ""))
    assert not own_type(ColumnType("character varying", ValueKind.TEXT, ""))


def test_a_literal_says_what_the_bundle_will_have() -> None:
    dialect = DuckDialect()
    assert literal("O'Hara", ValueKind.TEXT, dialect) == "'O''Hara'"
    assert literal("true", ValueKind.BOOLEAN, dialect) == "TRUE"
    assert literal("2024-03-05T07:39:18Z", ValueKind.INSTANT, dialect) == "'2024-03-05 07:39:18+00:00'"


def test_parents_come_before_their_children_and_keys_agree(shop: CanaryShop) -> None:
    planted = YAML(typ="safe").load(shop.proposed)["planted"]
    rows = {one["table"]: one["row"] for one in planted}
    order = [one["table"] for one in planted]
    assert order.index("shop.orders") < order.index("shop.line") < order.index("shop.line_note")
    assert (
        rows["shop.line_note"]["order_id"] == rows["shop.line"]["order_id"] == rows["shop.orders"]["order_id"]
    )
    assert rows["shop.customer_email"]["email"] == rows["shop.newsletter"]["email"]
    assert rows["shop.newsletter"]["email"].endswith("@example.org")


def test_every_origin_by_row_and_every_consent_has_its_row(shop: CanaryShop) -> None:
    planted = YAML(typ="safe").load(shop.proposed)["planted"]
    messages = [one for one in planted if one["table"] == "shop.ticket_message"]
    assert [one["row"]["author_type"] for one in messages] == ["customer", "agent", "bot"]
    assert [one.get("kept_back", {}).get("portability") for one in messages] == [
        ["author_type"],
        "all",
        "all",
    ]
    assert len({one["row"]["body"] for one in messages}) == 3
    [consent] = [one["row"] for one in planted if one["table"] == "shop.consent"]
    assert consent["purpose"] == "coaching"
    assert "withdrawn_at" not in consent


def test_nothing_personal_is_read_for_it(shop: CanaryShop) -> None:
    """Names, addresses and hashes of those who are there stand in no proposal."""
    for real in ("ann@example.org", "Ann", "'h1'", "d1'"):
        assert real not in shop.proposed
        assert real not in shop.sql
