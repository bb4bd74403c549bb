"""What speaks against the name leaves a column open; what speaks for it makes it surer.

data/proposals.csv has columns by their name, type, table, comment, neighbours and samples, and what they are taken for:
`-` is nothing, an empty cell is not looked at, `!` in a flag is the contrary.
"""

from __future__ import annotations

import csv

import pytest
from tests.unit.datamap.scan.scanned import DATA, proposed

from afschrift.datamap.scan.proposal import TableRole

SAMPLES = {
    "": (),
    "emails": tuple(f"klant{n}@voorbeeld.nl" for n in range(10)),
    "numbers": tuple(str(1000 + n) for n in range(10)),
    "ibans": ("NL91ABNA0417164300", "DE89370400440532013000", "GB82WEST12345698765432") * 3,
    "bsns": ("111222333", "123456782", "999999990"),
    "sentences": tuple(f"Het pakket kwam {n} dagen te laat en was open." for n in range(10)),
    "answers": ("ja", "nee") * 10,
    "hashes": tuple(f"$2b$12$KIXQ0uS1lQ8XaZb{n}" for n in range(5)),
}
EMAILS = SAMPLES["emails"]


def rows() -> list[dict[str, str]]:
    with (DATA / "proposals.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: " ".join(filter(None, list(row.values())[:8])))
def test_what_a_column_is_taken_for(row: dict[str, str]) -> None:
    name, kind = row["name"], row["kind"]
    made = proposed(
        name,
        kind,
        *SAMPLES[row["samples"]],
        table=row["table"] or "customer",
        role=TableRole(row["role"] or "person"),
        comment=row["comment"],
        others=tuple(row["others"].split()),
        native=row["native"],
    )
    for word in ("origin", "category"):
        if row[word]:
            assert getattr(made, word) == (None if row[word] == "-" else row[word])
    assert row["says"] in made.reason
    for flag in row["flags"].split():
        word, _, value = flag.lstrip("!").partition("=")
        if word == "contradicted":
            assert proposed(name, kind).origin is not None, "the name alone says it"
        elif value:
            assert getattr(made, word) == value
        else:
            assert bool(getattr(made, word)) is not flag.startswith("!")


def test_values_and_a_comment_that_agree_make_it_surer() -> None:
    alone, few, many = (proposed("email", "text", *EMAILS[:n]).confidence for n in (0, 3, 10))
    assert alone < few < many < 1
    assert proposed("email", "text", *EMAILS[:7], *SAMPLES["numbers"][:3]).confidence < alone
    assert proposed("email", comment="e-mailadres van de klant").confidence > alone
