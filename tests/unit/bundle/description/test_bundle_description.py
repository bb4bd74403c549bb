from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.bundle.bundle_example import Example, cases, differing
from tests.unit.bundle.bundle_tampering import files_of

from afschrift.domain.extracted import Seen
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import Origin


def described(example: Example) -> dict[str, Any]:
    return json.loads(files_of(example.zip())["data/datapackage.json"])


def resource(example: Example, name: str) -> dict[str, Any]:
    return next(r for r in described(example)["resources"] if r["name"] == name)


def fields(example: Example, name: str) -> dict[str, dict[str, Any]]:
    return {f["name"]: f for f in resource(example, name)["schema"]["fields"]}


def test_every_packed_file_is_described_with_size_and_digest() -> None:
    example = Example()
    packed = {p.removeprefix("data/") for p in files_of(example.zip()) if p.startswith("data/")}
    assert {r["path"] for r in described(example)["resources"]} == packed - {"datapackage.json"}


@pytest.mark.parametrize("case", cases("descriptions.yml"), ids=lambda case: case["case"])
def test_what_the_description_says(case: dict[str, Any]) -> None:
    example = Example(Right(case.get("right", "access")), case.get("language", "nl"), rows=case.get("rows"))
    found = resource(example, case["resource"]) if "resource" in case else described(example)
    assert differing(found, case.get("expected", {})) == []
    if "fields" in case:
        assert differing({f["name"]: f for f in found["schema"]["fields"]}, case["fields"]) == []


def test_a_table_without_rows_has_no_file() -> None:
    assert not any("wish" in path for path in files_of(Example().zip()))


def test_a_join_to_a_table_that_was_thinned_by_row_is_no_constraint() -> None:
    thinned = Example().plan_of("customer", row_rule={"column": "kind", "included": ["a"]})
    schema = resource(thinned, "shop.orders.csv")["schema"]
    assert "foreignKeys" not in schema
    assert schema["afschrift:relations"][0]["fields"] == ["customer_id"]


def test_origins_by_row_are_all_named() -> None:
    example = Example()
    by_row = [
        replace(f, origin=None, origins=(Origin.PROVIDED, Origin.ASSIGNED)) if f.name == "bio" else f
        for f in example.plan.extracts[0].fields
    ]
    bio = fields(example.plan_of("customer", fields=tuple(by_row)), "shop.customer.csv")["bio"]
    assert bio["afschrift:origin"] == ["provided", "assigned"]


def seen(example: Example, table: str, what: Seen, **references: bool) -> Example:
    """The example, with what was observed of one of its tables."""
    read = example.read(table, seen=what).contents.extracts
    return example.but(extracts=tuple(replace(extract, references=references) for extract in read))


def test_constraints_are_those_that_the_rows_satisfy() -> None:
    orders = fields(seen(Example(), "orders", Seen(codes={"status": ("R", "S")})), "shop.orders.csv")
    assert orders["order_id"]["constraints"] == {"required": True, "unique": True}
    assert orders["status"]["constraints"] == {"enum": ["S", "R"]}
    assert "constraints" not in orders["total"]


def test_a_code_without_meaning_makes_no_categories() -> None:
    unknown = seen(Example(), "orders", Seen(codes={"status": ("R", "X")}))
    status = fields(unknown, "shop.orders.csv")["status"]
    assert not {"categories", "constraints"} & status.keys()
    assert status["afschrift:codes"]["R"] == {"nl": "teruggestuurd", "en": "returned"}


@pytest.mark.parametrize("what", [Seen(key_unique=False), Seen(nulls={"order_id": 1})])
def test_a_key_that_the_rows_break_is_no_constraint(what: Seen) -> None:
    schema = resource(seen(Example(), "orders", what), "shop.orders.csv")["schema"]
    assert "primaryKey" not in schema
    assert not any("unique" in f.get("constraints", {}) for f in schema["fields"])


def test_a_reference_that_was_seen_to_fail_has_its_reason() -> None:
    relation = {"orders(customer_id)->customer(customer_id)": False}
    schema = resource(seen(Example(), "orders", Seen(), **relation), "shop.orders.csv")["schema"]
    assert "foreignKeys" not in schema
    assert schema["afschrift:relations"] == [
        {
            "fields": ["customer_id"],
            "reference": {"resource": "shop.customer.csv", "fields": ["customer_id"]},
            "reason": "rows_not_included",
        }
    ]


def test_each_resource_tells_its_source_and_when_it_was_read() -> None:
    example = Example(language="en")
    seal = replace(example.contents.seal, snapshots={"shop": "2026-06-30T22:16:00Z"})
    orders = resource(example.but(seal=seal), "shop.orders.csv")
    assert orders["sources"] == [{"title": "Web shop"}]
    assert orders["afschrift:snapshot"] == "2026-06-30T22:16:00Z"
