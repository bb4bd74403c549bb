from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.unit.bundle.bundle_example import LETTERS, Example
from tests.unit.bundle.bundle_tampering import files_of

from afschrift.bundle.description.coverage import coverage, coverage_document
from afschrift.bundle.description.redactions import grounds, redactions_document
from afschrift.bundle.page.words import PageWords
from afschrift.domain.right import Right


def statuses(example: Example) -> dict[str, tuple[str, int | None]]:
    return {f"{e.source}.{e.table}": (e.status.value, e.rows) for e in coverage(example.contents)}


def test_every_personal_table_has_a_status() -> None:
    assert statuses(Example(Right.PORTABILITY)) == {
        "shop.customer": ("rows", 1),
        "shop.orders": ("rows", 7),
        "shop.message": ("rows", 3),
        "shop.enrichment": ("withheld", None),
        "shop.wish": ("nothing_given", 0),
        "app.heart_rate": ("rows", 300),
    }


def test_a_planned_table_without_extract_failed() -> None:
    example = Example()
    failed = example.but(extracts=example.contents.extracts[:1])
    assert statuses(failed)["app.heart_rate"] == ("failed", None)


def test_a_table_that_no_plan_names_was_not_searched() -> None:
    example = Example()
    unplanned = example.planned(extracts=example.plan.extracts[:-1])
    assert statuses(unplanned)["app.heart_rate"] == ("not_searched", None)


def test_what_is_withheld_names_rule_and_reason() -> None:
    document = coverage_document(Example(Right.PORTABILITY).contents)
    enrichment = next(t for t in document["tables"] if t["table"] == "enrichment")
    assert enrichment["reasons"] == ["origin_third_party"]
    assert enrichment["rules"] == ["R18"]
    customer = next(t for t in document["tables"] if t["table"] == "customer")
    assert [c["column"] for c in customer["leftOut"]] == ["credit_score", "password_hash"]


def test_redactions_count_by_column_and_never_by_value() -> None:
    document = redactions_document(Example().contents)
    assert document["masked"] == [
        {
            "source": "shop",
            "table": "message",
            "column": "agent_name",
            "ground": "others_masked",
            "rules": ["R31"],
            "method": "token",
            "count": 2,
        }
    ]


@pytest.mark.parametrize(
    ("reason", "ground"),
    [
        ("others_masked", "Dit zijn gegevens van iemand anders. Daarom maakten wij ze onleesbaar."),
        ("person_decided", "Een medewerker besloot om dit onleesbaar te maken."),
    ],
)
def test_the_page_tells_the_ground_of_what_was_masked_with_its_number(reason: str, ground: str) -> None:
    example = Example()
    extracts = tuple(
        replace(e, fields=tuple(replace(f, reason=reason) if f.mask else f for f in e.fields))
        for e in example.plan.extracts
    )
    example.planned(extracts=extracts)
    (grounds_shown,) = grounds(example.contents, PageWords.load(LETTERS, "nl"))
    assert grounds_shown.text == ground
    assert grounds_shown.places == ("Naam medewerker in ‘Berichten’: 2 keer.",)
    page = files_of(example.zip())["index.html"].decode()
    assert ground in page
    assert grounds_shown.places[0] in page


def test_the_bundle_holds_both_documents() -> None:
    example = Example()
    files = files_of(example.zip())
    assert json.loads(files["data/coverage.json"]) == coverage_document(example.contents)
    assert json.loads(files["data/redactions.json"]) == redactions_document(example.contents)
