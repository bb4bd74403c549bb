"""Whose tables these are: people, what is theirs, what that points to; and never back from there.

data/findings.yml has databases, and what is found in them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.scanned import found, ways

from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.ways.name_parts import pointed_to, singulars
from afschrift.domain.errors import ConfigurationError

DATA = yaml.safe_load(Path(__file__).with_name("data").joinpath("findings.yml").read_text(encoding="utf-8"))
FOUND = {
    "roots": lambda findings: list(findings.roots),
    "roles": lambda findings: {name: place.role.value for name, place in findings.places.items()},
    "whose": lambda findings: {name: place.whose for name, place in findings.places.items()},
    "ways": lambda findings: {name: sorted(texts) for name, texts in ways(findings).items()},
    "all_ways": ways,
    "others": lambda findings: {n: [edge.text for edge in p.others] for n, p in findings.places.items()},
    "guesses": lambda findings: {n: [way.guess for way in p.ways] for n, p in findings.places.items()},
    "copies": lambda findings: findings.copies,
    "guessed_keys": lambda findings: findings.guessed_keys,
    "polymorphic": lambda findings: [[p.table, p.type_column, p.id_column] for p in findings.polymorphic],
    "names": lambda findings: {name: list(people.names) for name, people in findings.people.items()},
    "keys": lambda findings: {name: people.key for name, people in findings.people.items()},
}
OF_NAMED_TABLES = {"roles", "whose", "ways", "others", "guesses", "names", "keys"}


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["case"])
def test_what_a_scan_finds(tmp_path: Path, case: dict[str, Any]) -> None:
    persons = [(table, column) for table, column in case.get("persons", ())]
    findings: Findings = found(tmp_path / "w.db", case["tables"], persons, values=case.get("values", True))
    for what, expected in case.items():
        if what in FOUND:
            result = FOUND[what](findings)
            if what in OF_NAMED_TABLES:
                result = {name: result.get(name) for name in expected}
            assert result == expected, (what, case.get("why"))


@pytest.mark.parametrize(
    ("person", "words"),
    [
        (("absent", None), "no table absent"),
        (("client", "number"), "no column number"),
        (("basket_line", None), r"no single column.*--person basket_line:COLUMN"),
    ],
)
def test_unknown_person_table_is_refused(tmp_path: Path, person: tuple[str, str | None], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        found(tmp_path / "w.db", DATA["shop"], [person])


def test_plurals_and_pointers() -> None:
    plurals = {"facturen": "factuur", "Cities": "city", "leden": "lid"}
    assert all(singular in singulars(plural) for plural, singular in plurals.items())
    pointers = {
        "CustomerID": "customer",
        "klantnummer": "klant",
        "fk_customer_id": "customer",
        "id": None,
        "paid": None,
    }
    assert {name: pointed_to(name) for name in pointers} == pointers
