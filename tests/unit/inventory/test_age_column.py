"""The age column, and the age from which a person asks alone: faults have their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed import mini
from tests.support.family import SHOP

from afschrift.inventory.document import InventoryError
from afschrift.inventory.law_files import age_of_consent
from afschrift.inventory.load import load

AGES = Path(__file__).parents[3] / "include" / "law" / "ages.yml"


@pytest.mark.parametrize(("country", "age"), [("NL", 16), ("nl", 16), ("DE-BY", 16), ("XX", 16)])
def test_the_age_by_country_with_its_source(country: str, age: int) -> None:
    found = age_of_consent(AGES, country)
    assert found.age == age
    assert ("art. 5" in found.source) == (country.upper() == "NL")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("countries: {}", "`default` is missing"),
        ("default: {age: 6, source: x}", "ages.yml:1"),
        ("default: {age: 16}", "`source` is missing"),
        ("default: {age: 16, source: x}\ncountries: {Nederland: {age: 16, source: x}}", "ages.yml:2"),
    ],
)
def test_a_fault_has_its_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "ages.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        age_of_consent(file, "NL")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("birth_date: shop.customer.born", ""),
        ("age: shop.customer.born", ""),
        ("birth_date: shop.customer.dob", "no source has this column"),
        ("birth_date: customer.born", "no source has this column"),
        ("birth_date: moon.customer.born", "no source has this column"),
        ("birth_date: shop.orders.ordered_at", "needs a `subject`"),
        ("birth_date: shop.customer.born\nage: shop.customer.score", "keep `birth_date`"),
    ],
)
def test_the_column_must_be_one_that_knows_the_person(tmp_path: Path, line: str, words: str) -> None:
    mini.write_inventory(tmp_path, SHOP)
    (tmp_path / "identity.yml").write_text(f"{mini.IDENTITY}{line}\n", encoding="utf-8")
    if not words:
        assert load(tmp_path).identity.age_column == "shop.customer.born"
        return
    with pytest.raises(InventoryError, match=r"identity\.yml") as caught:
        load(tmp_path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "line",
    ["hand_over: {access: desk}", "channels: {email: {published_on: soon}}", "channels: [email]"],
)
def test_desks_and_channels_are_held_against_their_form(tmp_path: Path, line: str) -> None:
    mini.write_inventory(tmp_path)
    (tmp_path / "controller.yml").write_text(f"{mini.CONTROLLER}{line}\n", encoding="utf-8")
    with pytest.raises(InventoryError, match=r"controller\.yml"):
        load(tmp_path)
