"""What a scan drafts to explain a column: title, codes, meaning, unit."""

from typing import Any

import pytest

from afschrift.datamap.scan.explained import explained, rule_of
from afschrift.inventory.titles import draft_title

UUID = "0bd05d7d-674a-6381-8a15-21af74ab2f23"
TITLES = ["nl", "en"]


def drafted(name: str, *values: str, alone: bool = True, others: tuple[str, ...] = ()) -> dict[str, Any]:
    title = draft_title(name, "", TITLES)
    found = explained(title, rule_of(name, values, others), alone=alone)
    return {word: text for word, text in found.items() if word != "title"}


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("GENDER", ["M", "F"], {"codes": "woman"}),
        ("GENDER", ["M", "?"], {}),
        ("GENDER", [], {}),
        ("marital", ["S", "M"], {"codes": "single"}),
        ("is_active", ["0", "1"], {"codes": "yes"}),
        ("status", ["0", "1"], {}),
        ("status", ["Y", "N"], {"codes": "no"}),
        ("discount", ["0", "0.15"], {"meaning": "percent"}),
        ("discount", ["15"], {}),
        ("ENCOUNTER", [UUID], {"meaning": "There is no entry with more about it."}),
        ("ENCOUNTER", [UUID, "1"], {}),
    ],
)
def test_values_of_a_known_form_are_explained(name: str, values: list[str], found: dict[str, str]) -> None:
    made = drafted(name, *values)
    assert made.keys() == found.keys()
    assert all(text in str(made[word]) for word, text in found.items())


def test_pointer_has_no_meaning_of_its_own() -> None:
    assert drafted("ENCOUNTER", UUID, alone=False) == {}


@pytest.mark.parametrize(
    ("name", "value", "others", "found"),
    [
        ("unit_price", "9.99", ["unit_price", "currency"], {"unit_from": "currency"}),
        ("servicekosten", "40", ["valuta_code"], {"unit_from": "valuta_code"}),
        ("unit_price", "9.99", ["unit_price", "country"], {}),
        ("unit_price", "free", ["currency"], {}),
        ("quantity", "3", ["currency"], {"unit": "{pieces}"}),
        ("quantity", "2.5", ["currency"], {}),
    ],
)
def test_currency_of_an_amount_is_that_of_its_table_or_left_open(
    name: str, value: str, others: list[str], found: dict[str, str]
) -> None:
    assert drafted(name, value, others=tuple(others)) == found


def test_nothing_is_explained_without_a_title_in_all_languages() -> None:
    rule = rule_of("gender", ["M"], ())
    assert explained({}, rule, alone=True) == {}
    assert explained({"en": "Gender"}, rule, alone=True)["codes"]["F"] == {"en": "woman"}
